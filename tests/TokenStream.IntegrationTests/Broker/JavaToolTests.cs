using System.Globalization;
using Xunit;

namespace TokenStream.IntegrationTests.Broker;

/// <summary>Kafka's own console tools, i.e. the Java client; only where <c>TOKENSTREAM_KAFKA_HOME</c> names the folder with the script <c>kafka</c>.</summary>
public sealed class JavaToolTests(RunningLog log) : IClassFixture<RunningLog>
{
    private const string Home = "variable:TOKENSTREAM_KAFKA_HOME";

    [FactNeeding(Home, "program:java")]
    public async Task The_console_tools_administer_produce_and_consume()
    {
        await ToolAsync("topics", "--create", "--topic", "java", "--partitions", "3", "--config", "message.timestamp.type=LogAppendTime");
        Assert.Contains("PartitionCount: 3", await ToolAsync("topics", "--describe", "--topic", "java"), StringComparison.Ordinal);
        await SendLinesAsync("java", 500);
        string read = await ToolAsync("console-consumer", "--topic", "java", "--from-beginning", "--group", "java-group", "--max-messages", "500");
        Assert.Equal(Enumerable.Range(0, 500), Numbers(read).Order());

        string group = await ToolAsync("groups", "--describe", "--group", "java-group");
        int[] lags = [.. group.Split('\n').Where(l => l.StartsWith("java-group", StringComparison.Ordinal))
            .Select(l => int.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5], CultureInfo.InvariantCulture))];
        Assert.Equal([0, 0, 0], lags);
        Assert.Contains("java-group", await ToolAsync("groups", "--list"), StringComparison.Ordinal);
        Assert.Equal(500, Sum(await ToolAsync("get-offsets", "--topic", "java")));

        await ToolAsync("configs", "--alter", "--entity-type", "topics", "--entity-name", "java", "--add-config", "retention.ms=5000000");
        Assert.Contains("retention.ms=5000000", await ToolAsync("configs", "--describe", "--entity-type", "topics", "--entity-name", "java"), StringComparison.Ordinal);
        await ToolAsync("groups", "--delete", "--group", "java-group");
        await ToolAsync("topics", "--delete", "--topic", "java");
        Assert.Null(log.Log.Store.Find("java"));
    }

    [FactNeeding(Home, "program:java")]
    public async Task The_default_producer_which_is_idempotent_sends_each_compression()
    {
        foreach (string codec in (string[])["gzip", "snappy", "lz4", "zstd"])
        {
            string[] arguments =
            [
                "tool", "producer-perf", "--topic", "perf", "--num-records", "2000", "--record-size", "200", "--throughput", "-1",
                "--producer-props", $"bootstrap.servers={log.Address}", $"compression.type={codec}",
            ];
            (int exit, string output) = await ChildProcess.RunAsync(Script, arguments);
            Assert.True(exit == 0 && output.Contains("2000 records sent", StringComparison.Ordinal), output);
        }

        Assert.Equal(8_000, log.Log.Store.Find("perf")!.Partitions.Sum(p => p.HighWatermark));
        Assert.Contains("8000", await ToolAsync("consumer-perf", "--topic", "perf", "--messages", "8000"), StringComparison.Ordinal);
    }

    private static string Script => Path.Combine(Environment.GetEnvironmentVariable("TOKENSTREAM_KAFKA_HOME") ?? "", "kafka");

    private static IEnumerable<int> Numbers(string output)
        => output.Split('\n').Where(l => l.Length > 0 && l.All(char.IsAsciiDigit)).Select(l => int.Parse(l, CultureInfo.InvariantCulture));

    private static int Sum(string offsets)
        => offsets.Split('\n').Where(l => l.Count(c => c == ':') == 2).Sum(l => int.Parse(l.Split(':')[2], CultureInfo.InvariantCulture));

    private async Task<string> ToolAsync(string tool, params string[] arguments)
    {
        (int exit, string output) = await ChildProcess.RunAsync(Script, ["tool", tool, "--bootstrap-server", log.Address, .. arguments]);
        Assert.True(exit == 0, output);
        return output;
    }

    private async Task SendLinesAsync(string topic, int count)
    {
        await using ChildProcess producer = ChildProcess.Start(Script, ["tool", "console-producer", "--bootstrap-server", log.Address, "--topic", topic]);
        for (int i = 0; i < count; i++)
        {
            await producer.WriteLineAsync(i.ToString(CultureInfo.InvariantCulture));
        }

        producer.CloseInput();
        Assert.True(await producer.ExitAsync(ChildProcess.Patience) == 0, producer.Output);
    }
}
