using System.Globalization;
using System.Runtime.InteropServices;

namespace TokenStream.IntegrationTests.Broker;

/// <summary>The embedded log in a process of its own, on a free port, in a folder that outlives it.</summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private BrokerProcess(ChildProcess process, string address)
    {
        Process = process;
        Address = address;
    }

    internal ChildProcess Process { get; }

    /// <summary>For clients' <c>bootstrap.servers</c>.</summary>
    internal string Address { get; }

    /// <param name="address">A former address to listen on again; a free port by default.</param>
    internal static async Task<BrokerProcess> StartAsync(string directory, string address = "127.0.0.1:0", int maxConnections = 1_000)
    {
        string host = Path.Combine(AppContext.BaseDirectory, "TokenStream.BrokerHost.dll");
        ChildProcess process = ChildProcess.Start(
            "dotnet", [host, directory, address, maxConnections.ToString(CultureInfo.InvariantCulture)]);
        string line = await process.LineAsync("ready ");
        return new BrokerProcess(process, line.Split(' ')[1]);
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    internal Task KillAsync() => Process.KillAsync();

    /// <summary>Asks it to drain and end; its exit code.</summary>
    internal Task<int> StopAsync()
    {
        Process.Signal(PosixSignal.SIGTERM);
        return Process.ExitAsync(ChildProcess.Patience);
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
