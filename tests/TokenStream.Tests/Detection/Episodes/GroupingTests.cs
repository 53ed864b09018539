using TokenStream.Detection;
using Xunit;

namespace TokenStream.Tests.Detection.Episodes;

public sealed class GroupingTests
{
    private readonly EpisodeWorld _world = new();

    public GroupingTests()
    {
        for (var i = 0; i < 12; i++)
        {
            _world.Spends($"t{i}", 1, model: i < 6 ? "opus" : $"m{i}", provider: i < 9 ? "anthropic" : "openai");
        }
    }

    [Fact]
    public void A_sum_and_its_parts_are_one_alert_at_the_smallest_place_that_explains_it()
    {
        var tenant = _world.AddCost("t0");
        var feature = _world.AddCost("t0", "chat");
        var models = Enumerable.Range(0, 10).Select(i => _world.AddCost("t0", "chat", $"m{i}")).ToList();
        _world.For(2, [(tenant, 9), (feature, 9), .. models.Select(model => (model, 3.0))]);

        var alert = Assert.Single(_world.Sent);
        Assert.Equal(feature.Path, alert.Scope);
        Assert.Equal(12, alert.Members.Count);
        Assert.Equal(tenant.Path, alert.Members[0]);
        // The feature's own figure, not the sum of everything that says the same.
        Assert.Equal(16 * 1e12, (double)alert.ExcessCost);
        Assert.Equal(11, _world.Told.Count(anomaly => anomaly.HeldBack == $"part of {alert.Id}"));
        Assert.Equal(11, _world.Book.Counters.Grouped);
    }

    [Fact]
    public void A_part_that_holds_four_fifths_is_the_place()
    {
        var tenant = _world.AddCost("t0");
        var feature = _world.AddCost("t0", "chat");
        var model = _world.AddCost("t0", "chat", "opus");
        _world.For(2, (tenant, 11), (feature, 10.5), (model, 9));

        Assert.Equal(model.Path, Assert.Single(_world.Sent).Scope);
    }

    [Fact]
    public void An_excess_over_three_features_is_the_tenants()
    {
        var features = Enumerable.Range(0, 3).Select(i => _world.AddCost("t0", $"f{i}")).ToList();
        var model = _world.AddCost("t0", null, "opus");
        _world.For(2, [(model, 9), .. features.Select(feature => (feature, 4.0))]);

        var alert = Assert.Single(_world.Sent);
        Assert.Equal(new SeriesPath("prod", "t0", null, null), alert.Scope);
        Assert.Equal(18e12, (double)alert.ExcessCost);
    }

    [Fact]
    public void An_excess_over_two_features_of_one_model_is_the_models()
    {
        var features = Enumerable.Range(0, 2).Select(i => _world.AddCost("t0", $"f{i}")).ToList();
        var model = _world.AddCost("t0", null, "opus");
        _world.For(2, [(model, 9), .. features.Select(feature => (feature, 5.0))]);

        Assert.Equal(model.Path, Assert.Single(_world.Sent).Scope);
    }

    [Fact]
    public void Measures_of_one_incident_are_one_alert_and_cost_speaks_for_it()
    {
        var cost = _world.AddCost("t0", "chat");
        var tokens = _world.Add(SeriesMeasure.TokensIn, "t0", "chat", null, 1e6, 1e6);
        var cache = _world.Add(SeriesMeasure.CacheShare, "t0", "chat", null, 0.9, -1e12);
        _world.For(2, (cache, 0.1), (tokens, 3), (cost, 3));

        var alert = Assert.Single(_world.Sent);
        Assert.Equal(SeriesMeasure.Cost, alert.Measure);
        Assert.Equal(AnomalyDirection.Up, alert.Direction);
        Assert.Equal([cost.Path], alert.Members);
    }

    [Fact]
    public void Failures_are_not_money_spent()
    {
        _world.Day();
        var share = _world.Add(SeriesMeasure.ErrorShare, "t0", "chat", null, 0.1, costPerUnit: 1e14, requests: 1_000);
        var cost = _world.AddCost("t0", "chat");
        _world.For(2, (share, 9), (cost, 3));

        var alert = Assert.Single(_world.Sent);
        Assert.Equal(SeriesMeasure.Cost, alert.Measure);
        Assert.Equal(4e12, (double)alert.ExcessCost);
    }

    [Fact]
    public void Opposite_directions_are_two_alerts()
    {
        _world.Day();
        var errors = _world.Add(SeriesMeasure.ErrorShare, "t0", "chat", null, 0.1, requests: 1_000);
        var requests = _world.Add(SeriesMeasure.Requests, "t0", "chat", null, 1_000, 1e10);
        _world.For(2, (errors, 9), (requests, 0));

        Assert.Equal(2, _world.Sent.Count());
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    public void Places_apart_are_one_incident_within_three_minutes(int after, int alerts)
    {
        var (one, other) = (_world.AddCost("t0", "chat"), _world.AddCost("t0", "search"));
        _world.For(after, (one, 5));
        _world.For(2, (one, 5), (other, 5));

        // The second feature makes the tenant the place: that is told, too.
        Assert.Equal(alerts, _world.Sent.Select(anomaly => anomaly.Id).Distinct().Count());
    }

    [Fact]
    public void A_wider_place_is_told()
    {
        var (one, other) = (_world.AddCost("t0", "chat"), _world.AddCost("t0", "search"));
        _world.For(2, (one, 5));
        _world.For(2, (one, 5), (other, 5));

        Assert.Equal([one.Path, new SeriesPath("prod", "t0", null, null)], _world.Sent.Select(anomaly => anomaly.Scope));
    }

    [Fact]
    public void Members_join_while_it_lasts_and_it_ends_once()
    {
        var (tenant, feature) = (_world.AddCost("t0"), _world.AddCost("t0", "chat"));
        _world.For(20, (feature, 5));
        _world.For(20, (feature, 5), (tenant, 5));
        _world.For(20, (tenant, 5));
        _world.For(10);

        var id = _world.Sent.First().Id;
        Assert.All(_world.Sent, anomaly => Assert.Equal(id, anomaly.Id));
        Assert.Single(_world.Sent, anomaly => anomaly.EndedMs is not null);
        Assert.NotNull(_world.Told[^1].EndedMs);
        Assert.Equal(2, _world.Told.Count(anomaly => anomaly.Id != id && anomaly.HeldBack == $"part of {id}"));
    }

    [Fact]
    public void Tenants_apart_are_alerts_apart()
    {
        var costs = Enumerable.Range(0, 4).Select(i => _world.AddCost($"t{i}", "chat")).ToList();
        _world.Day();
        _world.For(2, [.. costs.Select(cost => (cost, 5.0))]);

        Assert.Equal(4, _world.Sent.Count());
    }

    [Fact]
    public void Five_tenants_of_one_model_are_the_models()
    {
        var latencies = Enumerable.Range(0, 5).Select(i => _world.Add(SeriesMeasure.LatencyP95, $"t{i}", "chat", null, 800)).ToList();
        _world.Day();
        _world.For(3, [.. latencies.Select(latency => (latency, 5.0))]);

        var alert = Assert.Single(_world.Sent);
        Assert.Equal(new SeriesPath("prod", null, null, "opus"), alert.Scope);
        Assert.Equal(5, alert.Members.Count);
        Assert.Equal(AnomalySeverity.Warning, alert.Severity);
        _world.For(10);
        Assert.Equal(2, _world.Sent.Count());
        Assert.Equal(alert.Id, _world.Told[^1].HeldBack is null ? _world.Told[^1].Id : _world.Sent.Last().Id);
        Assert.NotNull(_world.Sent.Last().EndedMs);
    }

    [Fact]
    public void Five_tenants_of_several_models_are_the_providers()
    {
        var costs = Enumerable.Range(3, 5).Select(i => _world.AddCost($"t{i}", "chat")).ToList();
        _world.Day();
        _world.For(2, [.. costs.Select(cost => (cost, 5.0))]);

        var alert = Assert.Single(_world.Sent);
        Assert.Equal(new SeriesPath("prod", null, null, null) { Provider = "anthropic" }, alert.Scope);
        Assert.Equal(40e12, (double)alert.ExcessCost);
    }

    [Fact]
    public void A_provider_that_fails_is_one_alert_however_many_tenants_it_serves()
    {
        var world = new EpisodeWorld();
        for (var i = 0; i < 1_000; i++)
        {
            world.Spends($"t{i}", 1, model: "opus", provider: "anthropic");
            world.Add(SeriesMeasure.LatencyP95, $"t{i}", "chat", null, 800);
        }

        world.For(3, [.. world.Series.Select(series => (series, 5.0))]);

        var alert = Assert.Single(world.Sent);
        Assert.Equal("opus", alert.Scope.Model);
        Assert.Equal((50, 950), (alert.Members.Count, alert.FurtherMembers));
        world.For(11);
        Assert.Equal(0, world.Book.OpenAlerts);
    }

    [Fact]
    public void Five_tenants_of_two_providers_are_five_alerts()
    {
        var costs = Enumerable.Range(5, 5).Select(i => _world.AddCost($"t{i}", "chat")).ToList();
        _world.Add(SeriesMeasure.Errors);
        _world.Day();
        _world.For(2, [.. costs.Select(cost => (cost, 5.0))]);

        Assert.Equal(5, _world.Sent.Count());
    }

    [Fact]
    public void Alerts_that_are_out_end_as_part_of_the_one_of_all_tenants()
    {
        var costs = Enumerable.Range(0, 6).Select(i => _world.AddCost($"t{i}", "chat")).ToList();
        _world.Day();
        _world.For(2, [.. costs.Take(2).Select(cost => (cost, 5.0))]);
        Assert.Equal(2, _world.Sent.Count());
        _world.For(2, [.. costs.Select(cost => (cost, 5.0))]);

        var shared = Assert.Single(_world.Sent, anomaly => anomaly.Scope.Tenant is null);
        var merged = _world.Sent.Where(anomaly => anomaly.End == AnomalyEnd.Merged).ToList();
        Assert.Equal(["t0", "t1"], merged.Select(anomaly => anomaly.Scope.Tenant));
        Assert.All(merged, anomaly => Assert.Equal($"part of {shared.Id}", anomaly.Note));
        Assert.Equal(shared.Id, _world.Book.SentId("prod", "t0", AnomalyDirection.Up));
        Assert.Null(_world.Book.SentId("prod", "t0", AnomalyDirection.Down));

        _world.For(11);
        Assert.Equal(6, _world.Sent.Count());
        Assert.Equal(0, _world.Book.OpenAlerts);
        Assert.Null(_world.Book.SentId("prod", "t0", AnomalyDirection.Up));
    }

    [Fact]
    public void A_sixth_tenant_joins_while_it_lasts()
    {
        var costs = Enumerable.Range(0, 6).Select(i => _world.AddCost($"t{i}", "chat")).ToList();
        _world.Day();
        _world.For(20, [.. costs.Take(5).Select(cost => (cost, 5.0))]);
        _world.For(2, [.. costs.Select(cost => (cost, 5.0))]);

        Assert.Single(_world.Sent, anomaly => anomaly.EndedMs is null && anomaly.Scope.Tenant is null);
        Assert.DoesNotContain(_world.Sent, anomaly => anomaly.Scope.Tenant == "t5");
    }

    [Fact]
    public void Open_places_are_those_of_an_episode_above_and_below()
    {
        var cost = _world.AddCost("t0", "chat");
        _world.Next((cost, 5));

        Assert.True(_world.Book.IsOpen(new SeriesPath("prod", "t0", null, null)));
        Assert.True(_world.Book.IsOpen(new SeriesPath("prod", "t0", "chat", "opus")));
        Assert.False(_world.Book.IsOpen(new SeriesPath("prod", "t0", "search", null)));
        Assert.False(_world.Book.IsOpen(new SeriesPath("test", "t0", "chat", null)));
        Assert.False(_world.Book.IsOpen(new SeriesPath("prod", "t1", "chat", null)));
    }
}
