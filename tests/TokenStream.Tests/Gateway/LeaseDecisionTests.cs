using TokenStream.Commands;
using TokenStream.Gateway;
using TokenStream.Tests.Pricing;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;
using static TokenStream.Tests.Gateway.GatewayFixture;

namespace TokenStream.Tests.Gateway;

/// <summary>Decisions about requests of budgets of which gateways spend slices. Amounts by hand: gpt-5 costs 1.25 USD a million in, 10 out.</summary>
public sealed class LeaseDecisionTests : IAsyncLifetime
{
    /// <summary>100 tokens in and at most 900 out.</summary>
    private const long Estimate = (100 * 1_250_000) + (900 * 10_000_000L);

    private readonly GatewayFixture _fixture = new();
    private long _version;

    [Fact]
    public void Without_a_slice_a_request_is_refused_and_may_come_back_in_a_second()
    {
        Price();
        _fixture.Give(Lease());
        var decision = _fixture.Decide(Asked());
        Assert.Equal(
            (429, "budget_lease_empty", 1L, true), (decision.Status, decision.ErrorCode, decision.RetryAfterSeconds!.Value, decision.ShouldRetry));
        Assert.Equal("tenant=acme|lease/one", decision.RefusedBy!.Key);
        Assert.True(_fixture.Decide(Asked("other")).IsAllowed);
        var report = Report();
        Assert.Equal((Estimate, Estimate, 0), ((long)report.Wanted, (long)report.Largest, (long)report.Reserved));
    }

    [Fact]
    public void A_slice_lets_in_what_it_covers_and_counts_what_it_cost()
    {
        Price();
        Grant(2 * Estimate);
        var request = Asked();
        var first = _fixture.Decide(request);
        Assert.True(first.IsAllowed);
        Assert.True(_fixture.Decide(request).IsAllowed);
        Assert.False(_fixture.Decide(request).IsAllowed);
        _fixture.Gateway.Complete(in request, in first, new GatewayUsage { TokensIn = 80, TokensCached = 40, TokensOut = 10 });

        // 40 at 1.25, 40 at 0.125, 10 at 10 USD a million.
        const long Cost = (40 * 1_250_000) + (40 * 125_000) + (10 * 10_000_000);
        Assert.Equal((Cost, Estimate), ((long)Report().Settled, (long)Report().Reserved));
        Assert.False(_fixture.Decide(request).IsAllowed);
        Grant((2 * Estimate) + Cost);
        Assert.True(_fixture.Decide(request).IsAllowed);
    }

    [Fact]
    public void What_is_not_sent_or_answered_from_the_cache_costs_nothing()
    {
        Price();
        Grant(Estimate);
        var request = Asked();
        _fixture.Decide(request).Abandon();
        var cached = _fixture.Decide(request);
        Assert.True(cached.IsAllowed);
        _fixture.Gateway.Complete(in request, in cached, new GatewayUsage { TokensIn = 100, TokensOut = 900, IsCacheHit = true });
        Assert.True(_fixture.Decide(request).IsAllowed);
        Assert.Equal(0, Report().Settled);
    }

    [Fact]
    public void The_output_of_a_leased_request_is_always_limited()
    {
        Price();
        Grant(long.MaxValue / 4);
        Assert.Equal(4_096, _fixture.Decide(Asked(maxTokens: 0)).MaxOutputTokens);
        Assert.Equal(900, _fixture.Decide(Asked()).MaxOutputTokens);
        Assert.Null(_fixture.Decide(Asked("other", maxTokens: 0)).MaxOutputTokens);
    }

    [Fact]
    public void Several_answers_are_reserved_for()
    {
        Price();
        Grant((100 * 1_250_000) + (3 * 900 * 10_000_000L));
        Assert.False(_fixture.Decide(Asked() with { Answers = 4 }).IsAllowed);
        Assert.True(_fixture.Decide(Asked() with { Answers = 3 }).IsAllowed);
    }

    [Fact]
    public void Until_prices_are_known_nothing_is_let_in_by_a_lease_of_money_and_all_that_fits_by_one_of_tokens()
    {
        Grant(2 * Estimate);
        Assert.Equal(DecisionCode.LeaseEmpty, _fixture.Decide(Asked()).Code);
        Price();
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public void A_lease_of_tokens_needs_no_prices_and_counts_tokens()
    {
        Grant(2_000, isTokens: true);
        var request = Asked();
        var first = _fixture.Decide(request);
        Assert.True(_fixture.Decide(request).IsAllowed);
        Assert.False(_fixture.Decide(request).IsAllowed);
        _fixture.Gateway.Complete(in request, in first, new GatewayUsage { TokensIn = 90, TokensOut = 10 });
        Assert.Equal((100, 1_000), ((long)Report().Settled, (long)Report().Reserved));
    }

    [Fact]
    public void Every_lease_and_throttle_must_let_pass_and_none_is_charged_where_one_does_not()
    {
        Price();
        Grant(Estimate);
        Grant(10 * Estimate, "model=gpt-5");
        _fixture.Give(Throttle("tenant=acme", null, 6, "budget/three"));
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
        Assert.Equal(DecisionCode.Throttled, _fixture.Decide(Asked()).Code);
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 20; i++)
        {
            // The throttle would let one pass; what the lease refuses is not charged to it.
            Assert.Equal(DecisionCode.LeaseEmpty, _fixture.Decide(Asked()).Code);
        }

        // Nine more of another tenant fit into the model's slice: nothing of it was lost to what the tenant's slice refused.
        Assert.Equal(9, Enumerable.Range(0, 20).Count(_ => _fixture.Decide(Asked("other")).IsAllowed));
        Grant(3 * Estimate);
        Grant(20 * Estimate, "model=gpt-5");
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public void A_route_is_reserved_for_at_the_dearer_of_both_models()
    {
        Price();
        _fixture.Give(RouteTo("tenant=acme", "gpt-5-mini", "budget/two"));
        Grant(Estimate);
        var request = Asked();
        var decision = _fixture.Decide(request);
        Assert.Equal((Estimate, "gpt-5-mini"), ((long)Report().Reserved, decision.RouteModel));

        // It was served by the route: 80 at 0.25, 10 at 2 USD a million.
        _fixture.Gateway.Complete(in request, in decision, new GatewayUsage { TokensIn = 80, TokensOut = 10 });
        Assert.Equal((80 * 250_000) + (10 * 2_000_000), (long)Report().Settled);
    }

    [Fact]
    public void Where_nothing_remains_the_answer_is_that_of_an_exhausted_budget()
    {
        Price();
        _fixture.Give(Lease() with { RetryAtMs = _fixture.Time.NowMs + 90_001 });
        var decision = _fixture.Decide(Asked());
        Assert.Equal((429, "budget_exceeded", 91L, false), (decision.Status, decision.ErrorCode, decision.RetryAfterSeconds!.Value, decision.ShouldRetry));
    }

    [Fact]
    public void A_slice_ends_at_its_expiry_and_the_lease_does_not_let_pass_because_of_it()
    {
        Price();
        Grant(10 * Estimate);
        _fixture.Time.Advance(TimeSpan.FromMilliseconds(59_999));
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
        _fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(DecisionCode.LeaseEmpty, _fixture.Decide(Asked()).Code);
        _fixture.Give(Lease() with { ExpiresMs = _fixture.Time.NowMs + 1 });
        _fixture.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(DecisionCode.LeaseEmpty, _fixture.Decide(Asked()).Code);
    }

    [Fact]
    public void An_exemption_lifts_a_lease_and_a_release_ends_it()
    {
        Price();
        _fixture.Give(Lease(), Command("tenant=acme;feature=vip", CommandAction.Allow, "manual/1"));
        Assert.True(_fixture.Decide(Asked(feature: "vip")).IsAllowed);
        Assert.False(_fixture.Decide(Asked()).IsAllowed);
        _fixture.Give(Lease() with { Action = CommandAction.None });
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public void A_renewed_lease_is_obeyed_without_decisions_being_made_anew_and_is_the_one_that_is_named()
    {
        Price();
        _fixture.Give(Lease());
        var snapshot = _fixture.Gateway.Feed.Snapshot;
        _fixture.Take(Lease() with { Id = "the-second" });
        Assert.Same(snapshot, _fixture.Gateway.Feed.Snapshot);
        Assert.Equal("the-second", _fixture.Decide(Asked()).RefusedBy!.Id);
        Assert.Equal(new CommandVersion(1, 2), Report().Version);
    }

    [Fact]
    public void Many_leases_are_reported_in_parts_and_those_without_news_less_often()
    {
        Price();
        _fixture.Give([.. Enumerable.Range(0, 100).Select(i => Lease($"tenant=t{i}"))]);
        var leases = _fixture.Gateway.LeaseBook;
        Assert.Equal([40, 40, 20], leases.Report(isWhole: true).Select(ack => ack.Leases.Count));
        Assert.All(leases.Report(), ack => Assert.True(ack.Leases.Count is > 0 and <= 20));
        Assert.False(_fixture.Decide(Asked("t7")).IsAllowed);
        var told = Enumerable.Range(0, 5).Select(_ => leases.Report().SelectMany(ack => ack.Leases).Select(one => one.Key).ToList()).ToList();
        Assert.Contains("tenant=t7|lease/one", told[0]);
        Assert.Equal(100, told.SelectMany(keys => keys).Distinct().Count());
    }

    [Fact]
    public void Deciding_by_a_lease_allocates_nothing()
    {
        Price();
        Grant(long.MaxValue / 4);
        Grant(long.MaxValue / 4, "model=gpt-5");
        _fixture.Give(Throttle("tenant=acme", 1_000_000_000_000, source: "budget/three"));
        var request = Asked();
        Admit(request, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Admit(request, 1_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    private void Admit(GatewayRequest request, int times)
    {
        for (var i = 0; i < times; i++)
        {
            if (!_fixture.Gateway.Decide(in request).IsAllowed)
            {
                throw new InvalidOperationException("the slices are wide enough for all of them");
            }
        }
    }

    private void Price() => _fixture.Gateway.LeaseBook.Prices.Take("rules/0000000007", RequestPricesTests.Rules("{}"));

    private LeaseReport Report(string scope = "tenant=acme") =>
        _fixture.Gateway.LeaseBook.Table.Report().Single(report => report.Key == $"{scope}|lease/one");

    private Command Lease(string scope = "tenant=acme", bool isTokens = false, params LeaseSlice[] slices) =>
        Commands.CompositionSamples.Lease(scope, new CommandVersion(1, ++_version), isTokens, slices);

    /// <summary>Lets the gateway see the lease, which makes its instance known, and grants that a slice of a minute.</summary>
    private void Grant(long amount, string scope = "tenant=acme", bool isTokens = false)
    {
        _fixture.Give(Lease(scope, isTokens));
        _fixture.Give(Lease(scope, isTokens, new LeaseSlice("g1", Report(scope).Instance, amount, _fixture.Time.NowMs + 60_000)));
    }
}
