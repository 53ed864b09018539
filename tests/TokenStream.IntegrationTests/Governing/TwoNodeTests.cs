using System.Globalization;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>Two whole nodes in one group, of which one dies or is cut off while tenants overspend.</summary>
public sealed class TwoNodeTests
{
    private const int Tenants = 24;
    private const int Rounds = 12;

    [FactNeeding("engine")]
    public async Task One_is_killed_and_the_other_governs_on_with_exact_sums()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var start = TimeProvider.System.GetUtcNow();
        var crash = new Random(CrashPlan.Seed).Next(2, Rounds - 2);
        for (var round = 0; round < Rounds; round++)
        {
            await SpendAsync(nodes, start, round);
            if (round == crash)
            {
                await nodes.First.Process.KillAsync();
            }
        }

        await ExactlyTheyAreStoppedAsync(nodes);
        await TheSecondGovernsAllAsync(nodes);
        NothingConflicts(nodes);
        await SumsAreExactAsync(nodes, start);
    }

    [FactNeeding("engine")]
    public async Task One_that_was_cut_off_and_comes_back_issues_nothing_that_conflicts()
    {
        await using var nodes = await TwoNodes.StartAsync();
        var start = TimeProvider.System.GetUtcNow();
        for (var round = 0; round < Rounds / 2; round++)
        {
            await SpendAsync(nodes, start, round);
        }

        // It stops with spend on its way to it: what it knows, it decides on when it wakes, long after its session is over.
        var cutOff = nodes.Owners().Where(owner => owner.Value == nodes.First).Select(owner => owner.Key).ToList();
        nodes.First.Process.Freeze();
        for (var round = Rounds / 2; round < Rounds; round++)
        {
            await SpendAsync(nodes, start, round);
        }

        await ExactlyTheyAreStoppedAsync(nodes);
        await TheSecondGovernsAllAsync(nodes);
        var taken = nodes.Records().Where(record => cutOff.Contains(record.Partition) && record.Command(nodes.Verifier) is not null).ToList();
        Assert.NotEmpty(taken);
        Assert.All(taken, record => Assert.Same(nodes.Second, nodes.Issuer(record)));

        nodes.First.Process.Thaw();
        await Eventually.TrueAsync(
            () => Task.FromResult(nodes.Owners().Values.Distinct().Count() == 2),
            "the one that was cut off governs a part again",
            () => nodes.Output);
        await ExactlyTheyAreStoppedAsync(nodes);
        NothingConflicts(nodes);

        // What gateways obey, of each key the highest version, is never older than what the new owner had issued meanwhile.
        var highest = HighestEpochs(nodes, nodes.Records());
        Assert.All(HighestEpochs(nodes, taken), meanwhile => Assert.True(highest[meanwhile.Key] >= meanwhile.Value));
        await SumsAreExactAsync(nodes, start);
    }

    /// <summary>Even tenants ask three times in all, odd ones each round: thirty cents against a dollar and twenty.</summary>
    private static bool Asks(int tenant, int round) => tenant % 2 == 1 || (round + tenant) % 4 == 0;

    private static long Spent(int tenant) => Enumerable.Range(0, Rounds).Count(round => Asks(tenant, round)) * Requests.Pico;

    private static Task SpendAsync(TwoNodes nodes, DateTimeOffset start, int round) => KafkaClient.ProduceAsync(
        nodes.Kafka, "llm.requests", round % 4,
        Enumerable.Range(0, Tenants).Where(tenant => Asks(tenant, round))
            .Select(tenant => Requests.Event($"{round}-{tenant}", $"tenant-{tenant}", start.AddMilliseconds(round))));

    private static Task ExactlyTheyAreStoppedAsync(TwoNodes nodes)
    {
        var expected = Enumerable.Range(0, Tenants).Where(tenant => Spent(tenant) >= 10 * Requests.Pico)
            .Select(tenant => $"environment=prod;tenant=tenant-{tenant}").Order(StringComparer.Ordinal).ToList();
        return Eventually.TrueAsync(
            () => Task.FromResult(IssuedRecord.Killed(nodes.Records(), nodes.Verifier).SequenceEqual(expected)),
            "exactly the tenants that overspent are stopped",
            () => $"stopped: {string.Join(", ", IssuedRecord.Killed(nodes.Records(), nodes.Verifier))}\n{nodes.Output}");
    }

    private static Task TheSecondGovernsAllAsync(TwoNodes nodes) => Eventually.TrueAsync(
        () => Task.FromResult(nodes.Owners().Values.All(owner => owner == nodes.Second)),
        "the second node governs every partition",
        () => nodes.Output);

    private static Dictionary<string, long> HighestEpochs(TwoNodes nodes, IEnumerable<IssuedRecord> records) => records
        .Select(record => record.Command(nodes.Verifier)).OfType<Command>()
        .GroupBy(command => command.Key)
        .ToDictionary(same => same.Key, same => same.Max(command => command.Version.Epoch));

    /// <summary>No version has two contents, and no epoch of a partition two nodes: what both said in one could not be told apart.</summary>
    private static void NothingConflicts(TwoNodes nodes)
    {
        var records = nodes.Records();
        Assert.Empty(IssuedRecord.Conflicts(records, nodes.Verifier));
        Assert.All(
            records.Where(record => record.Version(nodes.Verifier) is not null)
                .GroupBy(record => (record.Partition, record.Version(nodes.Verifier)!.Value.Epoch)),
            epoch => Assert.Single(epoch.Select(nodes.Issuer).Distinct()));
    }

    private static async Task SumsAreExactAsync(TwoNodes nodes, DateTimeOffset start)
    {
        for (var partition = 0; partition < 4; partition++)
        {
            await KafkaClient.ProduceAsync(nodes.Kafka, "llm.requests", partition, [Requests.Tick(start)]);
        }

        var total = Enumerable.Range(0, Tenants).Sum(tenant => (decimal)Spent(tenant)) / 1_000_000_000_000m;
        var text = total.ToString("0.############", CultureInfo.InvariantCulture);
        foreach (var view in (string[])["spend_by_scope", "usage_10s"])
        {
            await Eventually.TrueAsync(
                async () => await nodes.QueryAsync(
                    $"SELECT sum(cost_usd) FROM tokenstream.{view} WHERE environment = 'prod' AND tenant_id LIKE 'tenant-%'") == $"{text}\n",
                $"{view} has {text} USD",
                () => nodes.Output);
        }
    }
}
