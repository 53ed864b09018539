using System.Globalization;
using Xunit;

namespace TokenStream.IntegrationTests.Broker;

/// <summary>
/// Clients of other makers, unchanged: each walks through what its users do, in a script of its own language that checks what it sees and ends
/// with "ok". The scripts lie in <c>tests/clients</c>.
/// </summary>
public sealed class OtherClientTests(RunningLog log) : IClassFixture<RunningLog>
{
    /// <summary>Debian's python3: the client modules are its packages, not those of whatever python comes first on the path.</summary>
    private const string Python = "/usr/bin/python3";

    [FactNeeding("python:confluent_kafka")]
    public Task Librdkafka_2_0_by_python() => WalkAsync(Python, "confluent_kafka_walk.py");

    [FactNeeding("python:kafka")]
    public Task Kafka_python() => WalkAsync(Python, "kafka_python_walk.py");

    [FactNeeding("program:node", "npm:kafkajs")]
    public Task Kafkajs() => WalkAsync("node", "kafkajs_walk.js");

    [FactNeeding("program:node", "npm:@platformatic/kafka")]
    public Task Platformatic() => WalkAsync("node", "platformatic_walk.mjs");

    [FactNeeding("program:kcat")]
    public async Task Kcat_produces_with_each_compression_and_consumes()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "lines");
        string[] lines = [.. Enumerable.Range(0, 1_000).Select(i => $"line {i} " + new string('x', 50))];
        await File.WriteAllLinesAsync(file, lines);
        foreach (string codec in (string[])["none", "gzip", "snappy", "lz4", "zstd"])
        {
            string topic = "kcat-" + codec;
            (int exit, string output) = await ChildProcess.RunAsync("kcat", ["-b", log.Address, "-P", "-t", topic, "-z", codec, "-l", file]);
            Assert.True(exit == 0, output);
            (exit, output) = await ChildProcess.RunAsync("kcat", ["-b", log.Address, "-C", "-t", topic, "-e", "-q"]);
            Assert.True(exit == 0, output);
            Assert.Equal(lines.Order(), output.Split('\n').Order());

            // Some versions of the library send uncompressed, without a word, to a log whose offer of versions they do not like.
            long bytes = log.Log.Store.Find(topic)!.Partitions.Sum(p => p.SizeBytes);
            Assert.Equal(codec == "none", bytes > 50_000);
        }
    }

    [FactNeeding("program:kcat")]
    public async Task Kcat_reads_in_a_group_and_goes_on_where_it_stopped()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "lines");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, 100).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        string[] write = ["-b", log.Address, "-P", "-t", "kcat-group", "-l", file];
        string[] read = ["-b", log.Address, "-G", "kcat", "-X", "auto.offset.reset=earliest", "-e", "-q", "kcat-group"];
        await ChildProcess.RunAsync("kcat", write);
        Assert.Equal(100, Numbers((await ChildProcess.RunAsync("kcat", read)).Output));
        Assert.Equal(0, Numbers((await ChildProcess.RunAsync("kcat", read)).Output));
        await ChildProcess.RunAsync("kcat", write);
        Assert.Equal(100, Numbers((await ChildProcess.RunAsync("kcat", read)).Output));
    }

    private static int Numbers(string output) => output.Split('\n').Count(line => int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out _));

    private async Task WalkAsync(string program, string script)
    {
        (int exit, string output) = await ChildProcess.RunAsync(program, [Path.Combine(TestPaths.Clients, script), log.Address]);
        Assert.True(exit == 0 && output.EndsWith("ok", StringComparison.Ordinal), output);
    }
}
