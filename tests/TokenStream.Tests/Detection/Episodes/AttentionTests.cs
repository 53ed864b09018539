using TokenStream.Detection;
using TokenStream.Detection.Episodes;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Detection.Episodes;

public sealed class AttentionTests
{
    private const int PerHour = 4;

    private readonly EpisodeWorld _world;
    private readonly List<TestSeries> _costs = [];

    public AttentionTests()
    {
        // Each tenant has a provider of its own, so that nothing else makes them one; what the last one spends is critical for its budget.
        _world = new EpisodeWorld(
            new EpisodeOptions { MaxAlertsPerHour = PerHour },
            new TestBudgets(tenant => (tenant == "t7" ? 2_000 : 10_000) * (Int128)Picodollars.PerUsd));
        for (var i = 0; i < 8; i++)
        {
            _world.Spends($"t{i}", 1, $"m{i}", $"p{i}");
            _costs.Add(_world.AddCost($"t{i}"));
        }
    }

    [Fact]
    public void Alerts_beyond_the_budget_of_attention_are_one_digest()
    {
        // 240 USD an hour: 2.4 % of a day's budget, a warning; three of four places are for warnings.
        _world.For(2, [.. _costs.Take(6).Select(cost => (cost, 5.0))]);

        var sent = _world.Sent.ToList();
        Assert.Equal(3, sent.Count(anomaly => anomaly.Kind == AnomalyKind.Spike));
        var digest = Assert.Single(sent, anomaly => anomaly.Kind == AnomalyKind.Digest);
        Assert.Equal(3, digest.Value);
        Assert.Equal(AnomalySeverity.Warning, digest.Severity);
        Assert.Equal(["t3", "t4", "t5"], digest.Members.Select(member => member.Tenant));
        Assert.Equal(3, _world.Told.Count(anomaly => anomaly.HeldBack == $"more than 4 alerts an hour: in digest {digest.Id}"));
        Assert.Equal(3, _world.Book.Counters.Digested);
    }

    [Fact]
    public void A_critical_one_still_gets_through_and_more_are_in_the_digest()
    {
        _world.For(2, [.. _costs.Take(6).Select(cost => (cost, 5.0))]);
        _world.For(2, (_costs[7], 5));

        Assert.Contains(_world.Sent, anomaly => anomaly.Scope.Tenant == "t7" && anomaly.Severity == AnomalySeverity.Critical);
        _world.For(2, (_costs[6], 25));
        Assert.DoesNotContain(_world.Sent, anomaly => anomaly.Scope.Tenant == "t6");
        var digest = _world.Sent.Last(anomaly => anomaly.Kind == AnomalyKind.Digest);
        Assert.Equal(4, digest.Value);
        Assert.Equal(AnomalySeverity.Critical, digest.Severity);
        Assert.Single(_world.Told.Where(anomaly => anomaly.Kind == AnomalyKind.Digest).Select(anomaly => anomaly.Id).Distinct());
    }

    [Fact]
    public void The_worst_of_a_minute_are_sent()
    {
        _world.For(2, [.. _costs.Take(6).Select((cost, i) => (cost, 4.0 + i))]);

        var spikes = _world.Sent.Where(one => one.Kind == AnomalyKind.Spike).OrderByDescending(one => one.Value);
        Assert.Equal(["t5", "t4", "t3"], spikes.Select(one => one.Scope.Tenant));
    }

    [Fact]
    public void The_digest_ends_with_the_last_that_it_holds()
    {
        _world.For(2, [.. _costs.Take(5).Select(cost => (cost, 5.0))]);
        _world.For(5, (_costs[4], 5));
        _world.For(9);
        Assert.DoesNotContain(_world.Sent, anomaly => anomaly.Kind == AnomalyKind.Digest && anomaly.EndedMs is not null);
        _world.Next();

        var digest = _world.Told[^1];
        Assert.Equal((AnomalyKind.Digest, AnomalyEnd.Quiet, (string?)null), (digest.Kind, digest.End!.Value, digest.HeldBack));
        _world.For(5);
        Assert.Same(digest, _world.Told[^1]);
    }

    [Fact]
    public void An_hour_later_there_is_room_again()
    {
        _world.For(2, [.. _costs.Take(3).Select(cost => (cost, 5.0))]);
        _world.For(57);
        _world.For(2, (_costs[3], 5));
        Assert.DoesNotContain(_world.Sent, anomaly => anomaly.Scope.Tenant == "t3");
        _world.Next();
        _world.For(2, (_costs[4], 5));

        Assert.Contains(_world.Sent, anomaly => anomaly.Scope.Tenant == "t4");
    }

    [Fact]
    public void Every_episode_is_written_down_with_its_end()
    {
        _world.For(2, [.. _costs.Select(cost => (cost, 5.0))]);
        _world.For(12);

        var spikes = _world.Told.Where(anomaly => anomaly.Kind == AnomalyKind.Spike).ToLookup(anomaly => anomaly.Id);
        Assert.Equal(8, spikes.Count);
        Assert.All(spikes, of => Assert.NotNull(of.Last().EndedMs));
    }
}
