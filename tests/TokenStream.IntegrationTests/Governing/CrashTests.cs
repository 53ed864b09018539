using System.Globalization;
using System.Text;
using Confluent.Kafka;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>A whole node that governs, killed at any moment.</summary>
public sealed class CrashTests
{
    private const int Tenants = 40;
    private const int Rounds = 30;

    /// <summary>A request of gpt-4o with 40,000 input tokens at 2.50 USD a million, in picodollars.</summary>
    private const long RequestPico = 100_000_000_000;

    private const string Budgets =
        """
        version: 1
        budgets:
          - name: tenants
            scope: {environment: prod, tenant: each}
            amount: 1 USD
            period: week
            mode: enforce
            passes_breaker: true
            ladder:
              - {at: exhausted, action: kill}
        """;

    [FactNeeding("engine")]
    public async Task Killed_at_any_moment_it_stops_the_same_tenants_and_its_ledger_is_exact()
    {
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"));
        await node.StartAsync();
        var file = Path.Combine(folder.Path, "budgets.yaml");
        await File.WriteAllTextAsync(file, Budgets);
        await NodeProcess.CommandAsync("budgets", "apply", file, "--reason", "test", "--yes", "--kafka", node.Kafka);
        await ScopesAreSummedAsync(node);

        var random = new Random(Seed());
        var crashes = Enumerable.Range(0, Crashes()).Select(_ => random.Next(1, Rounds)).ToHashSet();
        var start = TimeProvider.System.GetUtcNow();
        for (var round = 0; round < Rounds; round++)
        {
            await KafkaClient.ProduceAsync(node.Kafka, "llm.requests", round % 4, Enumerable.Range(0, Tenants).Where(tenant => Asks(tenant, round))
                .Select(tenant => Event($"{round}-{tenant}", $"tenant-{tenant}", start.AddMilliseconds(round))));
            if (crashes.Contains(round))
            {
                await node.CrashAsync(storeToo: random.Next(2) == 0);
            }
        }

        var killed = Enumerable.Range(0, Tenants).Where(tenant => Spent(tenant) >= 10 * RequestPico)
            .Select(tenant => $"environment=prod;tenant=tenant-{tenant}").Order(StringComparer.Ordinal).ToList();
        var keys = CommandKey.ReadPublic(await File.ReadAllTextAsync(Path.Combine(node.Data, "keys", "commands.pub.pem")));
        var verifier = new CommandVerifier(keys);
        await Eventually.TrueAsync(
            () => Task.FromResult(InForce(Read(node.Kafka), verifier).SequenceEqual(killed)),
            "exactly the tenants that overspent are stopped",
            () => $"stopped: {string.Join(", ", InForce(Read(node.Kafka), verifier))}\nto be stopped: {string.Join(", ", killed)}");

        // Crashes may leave versions out, but none has two contents.
        Assert.All(
            Read(node.Kafka).Select(record => (Verified(verifier, record), record.Value)).Where(record => record.Item1 is not null)
                .GroupBy(record => (record.Item1!.Key, record.Item1.Version)),
            same => Assert.Single(same.Select(record => Convert.ToBase64String(Payload(record.Value!))).Distinct()));

        // The ledger's own sums, and the store's, against what was sent.
        var total = Enumerable.Range(0, Tenants).Sum(tenant => (decimal)Spent(tenant)) / 1_000_000_000_000m;
        var text = total.ToString("0.############", CultureInfo.InvariantCulture);
        for (var partition = 0; partition < 4; partition++)
        {
            await KafkaClient.ProduceAsync(node.Kafka, "llm.requests", partition, [Tick(start)]);
        }

        await Eventually.TrueAsync(
            async () => await node.QueryAsync("SELECT sum(cost_usd) FROM tokenstream.spend_by_scope WHERE environment = 'prod' AND tenant_id LIKE 'tenant-%'") == $"{text}\n",
            $"the store has {text} USD by scope",
            () => node.Process.Output);
        Assert.Equal($"{text}\n", await node.QueryAsync("SELECT sum(cost_usd) FROM tokenstream.usage_10s WHERE tenant_id LIKE 'tenant-%'"));
    }

    /// <summary>Even tenants ask now and then, odd ones all the time: sixty cents against three dollars.</summary>
    private static bool Asks(int tenant, int round) => tenant % 2 == 1 || (round + tenant) % 5 == 0;

    private static long Spent(int tenant) => Enumerable.Range(0, Rounds).Count(round => Asks(tenant, round)) * RequestPico;

    private static string Event(string id, string tenant, DateTimeOffset time) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{\"event_id\":\"{id}\",\"time\":{time.ToUnixTimeMilliseconds()},\"tenant_id\":\"{tenant}\",\"environment\":\"prod\",\"feature\":\"chat\",") +
        "\"provider\":\"openai\",\"model\":\"gpt-4o\",\"tokens_in\":40000,\"tokens_out\":0}";

    private static string Tick(DateTimeOffset start) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"kind\":\"tick\",\"time\":{start.ToUnixTimeMilliseconds() + 120_000}}}");

    /// <summary>Partitions with nothing open take new scopes up within seconds, and say so.</summary>
    private static Task ScopesAreSummedAsync(NodeProcess node) => Eventually.TrueAsync(
        () => Task.FromResult(Enumerable.Range(0, 4).All(partition =>
            node.Process.Output.Contains($"llm.requests[{partition}] takes up version", StringComparison.Ordinal))),
        "every partition sums the budget's scopes",
        () => node.Process.Output);

    private static IEnumerable<string> InForce(IEnumerable<(byte[] Key, byte[]? Value)> records, CommandVerifier verifier) => records
        .Select(record => Verified(verifier, record)).OfType<Command>()
        .GroupBy(command => command.Key)
        .Select(group => group.MaxBy(command => command.Version)!)
        .Where(command => command.Action == CommandAction.Kill && command.Scope.Text.Contains("tenant=tenant-", StringComparison.Ordinal))
        .Select(command => command.Scope.Text)
        .Order(StringComparer.Ordinal);

    private static Command? Verified(CommandVerifier verifier, (byte[] Key, byte[]? Value) record) =>
        verifier.TryVerify(record.Key, record.Value, out var signed) == CommandRefusal.None ? signed.Command : null;

    /// <summary>What was signed: the signature itself is another each time.</summary>
    private static byte[] Payload(byte[] value)
    {
        using var json = System.Text.Json.JsonDocument.Parse(value);
        return Encoding.ASCII.GetBytes(json.RootElement.GetProperty("payload").GetString()!);
    }

    private static List<(byte[] Key, byte[]? Value)> Read(string servers)
    {
        const string Topic = "tokenstream.commands";
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = servers, GroupId = "test", EnablePartitionEof = true }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(Topic, TimeSpan.FromSeconds(15)).Topics.Single().Partitions;
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(Topic, partition.PartitionId, Offset.Beginning)));
        var records = new List<(byte[], byte[]?)>();
        for (var ends = 0; ends < partitions.Count && consumer.Consume(TimeSpan.FromSeconds(30)) is { } result;)
        {
            if (result.IsPartitionEOF)
            {
                ends++;
            }
            else
            {
                records.Add((result.Message.Key ?? [], result.Message.Value));
            }
        }

        return records;
    }

    private static int Seed() => int.Parse(Environment.GetEnvironmentVariable("TOKENSTREAM_SEED") ?? "1", CultureInfo.InvariantCulture);

    private static int Crashes() => Math.Min(5, int.Parse(Environment.GetEnvironmentVariable("TOKENSTREAM_CRASHES") ?? "3", CultureInfo.InvariantCulture));
}
