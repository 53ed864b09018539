using System.Globalization;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Tests.Pricing;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Windowing.AggregateFixture;

namespace TokenStream.Tests.Windowing;

/// <summary>What scopes spend: sums by scope against sums over the events by hand.</summary>
public sealed class ScopeSpendTests
{
    /// <summary>Two dollars a million input tokens, ten a million output tokens; half of it for batches. Model x has no price: 3 and 10 are the dearest.</summary>
    private static readonly PriceBook Prices = PriceFiles.Book(
        """
        providers:
          acme:
            models:
              m:
                prices: [{input: 2, output: 10}, {service_tier: batch, input: 1, output: 5}]
              dear:
                prices: [{input: 3, output: 4}]
        """);

    [Fact]
    public void A_request_counts_for_every_scope_it_is_in_once()
    {
        var spends = Spend(["all", "tenant=<each>", "tenant=a", "tenant=b", "tenant=a;model=m*", "feature=<each>", "user=<each>"], ["tokens_in:100", "tokens_out:7", "user_id:\"u\""]);
        Assert.Equal(["all", "tenant=a", "tenant=a;model=m*", "user=u"], spends.Keys.Order(StringComparer.Ordinal));
        Assert.All(spends.Values, measures => Assert.Equal(new SpendMeasures { Cost = 270_000_000, Tokens = 107, Requests = 1 }, measures));
    }

    [Fact]
    public void Usage_without_a_price_counts_at_its_bound_and_apart() => Assert.Equal(
        new SpendMeasures { UnpricedBound = 300_000_000 + 70_000_000, Tokens = 107, Requests = 1 },
        Spend(["all"], ["model:\"x\"", "tokens_in:100", "tokens_out:7"])["all"]);

    [Fact]
    public void Usage_of_a_provider_that_nobody_knows_is_unbound() => Assert.Equal(
        new SpendMeasures { UnboundTokens = 107, Tokens = 107, Requests = 1 },
        Spend(["all"], ["provider:\"x\"", "tokens_in:100", "tokens_out:7"])["all"]);

    [Theory]
    [InlineData("batch")]
    [InlineData("Batch")]
    public void Batches_are_a_part_of_the_sums(string tier) => Assert.Equal(
        new SpendMeasures { Cost = 135_000_000, BatchCost = 135_000_000, Tokens = 107, BatchTokens = 107, Requests = 1, BatchRequests = 1 },
        Spend(["all"], ["tokens_in:100", "tokens_out:7", $"service_tier:\"{tier}\""])["all"]);

    [Fact]
    public void Unpriced_batches_are_a_part_of_the_bound() => Assert.Equal(
        new SpendMeasures { UnpricedBound = 300_000_000, BatchUnpricedBound = 300_000_000, Tokens = 100, BatchTokens = 100, Requests = 1, BatchRequests = 1 },
        Spend(["all"], ["model:\"x\"", "tokens_in:100", "tokens_out:0", "service_tier:\"batch\""])["all"]);

    [Theory]
    [InlineData("exact")]
    [InlineData("semantic")]
    public void Hits_of_the_gateways_cache_use_nothing(string status) => Assert.Equal(
        new SpendMeasures { Requests = 1 }, Spend(["all"], ["tokens_in:100", "tokens_out:7", $"cache_status:\"{status}\""])["all"]);

    [Fact]
    public void What_is_part_of_an_event_or_takes_back_is_no_request()
    {
        var spends = Spend(
            ["all"],
            ["tokens_in:100", "tokens_out:7", "completeness:\"partial\""],
            ["tokens_in:1", "tokens_out:0", "attempt:2"],
            ["kind:\"adjustment\"", "adjusts:\"e\"", "tokens_in:-40", "tokens_out:-5"],
            ["kind:\"adjustment\"", "adjusts:\"e\"", "tokens_in:-10", "tokens_out:0", "model:\"x\""]);
        Assert.Equal(
            new SpendMeasures { Cost = 270_000_000 + 2_000_000 - 80_000_000 - 50_000_000, UnpricedBound = -30_000_000, Tokens = 107 + 1 - 45 - 10 },
            spends["all"]);
    }

    [Theory]
    [InlineData("m", 200_000_000L + 5_000_000_000)]
    [InlineData("x", 300_000_000L + 5_000_000_000)]
    public void What_a_budget_blocked_counts_as_demand_only(string model, long cost)
    {
        string[] blocked = [$"model:\"{model}\"", "result_type:\"blocked_budget\"", "tokens_in:100", "tokens_out:3", "tokens_cached:50", "max_tokens:500", "command_id:\"c\""];
        Assert.Equal(new SpendMeasures { BlockedCost = cost, BlockedTokens = 600, BlockedRequests = 1 }, Spend(["all"], blocked)["all"]);
    }

    [Fact]
    public void What_a_policy_blocked_counts_for_no_scope() =>
        Assert.Equal(default, Spend(["all"], ["result_type:\"blocked_policy\"", "tokens_in:100", "max_tokens:500"])["all"]);

    [Theory]
    [InlineData("blocked_budget")]
    [InlineData("blocked_policy")]
    public void A_blocked_request_is_an_attempt_in_rollups_and_nothing_else(string result)
    {
        using var partition = new AggregateFixture(Rules with { Prices = Prices });
        partition.Read(partition.Event(Start, $"result_type:\"{result}\"", "tokens_in:100", "tokens_out:7", "max_tokens:9", "latency_ms:3", "units:{\"images\":4}", "user_id:\"u\""), Start);
        partition.Close(Start + 40_000);
        var rollup = Assert.Single(partition.Rollups);
        var expected = new RollupMeasures { Events = 1, Requests = 1, Attempts = 1 };
        expected.BlockedBudget = result == "blocked_budget" ? 1 : 0;
        expected.BlockedPolicy = 1 - expected.BlockedBudget;
        Assert.Equal(Fields(expected), Fields(rollup.Measures));
        Assert.Empty(rollup.LatencyMs.Buckets);
        Assert.Empty(rollup.TokensIn.Buckets);
        Assert.Single(rollup.Users.Registers);
    }

    [Fact]
    public void A_tenant_belongs_to_the_organisation_that_it_had_at_the_windows_time()
    {
        var directory = new TenantDirectory([Entry(0, "north"), Entry(Start + 10_000, "south")]);
        using var partition = new AggregateFixture(With(directory, ["organisation=<each>", "organisation=south;user=<each>"]));
        partition.Read(partition.Event(Start + 10_000, "user_id:\"u\"", "tokens_in:4"), Start + 10_000);
        partition.Read(partition.Event(Start + 9_999, "user_id:\"u\"", "tokens_in:2"), Start + 10_000);
        partition.Read(partition.Event(Start + 12_000, "user_id:\"u\"", "tokens_in:8"), Start + 12_000);
        partition.Read(partition.Event(Start + 12_000, "tenant_id:\"elsewhere\""), Start + 12_000);
        partition.Close(Start + 60_000);
        Assert.Equal(
            ["0 organisation=north 3", "10000 organisation=south 14", "10000 organisation=south;user=u 14"],
            partition.Spends.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Block.WindowStartMs - Start} {s.Scope} {s.Measures.Tokens}")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Scopes_beyond_a_patterns_bound_are_booked_under_other_and_named_ones_never()
    {
        using var partition = new AggregateFixture(With(TenantDirectory.Empty, ["all", "tenant=<each>", "tenant=t9"]) with { MaxScopes = 3 });
        for (var i = 0; i < 20; i++)
        {
            partition.Read(partition.Event(Start, $"tenant_id:\"t{i % 10}\"", $"tokens_in:{i}", "tokens_out:0"), Start);
        }

        Assert.Equal(6, partition.Processor.FoldedScopes);
        partition.Close(Start + 40_000);
        var sums = partition.Spends.ToDictionary(s => s.Scope.Text, s => s.Measures.Tokens);
        Assert.Equal(["all", "tenant=t0", "tenant=t1", "tenant=t2", "tenant=t9", "tenant=~other"], sums.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((190L, 190L, 10L, 28L), (sums["all"], sums.Values.Sum() - sums["all"], sums["tenant=t0"], sums["tenant=t9"]));
    }

    [Fact]
    public void The_last_event_of_a_scope_says_how_old_its_sum_is()
    {
        using var partition = new AggregateFixture(With(TenantDirectory.Empty, ["tenant=<each>"]) with { BudgetsVersion = 5 });
        partition.Read(partition.Event(Start), Start + 700);
        partition.Read(partition.Event(Start + 100), Start + 900);
        partition.Read(partition.Event(Start, "tenant_id:\"b\""), Start + 200);
        partition.Close(Start + 40_000);
        Assert.Equal([("tenant=a", Start + 900, 5L), ("tenant=b", Start + 200, 5L)], partition.Spends.Select(s => (s.Scope.Text, s.EventMs, s.BudgetsVersion)));
    }

    [Fact]
    public void Provisional_spend_is_written_where_it_changed_and_again_when_it_was_lost()
    {
        using var partition = new AggregateFixture(With(TenantDirectory.Empty, ["tenant=<each>"]));
        partition.Read(partition.Event(Start), Start);
        partition.Read(partition.Event(Start, "tenant_id:\"b\""), Start);
        Assert.Equal(["tenant=a 2 @2", "tenant=b 2 @2"], Provisional(partition, 100));
        Assert.Empty(Provisional(partition, 100));
        partition.Read(partition.Event(Start, "tenant_id:\"b\""), Start);
        Assert.Equal(["tenant=b 4 @3"], Provisional(partition, 100));
        partition.Processor.RepeatProvisionalSpend();
        Assert.Equal(["tenant=a 2 @3"], Provisional(partition, 1));
        Assert.Equal(["tenant=b 4 @3"], Provisional(partition, 1));
        Assert.Empty(Provisional(partition, 1));
    }

    [Fact]
    public void Late_events_are_a_correction_and_every_spend_partition_has_the_mark()
    {
        using var partition = new AggregateFixture(With(TenantDirectory.Empty, ["all"]) with { SpendPartitions = 3 });
        partition.Read(partition.Event(Start), Start);
        partition.Close(Start + 40_000);
        partition.Read(partition.Event(Start, "tokens_in:5"), Start + 40_000);
        partition.Processor.Tick(2_000, isAtEnd: false);
        var decision = partition.Processor.Decide()!;
        var (spends, marks) = (new List<ScopeSpend>(), new List<int>());
        partition.Processor.WriteSpend(decision, (to, _, value) =>
        {
            new SpendDecoder().Read(value, spends);
            Assert.Equal(Scope.Everything.Partition(3), to);
        });
        partition.Processor.WriteMarks(decision, (_, _, _) => { }, (to, _, value) =>
        {
            Assert.Equal(decision.Decision, new SpendDecoder().Read(value, spends)!.Decision);
            marks.Add(to);
        });
        Assert.Equal([(decision.Decision, 6L)], spends.Select(s => (s.Block.Part, s.Measures.Tokens)));
        Assert.Equal([0, 1, 2], marks);
    }

    [Fact]
    public void Values_that_a_budget_names_keep_their_names_in_rollups()
    {
        var rules = With(TenantDirectory.Empty, ["tenant=vip;feature=chat"]) with { Bounds = [9, 1, 9, 1, 9, 9, 9, 9, 9, 9, 9] };
        using var partition = new AggregateFixture(rules);
        partition.Read(partition.Event(Start, "tenant_id:\"first\"", "feature:\"search\""), Start);
        partition.Read(partition.Event(Start, "tenant_id:\"second\"", "feature:\"other\""), Start);
        partition.Read(partition.Event(Start, "tenant_id:\"vip\"", "feature:\"chat\""), Start);
        partition.Close(Start + 40_000);
        Assert.Equal(["first search", "vip chat", "~other ~other"], partition.Rollups.Select(r => $"{r.Key.TenantId} {r.Key.Feature}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Sums_of_random_events_are_those_of_adding_them_up_by_hand()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            using var partition = new AggregateFixture(With(TenantDirectory.Empty, ["all", "tenant=<each>;model=*", "model=m", "tenant=t1;user=<each>"]));
            var expected = new SortedDictionary<string, SpendMeasures>(StringComparer.Ordinal);
            for (var i = 0; i < 60; i++)
            {
                var (tenant, user, priced, batch, tokensIn, tokensOut) =
                    ($"t{random.Next(3)}", random.Next(3), random.Next(3) > 0, random.Next(4) == 0, random.Next(1000), random.Next(100));
                string[] fields = [$"tenant_id:\"{tenant}\"", $"model:\"{(priced ? "m" : "x")}\"", $"tokens_in:{tokensIn}", $"tokens_out:{tokensOut}"];
                fields = user > 0 ? [.. fields, $"user_id:\"u{user}\""] : fields;
                partition.Read(partition.Event(Start + random.Next(30_000), batch ? [.. fields, "service_tier:\"batch\""] : fields), Start);
                var cost = priced ? (tokensIn * (batch ? 1_000_000L : 2_000_000)) + (tokensOut * (batch ? 5_000_000L : 10_000_000)) : 0;
                var bound = priced ? 0 : (tokensIn * 3_000_000L) + (tokensOut * 10_000_000L);
                var tokens = tokensIn + tokensOut;
                var event1 = new SpendMeasures { Cost = cost, UnpricedBound = bound, Tokens = tokens, Requests = 1 };
                event1 = batch ? event1 with { BatchCost = cost, BatchUnpricedBound = bound, BatchTokens = tokens, BatchRequests = 1 } : event1;
                string?[] scopes = ["all", $"tenant={tenant};model=*", priced ? "model=m" : null, tenant == "t1" && user > 0 ? $"tenant=t1;user=u{user}" : null];
                foreach (var scope in scopes.OfType<string>())
                {
                    expected[scope] = expected.GetValueOrDefault(scope) + event1;
                }
            }

            partition.Close(Start + 100_000);
            var sums = new SortedDictionary<string, SpendMeasures>(StringComparer.Ordinal);
            foreach (var spend in partition.Spends)
            {
                sums[spend.Scope.Text] = sums.GetValueOrDefault(spend.Scope.Text) + spend.Measures;
            }

            Assert.Equal(expected, sums);
        }
    }

    private static TenantEntry Entry(long fromMs, string organisation) => new("a", fromMs, organisation, null, null, null);

    private static AggregateRules With(TenantDirectory directory, string[] patterns) => Rules with
    {
        Prices = Prices,
        Scopes = new ScopeIndex(
            patterns.Select(text => ScopePattern.TryParse(text, out var pattern, out var error) ? pattern : throw new ArgumentException(error)), directory),
    };

    /// <summary>What scopes spent on some events of one window.</summary>
    private static Dictionary<string, SpendMeasures> Spend(string[] patterns, params string[][] events)
    {
        using var partition = new AggregateFixture(With(TenantDirectory.Empty, patterns));
        foreach (var fields in events)
        {
            Assert.Equal(ReadOutcome.Counted, partition.Read(partition.Event(Start, fields), Start));
        }

        partition.Close(Start + 40_000);
        return partition.Spends.ToDictionary(s => s.Scope.Text, s => s.Measures);
    }

    private static string[] Provisional(AggregateFixture partition, int most)
    {
        var spends = new List<ScopeSpend>();
        partition.Processor.WriteProvisionalSpend(most, (_, _, value) => new SpendDecoder().Read(value, spends));
        Assert.All(spends, spend => Assert.False(spend.Block.Final));
        return [.. spends.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Scope} {s.Measures.Tokens} @{s.Block.Position}")).Order(StringComparer.Ordinal)];
    }

    private static Int128[] Fields(RollupMeasures measures)
    {
        var fields = new Int128[RollupMeasures.FieldCount];
        measures.CopyTo(fields);
        return fields;
    }
}
