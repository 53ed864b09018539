using TokenStream.ClickHouse;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>Spend by scope in ClickHouse's own engine. A store of its own: retention looks at all rows there are.</summary>
public sealed class SpendTests(EmbeddedStore embedded) : IClassFixture<EmbeddedStore>
{
    // 2026-03-01, 00:00 UTC.
    private const long Start = 1_772_323_200_000;

    [FactNeeding("engine")]
    public async Task Rows_replace_those_of_their_identity_add_up_with_corrections_and_go_after_40_days()
    {
        var store = new ClickHouseRollupStore(embedded.Client);
        var big = Int128.Parse("9999999999999999999999999", null);
        ScopeSpend[] spends =
        [
            Spend("all", 0, new SpendMeasures { Cost = big, Tokens = 7, Requests = 2, BatchCost = 3, UnpricedBound = 4, BlockedCost = 5, BlockedRequests = 6 }),
            Spend("all", 3, new SpendMeasures { Cost = -1, Tokens = 1, Requests = 1 }),
            Spend("tenant=a%3Bb;model=gpt*;user=u", 0, new SpendMeasures { Cost = 1, UnboundTokens = 8 }),
            Spend("tenant=void", 0, new SpendMeasures { Cost = 1 }, epoch: 0),
        ];
        await store.InsertSpendAsync(0, spends, [], CancellationToken.None);
        await store.InsertSpendAsync(0, spends[..2], [Mark(3), Mark(3)], CancellationToken.None);
        await store.InsertSpendAsync(1, [], [Mark(3)], CancellationToken.None);
        await store.RecordResetAsync("t", 2, 1, Start, CancellationToken.None);
        const string Sums =
            "SELECT scope, tenant_id, model, user_id, toString(cost_usd), toString(batch_cost_usd), tokens, requests, unbound_tokens, blocked_requests, " +
            "late_requests FROM tokenstream.spend_by_scope ORDER BY scope";
        string[][] expected =
        [
            ["all", "", "", "", "9999999999999.999999999998", "0.000000000003", "8", "3", "0", "6", "1"],
            ["tenant=a%3Bb;model=gpt*;user=u", "a;b", "gpt*", "u", "0.000000000001", "0", "0", "0", "8", "0", "0"],
        ];
        Assert.Equal(expected, await embedded.Client.QueryAsync(Sums, CancellationToken.None));
        Assert.Equal([["0", "3"], ["1", "3"]], await embedded.Client.QueryAsync(
            "SELECT spend_partition, decision FROM tokenstream.spend_marks FINAL ORDER BY spend_partition", CancellationToken.None));

        var written = TimeProvider.System.GetUtcNow();
        await store.DropExpiredAsync(written.AddDays(39), CancellationToken.None);
        Assert.Equal(expected, await embedded.Client.QueryAsync(Sums, CancellationToken.None));
        await store.DropExpiredAsync(written.AddDays(41), CancellationToken.None);
        Assert.Empty(await embedded.Client.QueryAsync(Sums, CancellationToken.None));
    }

    private static ScopeSpend Spend(string scope, long part, SpendMeasures measures, int epoch = 1) => new(
        new RollupBlockHeader(epoch, "t", 2, Start, part, Math.Max(1, part), 100, 7, Final: true),
        Scope.TryParse(scope, out var parsed, out var error) ? parsed : throw new ArgumentException(error),
        measures)
    {
        BudgetsVersion = 5,
    };

    private static Mark Mark(long decision) => new()
    {
        Epoch = 1, Topic = "t", Partition = 2, Decision = decision, Position = 100, ClosedThroughMs = Start + 10_000, StreamTimeMs = Start + 40_000,
        RulesVersion = 7, NeededOffset = 100, IdsFrom = 0, Counts = new MarkCounts(1, 1, 0, 0, 0, 0, new Dictionary<string, long>()),
    };
}
