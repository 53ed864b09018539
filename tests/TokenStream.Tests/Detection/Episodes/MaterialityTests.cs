using TokenStream.Detection;
using TokenStream.Detection.Episodes;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Detection.Episodes;

public sealed class MaterialityTests
{
    private readonly EpisodeWorld _world = new();

    [Theory]
    [InlineData(0.04, 3.1, false)] // 2 x 0.084: 0.17 USD.
    [InlineData(0.24, 3.1, true)] // 2 x 0.504: 1.01 USD.
    public void A_small_tenant_must_lose_a_dollar(double usdPerMinute, double times, bool isSent)
    {
        _world.Spends("acme", (decimal)usdPerMinute);
        var cost = _world.Add(SeriesMeasure.Cost, expected: usdPerMinute * 1e12, costPerUnit: 1);
        _world.Day();
        _world.For(2, (cost, times));

        Assert.Equal(isSent, _world.Sent.Any());
    }

    [Theory]
    [InlineData(3.8, false)] // 2 x 2.8 = 5.6 of 5.76 USD.
    [InlineData(3.9, true)]
    public void A_large_tenant_must_lose_a_thousandth_of_its_day(double times, bool isSent)
    {
        // 4 USD a minute are 5,760 a day; the feature has a dollar a minute. The last minutes are in the trailing cost as everywhere else.
        _world.Spends("acme", 4);
        var cost = _world.AddCost(feature: "chat");
        _world.Day();
        _world.For(2, (cost, times));

        Assert.Equal(isSent, _world.Sent.Any());
    }

    [Theory]
    [InlineData(0.49, 20, null)]
    [InlineData(0.51, 21, "49 % are missing, under 50 %")]
    [InlineData(0, 9, "90 requests missing, under 100")]
    public void A_shortfall_must_be_half_of_the_requests_and_a_hundred(double rest, double expected, string? heldBack)
    {
        // Ten minutes that hold so much of the expected; a hundred requests are missing with the last one only.
        var requests = _world.Add(SeriesMeasure.Requests, expected: expected, costPerUnit: 1e10);
        _world.Spends("acme", 0.01m);
        _world.Day();
        _world.For(2, (requests, rest > 0 ? 0.1 : 0));
        _world.For(8, (requests, rest > 0 ? ((rest * 10) - 0.2) / 8 : 0));
        _world.For(10);

        Assert.Equal(heldBack, _world.Told[^1].HeldBack);
    }

    [Theory]
    [InlineData(49, "98 requests hit, under 100")]
    [InlineData(50, null)]
    public void Slowness_must_hit_a_hundred_requests(double requests, string? heldBack)
    {
        _world.Spends("acme", 0.01m);
        var latency = _world.Add(SeriesMeasure.LatencyP95, expected: 800, requests: requests);
        _world.Day();
        _world.For(2, (latency, 4));
        _world.For(10);

        Assert.Equal(heldBack, _world.Told[^1].HeldBack);
    }

    [Fact]
    public void Slowness_is_as_severe_as_what_its_requests_cost()
    {
        // 60 requests a minute for 0.01 USD: all of the tenant's money is at risk, 1/24 of a day's an hour.
        _world.Spends("acme", 0.01m);
        var latency = _world.Add(SeriesMeasure.LatencyP95, feature: "chat", expected: 800, requests: 60);
        _world.Day();
        _world.For(2, (latency, 4));

        var sent = Assert.Single(_world.Sent);
        Assert.Equal(AnomalySeverity.Warning, sent.Severity);
        Assert.Equal(0, sent.ExcessCost);
    }

    [Fact]
    public void Failures_count_beyond_those_expected()
    {
        _world.Spends("acme", 0.01m);
        var share = _world.Add(SeriesMeasure.ErrorShare, expected: 0.2, requests: 100);
        _world.Day();
        _world.For(2, (share, 3));
        _world.For(10);

        Assert.Equal("80 requests hit, under 100", _world.Told[^1].HeldBack);
    }

    [Theory]
    [InlineData(SeriesMeasure.LatencyP95, 0.1)]
    [InlineData(SeriesMeasure.CostPerRequest, 0.1)]
    [InlineData(SeriesMeasure.ErrorShare, 0.1)]
    [InlineData(SeriesMeasure.CacheShare, 5)]
    public void Nobody_is_called_because_something_became_better(SeriesMeasure measure, double times)
    {
        var series = _world.Add(measure, expected: 0.15, costPerUnit: 1e13, requests: 10_000);
        _world.For(3, (series, times));

        Assert.Equal("an improvement", _world.Told[0].HeldBack);
        Assert.Empty(_world.Sent);
    }

    [Fact]
    public void Nothing_is_sent_where_nothing_is_known_of_what_to_expect()
    {
        var cost = _world.AddCost();
        for (var i = 0; i < 3; i++)
        {
            var point = cost.At(_world.NowMs + (i * EpisodeWorld.Minute), 5) with { Expected = Expectation.Unknown };
            _world.Book.Add(point, new TestProbe(1e12));
            _world.Told.AddRange(_world.Book.EndMinute(point.MinuteMs));
        }

        Assert.Equal("nothing is known yet of what to expect", _world.Told[0].HeldBack);
        Assert.Empty(_world.Sent);
    }

    [Theory]
    [InlineData(99, AnomalySeverity.Critical)]
    [InlineData(101, AnomalySeverity.Warning)]
    [InlineData(999, AnomalySeverity.Warning)]
    [InlineData(1001, AnomalySeverity.Info)]
    public void Ten_dollars_an_hour_are_as_severe_as_the_daily_budget_says(int budgetUsd, AnomalySeverity severity)
    {
        var world = new EpisodeWorld(
            new EpisodeOptions { LeastCost = 1 },
            new TestBudgets(tenant => tenant == "acme" ? budgetUsd * (Int128)Picodollars.PerUsd : null));
        var cost = world.Add(SeriesMeasure.Cost, expected: 1e12 / 24, costPerUnit: 1);
        world.For(2, (cost, 5));

        Assert.Equal(severity, world.Told[^1].Severity);
        Assert.Equal(severity == AnomalySeverity.Info, world.Told[^1].HeldBack is not null);
    }

    [Fact]
    public void Severity_of_an_alert_rises_and_never_falls()
    {
        var world = new EpisodeWorld(
            new EpisodeOptions { LeastCost = 1 }, new TestBudgets(_ => 200 * (Int128)Picodollars.PerUsd));
        var cost = world.Add(SeriesMeasure.Cost, expected: 1e12 / 24, costPerUnit: 1);
        world.For(2, (cost, 5));
        world.For(12, (cost, 13));
        world.For(12, (cost, 3));
        world.For(10);

        Assert.Equal(
            [AnomalySeverity.Warning, AnomalySeverity.Critical, AnomalySeverity.Critical], world.Sent.Select(anomaly => anomaly.Severity));
        Assert.NotNull(world.Told[^1].EndedMs);
    }

    [Fact]
    public void Usage_without_a_price_is_no_free_usage()
    {
        var tokens = _world.Add(SeriesMeasure.TokensOut, expected: 1_000, costPerUnit: 0, requests: 60);
        _world.For(2, (tokens, 5));

        var sent = Assert.Single(_world.Sent);
        Assert.Equal(AnomalySeverity.Warning, sent.Severity);
        Assert.Equal(0, sent.ExcessCost);
    }
}
