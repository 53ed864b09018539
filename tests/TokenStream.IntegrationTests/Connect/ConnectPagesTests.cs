using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Connect;

/// <summary>
/// Every command of every page below docs/connect is typed into a shell, in order, beside a running node. Addresses are those of the test's
/// node, and a provider is one that answers from memory.
/// </summary>
public sealed class ConnectPagesTests : IDisposable
{
    private const int FewestChecks = 4;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [FactNeeding("engine", "program:curl")]
    public async Task Every_command_of_every_page_does_what_the_page_says()
    {
        var pages = Directory.GetFiles(Path.Combine(TestPaths.Root, "docs", "connect"), "*.md")
            .Where(page => Path.GetFileName(page) != "README.md")
            .ToDictionary(page => Path.GetFileName(page)!, page => PageStep.Read(File.ReadAllText(page)));
        Assert.NotEmpty(pages);
        Assert.All(pages, page => Assert.True(
            page.Value.Sum(step => step.Prints.Count) >= FewestChecks,
            $"{page.Key} shows a reader too little of what its commands print."));
        var config = Path.Combine(_folder.Path, "node.yaml");
        await using var node = new NodeProcess(Path.Combine(_folder.Path, "data"), "--config", config);
        await File.WriteAllTextAsync(
            config,
            $$"""
            data: {{node.Data}}
            listen: 127.0.0.1:{{node.HttpPort}}
            kafka: { listen: "{{node.Kafka}}" }
            clickhouse: { listen: "127.0.0.1:{{node.ClickHousePort}}" }
            windows: { grace_seconds: 1 }
            """);
        await node.StartAsync();
        await using var provider = new FakeProvider();
        var addresses = new PageAddresses(node, provider);
        PageShell Shell(string name) =>
            new(Directory.CreateDirectory(Path.Combine(_folder.Path, name)).FullName, config, node.Data, addresses);

        // What pages run in terminals of their own runs once, for all of them.
        var lasting = pages.Values.SelectMany(steps => steps).SelectMany(step => step.Lasting).Distinct(StringComparer.Ordinal);
        await using var terminals = new PageTerminals(Shell("terminals"));
        await terminals.StartAsync(lasting.Where(line => line != PageStep.Node));

        // All pages at once: each waits for its windows to close.
        await Task.WhenAll(pages.Select(async page =>
        {
            var shell = Shell(page.Key);
            foreach (var step in page.Value)
            {
                await shell.TypeAsync(step, page.Key);
            }
        }));
        Assert.Equal(0, await node.StopAsync());
    }

    [Fact]
    public void A_step_ends_with_what_it_prints()
    {
        const string Page =
            "a\n```sh\n./tokenstream up\none\ntwo\n# prints: x\n# prints: y\nthree\n```\n```yaml\nno\n```\n```sh\n./tokenstream proxy " +
            "--a b\n```\n";
        Assert.Equal(
            ["3 one two: x, y ./tokenstream up", "8 three:  ", "14 :  ./tokenstream proxy --a b"],
            PageStep.Read(Page).Select(step =>
                $"{step.Line} {step.Script.Replace('\n', ' ')}: {string.Join(", ", step.Prints)} {string.Join(' ', step.Lasting)}"));
    }
}
