using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TokenStream.Commands;
using TokenStream.Gateway;
using TokenStream.Governing;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>Acks are not signed: whatever a gateway writes there, it is counted, and hides neither commands nor other gateways.</summary>
public sealed partial class GarbageAcksTests
{
    private const int MadeUp = 100_000;

    [FactNeeding("engine")]
    public async Task A_gateway_that_acknowledges_garbage_is_counted_and_hides_no_other()
    {
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(folder.Path);
        await node.StartAsync();
        var keys = Path.Combine(folder.Path, "keys", "commands.pub.pem");
        await using var gateway = new TokenStreamGateway(
            Options.Create(new TokenStreamGatewayOptions { BootstrapServers = node.Kafka, PublicKeyFile = keys, GatewayId = "real" }),
            TimeProvider.System,
            NullLogger<TokenStreamGateway>.Instance);
        gateway.Start();
        await KillAsync(node, "acme");
        await ObeysAsync(gateway, "acme", node);
        await MetricAsync(node, "tokenstream_gateways", 1);
        var kill = CommandOf(await CommandLineAsync(node, keys, "acme"));

        await ProduceAsync(node.Kafka, Garbage(kill).Concat(Enumerable.Range(0, MadeUp).Select(i => Ack(kill, $"made-up-{i}", Now))));
        await MetricAsync(node, "tokenstream_acks_refused_total{reason=\"malformed\"}", 8);
        await MetricAsync(node, "tokenstream_acks_refused_total{reason=\"impossible_time\"}", 3);
        await MetricAsync(node, "tokenstream_acks_refused_total{reason=\"unknown_command\"}", 2);
        await MetricAsync(node, "tokenstream_acks_refused_total{reason=\"limit\"}", MadeUp + 1 - CommandWatch.MostGateways);
        await MetricAsync(node, "tokenstream_gateways", CommandWatch.MostGateways);

        // Nobody is freed by it, and the next command reaches the real gateway as the first did.
        await KillAsync(node, "globex");
        await ObeysAsync(gateway, "globex", node);
        Assert.False(Decide(gateway, "acme"));
        Assert.True(Decide(gateway, "other"));
        var listed = await NodeProcess.CommandAsync("commands", "--kafka", node.Kafka, "--keys", keys);
        Assert.Contains("2 commands.", listed, StringComparison.Ordinal);
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Eight that are no acks, three of impossible times, two of commands that were never issued.</summary>
    private static IEnumerable<byte[]?> Garbage((string Id, string Key, CommandVersion Version) kill)
    {
        var noise = new byte[2000];
        new Random(1).NextBytes(noise);
        return
        [
            noise,
            null,
            [],
            "[[[[[[]]]]]]"u8.ToArray(),
            Encoding.UTF8.GetBytes(new string('[', GatewayAckFormat.MostBytes)),
            Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Ack(kill, "long", Now)) + new string(' ', GatewayAckFormat.MostBytes)),
            """{"format":1,"kind":"applied","gateway_id":7,"at_ms":"x"}"""u8.ToArray(),
            """{"format":1,"kind":"reservations","gateway_id":"g","at_ms":1,"tenants":[{"tenant":"a","requests":-1,"tokens":1e300}]}"""u8.ToArray(),
            Ack(kill, "future", Now + (1000L * 365 * 86_400_000)),
            Ack(kill, "forever", long.MaxValue),
            Ack(kill, "past", 0),
            Ack(kill with { Version = new CommandVersion(kill.Version.Epoch, long.MaxValue) }, "ahead", Now),
            Ack(kill with { Key = "all|manual/nobody" }, "elsewhere", Now),
        ];
    }

    private static byte[] Ack((string Id, string Key, CommandVersion Version) kill, string gateway, long appliedMs) =>
        GatewayAckFormat.Write(new GatewayAck
        {
            Kind = GatewayAckKind.Applied,
            GatewayId = gateway,
            AtMs = appliedMs,
            CommandId = kill.Id,
            Key = kill.Key,
            Version = kill.Version,
            ReceivedMs = appliedMs,
            AppliedMs = appliedMs,
        });

    private static Task<string> KillAsync(NodeProcess node, string tenant) =>
        NodeProcess.CommandAsync("kill", "--tenant", tenant, "--until-released", "--reason", "test", "--kafka", node.Kafka);

    private static bool Decide(TokenStreamGateway gateway, string tenant) => gateway.Decide(new GatewayRequest
    {
        Tenant = tenant, Provider = "openai", Model = "gpt-5", TokensIn = 10, MaxTokens = 10,
    }).IsAllowed;

    private static Task ObeysAsync(TokenStreamGateway gateway, string tenant, NodeProcess node) => Eventually.TrueAsync(
        () => Task.FromResult(!Decide(gateway, tenant)), $"{tenant} is stopped at the gateway", () => node.Process.Output);

    private static Task MetricAsync(NodeProcess node, string name, int value) => Eventually.TrueAsync(
        async () => (await node.MetricsAsync()).Contains(FormattableString.Invariant($"\n{name} {value}\n"), StringComparison.Ordinal),
        $"{name} is {value}",
        () => node.Process.Output);

    private static async Task<string> CommandLineAsync(NodeProcess node, string keys, string tenant) =>
        (await NodeProcess.CommandAsync("commands", "--kafka", node.Kafka, "--keys", keys)).Split('\n')
            .Single(line => line.Contains($"tenant={tenant}", StringComparison.Ordinal));

    private static (string Id, string Key, CommandVersion Version) CommandOf(string line)
    {
        var match = Line().Match(line);
        return (match.Groups[1].Value, $"{match.Groups[2].Value}|{match.Groups[3].Value}", new CommandVersion(
            long.Parse(match.Groups[4].Value, CultureInfo.InvariantCulture),
            long.Parse(match.Groups[5].Value, CultureInfo.InvariantCulture)));
    }

    private static Task ProduceAsync(string servers, IEnumerable<byte[]?> values) => Task.Run(() =>
    {
        var config = new ProducerConfig { BootstrapServers = servers, QueueBufferingMaxMessages = 2 * MadeUp };
        using var producer = new ProducerBuilder<Null, byte[]?>(config).SetValueSerializer(Serializers.ByteArray!).Build();
        foreach (var value in values)
        {
            producer.Produce(new TopicPartition("tokenstream.acks", 0), new Message<Null, byte[]?> { Value = value });
        }

        producer.Flush(TimeSpan.FromMinutes(3));
    });

    [GeneratedRegex(@"^(\S+)  kill.*  (tenant=\S+)  (manual/\S+)  .*version (\d+)\.(\d+)  ")]
    private static partial Regex Line();
}
