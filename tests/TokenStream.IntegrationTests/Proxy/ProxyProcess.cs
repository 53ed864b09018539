using System.Runtime.InteropServices;

namespace TokenStream.IntegrationTests.Proxy;

/// <summary><c>tokenstream proxy</c> as people run it, on a port of its own.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private ProxyProcess(ChildProcess process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public string Output => _process.Output;

    public static async Task<ProxyProcess> StartAsync(params string[] arguments)
    {
        var process = ChildProcess.Start("dotnet", [TestPaths.Service, "proxy", "--listen", "127.0.0.1:0", .. arguments]);
        return new ProxyProcess(process, (await process.LineAsync("ready ")).Split(' ')[1]);
    }

    /// <summary>Asks it to stop, and gives its exit code.</summary>
    public async Task<int> StopAsync()
    {
        _process.Signal(PosixSignal.SIGTERM);
        return await _process.ExitAsync(ChildProcess.Patience);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
