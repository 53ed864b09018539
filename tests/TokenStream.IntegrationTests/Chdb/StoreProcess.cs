using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using TokenStream.Chdb.Http;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>The embedded store as people run it, <c>tokenstream clickhouse</c>, on a free port, with an HTTP client for each kind of caller.</summary>
internal sealed class StoreProcess : IAsyncDisposable
{
    private StoreProcess(ChildProcess process, string directory, Uri address)
    {
        Process = process;
        Address = address;
        OwnerSecret = OwnerCredential.ReadOrCreate(directory);
        Reader = new HttpClient { BaseAddress = address, Timeout = ChildProcess.Patience };
        Owner = new HttpClient { BaseAddress = address, Timeout = ChildProcess.Patience };
        var credential = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ChdbServerOptions.OwnerUser}:{OwnerSecret}"));
        Owner.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credential);
    }

    internal ChildProcess Process { get; }

    internal Uri Address { get; }

    internal string OwnerSecret { get; }

    /// <summary>Asks without credentials.</summary>
    internal HttpClient Reader { get; }

    /// <summary>Asks as the user that may write.</summary>
    internal HttpClient Owner { get; }

    internal static async Task<StoreProcess> StartAsync(string directory, params string[] more)
    {
        var process = Launch(directory, "127.0.0.1:0", more);
        var line = await process.LineAsync("The store answers on ");
        var address = line.Split("answers on ")[1].Split(':', 3);
        return new StoreProcess(process, directory, new Uri($"http://{address[0]}:{address[1]}"));
    }

    internal static ChildProcess Launch(string directory, string listen, params string[] more) => ChildProcess.Start(
        "dotnet", [TestPaths.Service, "clickhouse", "--data", directory, "--listen", listen, .. more]);

    /// <summary>An answer's text; fails the test where the answer is an error.</summary>
    internal static async Task<string> TextAsync(HttpClient client, string sql, string query = "")
    {
        var (status, text) = await AskAsync(client, sql, query);
        Assert.True(status == 200, $"{sql}\n{status} {text}");
        return text;
    }

    /// <summary>An answer's status and text, whatever they are.</summary>
    internal static async Task<(int Status, string Text)> AskAsync(HttpClient client, string sql, string query = "")
    {
        using var body = new StringContent(sql);
        using var answer = await client.PostAsync(new Uri($"/?{query}", UriKind.Relative), body);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Asks it to end and waits until it has.</summary>
    internal async Task<int> StopAsync()
    {
        Process.Signal(PosixSignal.SIGTERM);
        return await Process.ExitAsync(ChildProcess.Patience);
    }

    public async ValueTask DisposeAsync()
    {
        Reader.Dispose();
        Owner.Dispose();
        await Process.DisposeAsync();
    }
}
