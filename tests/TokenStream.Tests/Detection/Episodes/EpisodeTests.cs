using TokenStream.Detection;
using TokenStream.Detection.Episodes;
using TokenStream.Pricing;
using Xunit;
using static TokenStream.Tests.Detection.Episodes.EpisodeWorld;

namespace TokenStream.Tests.Detection.Episodes;

public sealed class EpisodeTests
{
    private readonly EpisodeWorld _world = new();
    private readonly TestSeries _cost;

    public EpisodeTests()
    {
        _world.Spends("acme", 1);
        _cost = _world.AddCost();
    }

    [Theory]
    [InlineData(2.59, false)]
    [InlineData(2.61, true)]
    public void One_minute_opens_an_episode_from_three_over_the_threshold_on(double times, bool opens)
    {
        _world.Next((_cost, times));

        Assert.Equal(opens ? 1 : 0, _world.Book.Counters.Opened);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void A_lower_score_needs_two_of_three_minutes(int between, bool opens)
    {
        _world.Next((_cost, 2.4));
        _world.For(between);
        _world.Next((_cost, 2.4));

        Assert.Equal(opens ? 1 : 0, _world.Book.Counters.Opened);
    }

    [Fact]
    public void Two_minutes_in_opposite_directions_open_nothing()
    {
        _world.Next((_cost, 2.4));
        _world.Next((_cost, 0.3));

        Assert.Equal(0, _world.Book.Counters.Opened);
    }

    [Fact]
    public void An_episode_begins_with_the_first_of_its_two_minutes()
    {
        _world.Next();
        _world.Next((_cost, 2.4));
        _world.Next();
        _world.Next((_cost, 2.5));

        var alert = Assert.Single(_world.Told);
        Assert.Equal(Start + Minute, alert.OpenedMs);
        Assert.Equal(Start + (3 * Minute), alert.LastSeenMs);
        Assert.Equal(15, alert.PeakScore, 9);
        Assert.Equal(2.5e12, alert.Value, 3);
        // 1.4 of the first minute and 1.5 of the last; the one between does not belong to it.
        Assert.Equal(2.9e12, alert.Excess, 3);
    }

    [Fact]
    public void Interval_is_where_the_score_crosses_the_threshold()
    {
        _world.Next((_cost, 4));

        var alert = Assert.Single(_world.Told);
        Assert.Equal(1e12, alert.Expected);
        Assert.Equal(13, alert.Threshold);
        Assert.InRange(alert.Upper, 2.3e12, 2.30001e12);
        Assert.InRange(alert.Lower, 0.34999e12, 0.35e12);
    }

    [Fact]
    public void A_strong_spike_is_sent_with_its_second_minute()
    {
        _world.Day();
        Assert.Empty(_world.Told);
        _world.Next((_cost, 5));
        Assert.Empty(_world.Sent);
        _world.Next((_cost, 5));

        var alert = Assert.Single(_world.Sent);
        Assert.Equal(Start + (1_440 * Minute), alert.OpenedMs);
        Assert.Equal(AnomalySeverity.Critical, alert.Severity);
        Assert.Equal(8 * (Int128)Picodollars.PerUsd, alert.ExcessCost);
        Assert.Equal(240 * (Int128)Picodollars.PerUsd, alert.CostPerHour);
        Assert.Equal(AnomalyDirection.Up, alert.Direction);
        Assert.Equal(SeriesMeasure.Cost, alert.Measure);
    }

    [Fact]
    public void A_burst_of_one_minute_is_written_down_and_not_sent()
    {
        _world.Day();
        _world.Next((_cost, 50));
        _world.For(20);

        Assert.Empty(_world.Sent);
        Assert.Equal(2, _world.Told.Count);
        Assert.Equal("fewer than 2 minutes so far", _world.Told[0].HeldBack);
        Assert.Equal(AnomalyEnd.Quiet, _world.Told[1].End);
        Assert.Equal(1, _world.Book.Counters.Immaterial);
    }

    [Fact]
    public void It_lasts_while_the_score_is_half_the_threshold_and_ends_after_ten_quiet_minutes()
    {
        _world.For(2, (_cost, 3));
        _world.For(30, (_cost, 1.66));
        Assert.All(_world.Told, anomaly => Assert.Null(anomaly.EndedMs));
        _world.For(9, (_cost, 1.64));
        Assert.All(_world.Told, anomaly => Assert.Null(anomaly.EndedMs));
        _world.Next((_cost, 1.64));

        var ended = _world.Told[^1];
        Assert.Equal(AnomalyEnd.Quiet, ended.End);
        Assert.Equal(Start + (42 * Minute), ended.EndedMs);
        Assert.Equal(Start + (31 * Minute), ended.LastSeenMs);
        Assert.Null(ended.HeldBack);
        Assert.Equal(_world.Told[0].Id, ended.Id);
        _world.For(30);
        Assert.Same(ended, _world.Told[^1]);
    }

    [Fact]
    public void A_value_outside_the_interval_belongs_to_it_whatever_the_score_has_become()
    {
        _world.Next((_cost, 3));
        for (var i = 0; i < 15; i++)
        {
            // The detector has got used to it.
            var minute = _world.NowMs + (i * Minute);
            var point = _cost.At(minute, 3) with { Score = PointScore.None, Expected = new Expectation(3e12, 3e12) };
            _world.Book.Add(point, new TestProbe(1e12));
            Assert.DoesNotContain(_world.Book.EndMinute(minute), anomaly => anomaly.EndedMs is not null);
        }
    }

    [Fact]
    public void Coming_back_is_quiet_however_strange_it_looks()
    {
        _world.For(5, (_cost, 4));
        for (var i = 0; i < 10; i++)
        {
            var point = _cost.At(_world.NowMs + (i * Minute), 0.99) with { Score = new PointScore(30, 20, 30) };
            _world.Book.Add(point, new TestProbe(1e12));
            _world.Told.AddRange(_world.Book.EndMinute(point.MinuteMs));
        }

        Assert.Equal(AnomalyEnd.Quiet, _world.Told[^1].End);
        Assert.Equal(1, _world.Book.Counters.Opened);
    }

    [Fact]
    public void A_missing_minute_changes_nothing_but_the_clock()
    {
        _world.Next((_cost, 2.4));
        _world.Next((_cost, double.NaN));
        _world.Next((_cost, 2.4));
        Assert.Equal(1, _world.Book.Counters.Opened);

        _world.For(9);
        _world.For(50, (_cost, double.NaN));
        Assert.All(_world.Told, anomaly => Assert.Null(anomaly.EndedMs));
        _world.Next();
        Assert.Equal(AnomalyEnd.Quiet, _world.Told[^1].End);
    }

    [Fact]
    public void A_series_that_says_nothing_for_an_hour_is_not_waited_for()
    {
        _world.For(3, (_cost, 3));
        _world.For(60, (_cost, double.NaN));

        Assert.Equal(AnomalyEnd.Quiet, _world.Told[^1].End);
        Assert.Equal("without a value for 60 minutes", _world.Told[^1].Note);
    }

    [Fact]
    public void What_stays_for_two_hours_is_a_shift()
    {
        _world.For(120, (_cost, 3));
        Assert.All(_world.Told, anomaly => Assert.Null(anomaly.EndedMs));
        _world.Next((_cost, 3));

        Assert.Equal(AnomalyEnd.Shift, _world.Told[^1].End);
        Assert.Equal(Start + (121 * Minute), _world.Told[^1].EndedMs);
    }

    [Fact]
    public void A_slow_growth_is_sent_when_it_has_cost_enough()
    {
        // 1,440 USD a day; a thousandth is 1.44 USD.
        var small = _world.Add(SeriesMeasure.Cost, "acme", "chat", null, 0.1e12, costPerUnit: 1);
        _world.Day();
        _world.For(9, (small, 2.5));
        Assert.Empty(_world.Sent);
        Assert.Equal("0.30 USD, under 1.44 USD", _world.Told[0].HeldBack);
        _world.Next((small, 3.5));
        Assert.Empty(_world.Sent);
        _world.For(5, (small, 4));

        // 4 x 0.15 + 0.25 + 5 x 0.30 USD in the last ten minutes are 14.10 an hour, under a hundredth of a day's 1,440.
        Assert.Empty(_world.Sent);
        _world.For(8, (small, 6));
        var sent = Assert.Single(_world.Sent);
        Assert.Equal(AnomalySeverity.Warning, sent.Severity);
    }

    [Fact]
    public void Late_data_that_fills_a_shortfall_ends_it()
    {
        var requests = _world.Add(SeriesMeasure.Requests, "acme", expected: 100, costPerUnit: 1e10);
        _world.Day();
        _world.For(5, (requests, 0));
        var alert = Assert.Single(_world.Sent);
        Assert.Equal(AnomalyDirection.Down, alert.Direction);
        Assert.Equal(-200, alert.Excess);

        for (var i = 1; i <= 5; i++)
        {
            _world.Book.Correct(requests.Path, SeriesMeasure.Requests, _world.NowMs - (i * Minute), i == 5 ? 25 : 95);
        }

        _world.Next();

        Assert.Equal(AnomalyEnd.LateData, _world.Told[^1].End);
        Assert.Equal(-95, _world.Told[^1].Excess);
        Assert.Equal(1, _world.Book.Counters.LateData);
    }

    [Fact]
    public void A_correction_that_fills_less_than_four_fifths_ends_nothing()
    {
        var requests = _world.Add(SeriesMeasure.Requests, "acme", expected: 100, costPerUnit: 1e10);
        _world.For(5, (requests, 0));
        _world.Book.Correct(requests.Path, SeriesMeasure.Requests, _world.NowMs - Minute, 399);
        _world.Book.Correct(requests.Path, SeriesMeasure.Cost, _world.NowMs - Minute, 399);
        _world.Book.Correct(requests.Path, SeriesMeasure.Requests, _world.NowMs, 399);
        _world.Next();

        Assert.True(_world.Book.IsOpen(requests.Path));
    }

    [Fact]
    public void A_dropped_series_ends_its_episode()
    {
        _world.For(3, (_cost, 3));
        _world.Book.Drop(_cost.Number);
        _world.Series.Clear();
        Assert.Equal(AnomalyEnd.Dropped, Assert.Single(_world.Next()).End);
        Assert.False(_world.Book.IsOpen(_cost.Path));
    }

    [Fact]
    public void Nothing_of_history_is_ever_told()
    {
        for (var i = 0; i < 5; i++)
        {
            _world.Next(isHistory: true, (_cost, 3));
        }

        Assert.Equal(1, _world.Book.Counters.Opened);
        _world.For(3, (_cost, 3));
        _world.For(20);
        Assert.Empty(_world.Told);
        _world.For(2, (_cost, 3));
        Assert.NotEmpty(_world.Sent);
    }

    [Fact]
    public void Ids_are_of_the_series_and_the_minute()
    {
        var other = _world.AddCost(feature: "");
        _world.For(2, (_cost, 3), (other, 3));
        var again = new EpisodeWorld();
        var same = again.AddCost();
        again.For(2, (same, 3));

        Assert.Equal(again.Told[0].Id, _world.Sent.First().Id);
        Assert.Equal(2, _world.Told.Select(anomaly => anomaly.Id).Distinct().Count());
        Assert.All(_world.Told, anomaly => Assert.Matches("^[0-9a-f]{16}$", anomaly.Id));
    }

    [Fact]
    public void Most_episodes_are_held_and_further_ones_counted()
    {
        var world = new EpisodeWorld(new EpisodeOptions { MaxEpisodes = 3 });
        var series = Enumerable.Range(0, 5).Select(i => world.AddCost($"t{i}")).ToArray();
        world.Next([.. series.Select(one => (one, 5.0))]);

        Assert.Equal(3, world.Book.Counters.Opened);
        Assert.Equal(2, world.Book.Counters.NoRoom);
        world.For(12);
        world.Next((series[4], 5));
        Assert.Equal(4, world.Book.Counters.Opened);
    }
}
