using System.Globalization;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>A whole node that governs, killed at any moment.</summary>
public sealed class CrashTests
{
    private const int Tenants = 40;
    private const int Rounds = 30;

    [FactNeeding("engine")]
    public async Task Killed_at_any_moment_it_stops_the_same_tenants_and_its_ledger_is_exact()
    {
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"));
        await node.StartAsync();
        var file = Path.Combine(folder.Path, "budgets.yaml");
        await File.WriteAllTextAsync(file, TwoNodes.Budgets);
        await NodeProcess.CommandAsync("budgets", "apply", file, "--reason", "test", "--yes", "--kafka", node.Kafka);
        await ScopesAreSummedAsync(node);

        var random = new Random(CrashPlan.Seed);
        var crashes = Enumerable.Range(0, Math.Min(5, CrashPlan.Crashes)).Select(_ => random.Next(1, Rounds)).ToHashSet();
        var start = TimeProvider.System.GetUtcNow();
        for (var round = 0; round < Rounds; round++)
        {
            await KafkaClient.ProduceAsync(node.Kafka, "llm.requests", round % 4, Enumerable.Range(0, Tenants).Where(tenant => Asks(tenant, round))
                .Select(tenant => Requests.Event($"{round}-{tenant}", $"tenant-{tenant}", start.AddMilliseconds(round))));
            if (crashes.Contains(round))
            {
                await node.CrashAsync(storeToo: random.Next(2) == 0);
            }
        }

        var killed = Enumerable.Range(0, Tenants).Where(tenant => Spent(tenant) >= 10 * Requests.Pico)
            .Select(tenant => $"environment=prod;tenant=tenant-{tenant}").Order(StringComparer.Ordinal).ToList();
        var keys = CommandKey.ReadPublic(await File.ReadAllTextAsync(Path.Combine(node.Data, "keys", "commands.pub.pem")));
        var verifier = new CommandVerifier(keys);
        await Eventually.TrueAsync(
            () => Task.FromResult(IssuedRecord.Killed(IssuedRecord.ReadAll(node.Kafka), verifier).SequenceEqual(killed)),
            "exactly the tenants that overspent are stopped",
            () => $"stopped: {string.Join(", ", IssuedRecord.Killed(IssuedRecord.ReadAll(node.Kafka), verifier))}\n" +
                $"to be stopped: {string.Join(", ", killed)}");

        // Crashes may leave versions out, but none has two contents.
        Assert.Empty(IssuedRecord.Conflicts(IssuedRecord.ReadAll(node.Kafka), verifier));

        // The ledger's own sums, and the store's, against what was sent.
        var total = Enumerable.Range(0, Tenants).Sum(tenant => (decimal)Spent(tenant)) / 1_000_000_000_000m;
        var text = total.ToString("0.############", CultureInfo.InvariantCulture);
        for (var partition = 0; partition < 4; partition++)
        {
            await KafkaClient.ProduceAsync(node.Kafka, "llm.requests", partition, [Requests.Tick(start)]);
        }

        await Eventually.TrueAsync(
            async () => await node.QueryAsync("SELECT sum(cost_usd) FROM tokenstream.spend_by_scope WHERE environment = 'prod' AND tenant_id LIKE 'tenant-%'") == $"{text}\n",
            $"the store has {text} USD by scope",
            () => node.Process.Output);
        Assert.Equal($"{text}\n", await node.QueryAsync("SELECT sum(cost_usd) FROM tokenstream.usage_10s WHERE tenant_id LIKE 'tenant-%'"));
    }

    /// <summary>Even tenants ask now and then, odd ones all the time: sixty cents against three dollars.</summary>
    private static bool Asks(int tenant, int round) => tenant % 2 == 1 || (round + tenant) % 5 == 0;

    private static long Spent(int tenant) => Enumerable.Range(0, Rounds).Count(round => Asks(tenant, round)) * Requests.Pico;

    /// <summary>Partitions with nothing open take new scopes up within seconds, and say so.</summary>
    private static Task ScopesAreSummedAsync(NodeProcess node) => Eventually.TrueAsync(
        () => Task.FromResult(Enumerable.Range(0, 4).All(partition =>
            node.Process.Output.Contains($"llm.requests[{partition}] takes up version", StringComparison.Ordinal))),
        "every partition sums the budget's scopes",
        () => node.Process.Output);
}
