using System.Globalization;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Connect;

/// <summary>What stands in the pages, and where it is here.</summary>
internal sealed class PageAddresses(NodeProcess node, FakeProvider provider)
{
    internal string Agent { get; } = $"127.0.0.1:{NodeProcess.FreePort()}";

    internal string Proxy { get; } = $"127.0.0.1:{NodeProcess.FreePort()}";

    internal string Kafka => node.Kafka;

    internal string Here(string script) => script
        .Replace("127.0.0.1:8080", $"127.0.0.1:{node.HttpPort.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal)
        .Replace("127.0.0.1:8123", $"127.0.0.1:{node.ClickHousePort.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal)
        .Replace("127.0.0.1:7070", Agent, StringComparison.Ordinal)
        .Replace("127.0.0.1:8090", Proxy, StringComparison.Ordinal)
        .Replace("https://api.openai.com", provider.Url, StringComparison.Ordinal);
}

/// <summary>A shell in a folder that looks like a checkout whose node runs.</summary>
internal sealed class PageShell
{
    /// <summary>Commands that reach the node through Kafka or ClickHouse: at other ports than a reader's, so they are told.</summary>
    private const string Reaching = "connect|commands|kill|throttle|allow|release|inspect|deadletter";

    private readonly string _folder;
    private readonly PageAddresses _addresses;

    internal PageShell(string folder, string config, string data, PageAddresses addresses)
    {
        (_folder, _addresses) = (folder, addresses);
        var program = Path.Combine(folder, "tokenstream");
        var keys = Path.Combine(data, "keys", "commands.pub.pem");
        File.WriteAllText(
            program,
            $$"""
            #!/usr/bin/env bash
            case ${1:-} in
              {{Reaching}}) exec dotnet '{{TestPaths.Service}}' "$@" --config '{{config}}' ;;
              gateway-agent) exec dotnet '{{TestPaths.Service}}' "$@" --kafka {{addresses.Kafka}} --keys '{{keys}}' --listen {{addresses.Agent}} ;;
              proxy) exec dotnet '{{TestPaths.Service}}' "$@" --kafka {{addresses.Kafka}} --keys '{{keys}}' --listen {{addresses.Proxy}} ;;
              *) exec dotnet '{{TestPaths.Service}}' "$@" ;;
            esac
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>
    /// Types a step. What must be printed may take its time to be true, so it is typed again until it is; what prints nothing must succeed.
    /// </summary>
    internal async Task TypeAsync(PageStep step, string page)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"{page}, line {step.Line}");
        if (step.Prints.Count == 0)
        {
            var (code, output) = await ChildProcess.RunAsync("bash", Arguments(step.Script));
            Assert.True(code == 0, $"{where} failed:\n{step.Script}\n{output}");
            return;
        }

        var said = "";
        await Eventually.TrueAsync(
            async () =>
            {
                (_, said) = await ChildProcess.RunAsync("bash", Arguments(step.Script));
                return step.Prints.All(text => Words(said).Contains(Words(text), StringComparison.Ordinal));
            },
            $"{where} prints {string.Join(" and ", step.Prints)}",
            () => said);
    }

    /// <summary>Starts what lasts.</summary>
    internal ChildProcess Start(string line) => ChildProcess.Start("bash", Arguments($"exec {line}"));

    private IEnumerable<string> Arguments(string script) =>
        ["-euo", "pipefail", "-c", $"cd '{_folder}'\nexport OPENAI_API_KEY=sk-trial\n{_addresses.Here(script)}"];

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>The terminals of what lasts.</summary>
internal sealed class PageTerminals(PageShell shell) : IAsyncDisposable
{
    private readonly List<ChildProcess> _running = [];

    /// <summary>Starts commands and waits until each says that it can be asked.</summary>
    internal async Task StartAsync(IEnumerable<string> commands)
    {
        _running.AddRange(commands.Select(shell.Start));
        foreach (var process in _running)
        {
            await process.LineAsync("http://");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running)
        {
            await process.DisposeAsync();
        }
    }
}
