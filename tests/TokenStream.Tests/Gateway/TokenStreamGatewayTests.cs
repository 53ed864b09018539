using TokenStream.Commands;
using TokenStream.Gateway;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;
using static TokenStream.Tests.Gateway.GatewayFixture;

namespace TokenStream.Tests.Gateway;

public sealed class TokenStreamGatewayTests : IAsyncLifetime
{
    private readonly GatewayFixture _fixture = new();

    [Fact]
    public void A_killed_scope_is_told_403_which_command_and_why()
    {
        _fixture.Give(Command("tenant=acme", CommandAction.Kill, "manual/7"));
        var decision = _fixture.Decide(Asked());
        Assert.Equal((403, "tenant=acme", "tokenstream_killed", false), (decision.Status, decision.RefusedBy!.Scope.Text, decision.ErrorCode, decision.ShouldRetry));
        Assert.Contains("because", decision.Reason, StringComparison.Ordinal);
        Assert.Contains(decision.RefusedBy.Id, decision.Reason, StringComparison.Ordinal);
        Assert.True(_fixture.Decide(Asked("other")).IsAllowed);
    }

    [Fact]
    public void An_exhausted_budget_is_told_429_until_the_periods_end_and_not_to_retry()
    {
        _fixture.Give(Command("tenant=acme", CommandAction.Kill, retryAtMs: _fixture.Time.NowMs + 90_001));
        var decision = _fixture.Decide(Asked());
        Assert.Equal((429, "budget_exceeded", 91L, false), (decision.Status, decision.ErrorCode, decision.RetryAfterSeconds!.Value, decision.ShouldRetry));
    }

    [Fact]
    public void A_throttle_lets_its_rate_pass_and_says_when_to_come_back()
    {
        // 6,000 tokens a minute: a request of 1,000 takes ten seconds' worth, a second one would go into debt.
        _fixture.Give(Throttle("tenant=acme", 6_000));
        Assert.NotNull(_fixture.Decide(Asked()).ThrottledBy);
        var refused = _fixture.Decide(Asked());
        Assert.Equal((429, "tokenstream_throttled", 1L, true), (refused.Status, refused.ErrorCode, refused.RetryAfterSeconds!.Value, refused.ShouldRetry));
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
        Assert.Equal(10, _fixture.Decide(Asked()).RetryAfterSeconds);
    }

    [Fact]
    public void Every_throttle_must_let_pass_and_none_is_charged_where_one_does_not()
    {
        _fixture.Give(Throttle("tenant=acme", null, 6, "budget/one"), Throttle("model=gpt-5", null, 600, "budget/two"));
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
        for (var i = 0; i < 200; i++)
        {
            Assert.False(_fixture.Decide(Asked()).IsAllowed);
        }

        Assert.Equal(99, Enumerable.Range(0, 200).Count(_ => _fixture.Decide(Asked("other")).IsAllowed));
    }

    [Fact]
    public void All_of_many_throttles_are_charged_and_settled_and_the_narrowest_is_named()
    {
        // Six throttles of 6,000 tokens a minute: a request takes ten seconds' worth of each, and what it did not use comes back to each.
        _fixture.Give(
            Throttle("all", 6_000), Throttle("tenant=acme", 6_000), Throttle("tenant=acme;model=gpt-5", 6_000), Throttle("model=gpt-5", 6_000),
            Throttle("provider=openai", 6_000), Throttle("tenant=acme;provider=openai;model=gpt-5", 6_000));
        for (var i = 0; i < 3; i++)
        {
            var (request, decision) = (Asked(), _fixture.Decide(Asked()));
            Assert.Equal("tenant=acme;provider=openai;model=gpt-5", decision.ThrottledBy!.Scope.Text);
            Assert.False(_fixture.Decide(Asked()).IsAllowed);
            _fixture.Gateway.Complete(in request, in decision, default);
        }

        Assert.True(_fixture.Decide(Asked("other")).IsAllowed);
        Assert.Equal("all", _fixture.Decide(Asked("other", "claude") with { Provider = "anthropic" }).RefusedBy!.Scope.Text);
    }

    [Fact]
    public void A_renewed_throttle_forgives_nothing()
    {
        var throttle = Throttle("tenant=acme", null, 6);
        _fixture.Give(throttle);
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
        _fixture.Give(throttle with { Version = new CommandVersion(1, 2), ExpiresMs = _fixture.Time.NowMs + 1_000 });
        Assert.False(_fixture.Decide(Asked()).IsAllowed);
        _fixture.Give(Throttle("tenant=acme", null, 12) with { Version = new CommandVersion(1, 3) });
        Assert.False(_fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public void Completing_makes_a_throttle_count_what_was_used()
    {
        _fixture.Give(Throttle("tenant=acme", 6_000));
        var (request, decision) = (Asked(), _fixture.Decide(Asked()));
        _fixture.Gateway.Complete(in request, in decision, new GatewayUsage { TokensIn = 50, TokensOut = 50 });
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public void A_decision_carries_limit_and_route_and_every_command_applied()
    {
        _fixture.Give(Trim("tenant=acme", 500), RouteTo("model=gpt-5", "gpt-5-mini", "budget/two"), Throttle("tenant=acme", 1_000_000, source: "budget/three"));
        var decision = _fixture.Decide(Asked(maxTokens: 900));
        Assert.Equal((500L, "gpt-5-mini", 3), (decision.MaxOutputTokens!.Value, decision.RouteModel, decision.AppliedCommands().Count));
        Assert.Equal(300, _fixture.Decide(Asked(maxTokens: 300)).MaxOutputTokens);
        Assert.Null(_fixture.Decide(Asked("other", "gpt-4", maxTokens: 0)).MaxOutputTokens);
    }

    [Fact]
    public void A_retry_on_another_model_is_decided_anew()
    {
        _fixture.Give(Command("model=gpt-5-mini", CommandAction.Kill));
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
        Assert.Equal(DecisionCode.Killed, _fixture.Decide(Asked() with { ServedModel = "gpt-5-mini", Attempt = 2 }).Code);
    }

    [Fact]
    public void Reservations_stand_from_decision_to_completion()
    {
        var request = Asked(tokensIn: 100, maxTokens: 900);
        var first = _fixture.Decide(request);
        var second = _fixture.Decide(request with { MaxTokens = 0 });
        Assert.Equal(new TenantReservation("acme", 2, 1_000 + 100 + 4_096), Assert.Single(_fixture.Gateway.Outstanding()));
        _fixture.Gateway.Complete(in request, in first, new GatewayUsage { TokensIn = 90, TokensOut = 10 });
        _fixture.Gateway.Complete(in request, in second, new GatewayUsage { Result = UsageResult.Error });
        Assert.Empty(_fixture.Gateway.Outstanding());
    }

    [Fact]
    public void What_is_not_sent_after_all_is_neither_reserved_nor_charged_to_a_throttle()
    {
        _fixture.Give(Throttle("tenant=acme", 6_000));
        var decision = _fixture.Decide(Asked());
        decision.Abandon();
        Assert.Empty(_fixture.Gateway.Outstanding());
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public void A_command_ends_at_its_expiry_even_where_nothing_more_is_heard()
    {
        _fixture.Give(Command("tenant=acme", CommandAction.Kill, expiresMs: _fixture.Time.NowMs + 60_000));
        _fixture.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(_fixture.Decide(Asked()).IsAllowed);
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public async Task Events_beyond_the_buffer_are_dropped_and_said_to_be()
    {
        await using var fixture = new GatewayFixture(options => options.BufferedEvents = 2);
        var (request, decision) = (Asked(), fixture.Decide(Asked()));
        var outcomes = Enumerable.Range(0, 3).Select(_ => fixture.Gateway.Complete(in request, in decision, default)).ToList();
        Assert.Equal([PublishOutcome.Accepted, PublishOutcome.Accepted, PublishOutcome.BufferFull], outcomes);
    }

    [Fact]
    public void Deciding_allocates_nothing()
    {
        _fixture.Give(
            Command("tenant=blocked", CommandAction.Kill), Trim("tenant=acme", 500), RouteTo("model=gpt-5", "gpt-5-mini", "budget/two"),
            Throttle("tenant=acme", 1_000_000_000_000, source: "budget/three"), Trim("model=gpt*", 900, "budget/four"));
        var request = Asked();
        Spend(request, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Spend(request, 1_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    private void Spend(GatewayRequest request, int times)
    {
        for (var i = 0; i < times; i++)
        {
            if (!_fixture.Gateway.Decide(in request).IsAllowed)
            {
                throw new InvalidOperationException("the throttle is wide enough for all of them");
            }
        }
    }
}
