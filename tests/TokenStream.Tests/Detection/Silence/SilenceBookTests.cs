using TokenStream.Detection;
using TokenStream.Detection.Silence;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Detection.Silence;

public sealed class SilenceBookTests
{
    private const int Day = Traffic.DayMinutes;

    [Theory]
    [InlineData(200, 2, 2)]
    [InlineData(20, 2, 3)]
    [InlineData(1, 2, 40)]
    [InlineData(200, 0.25, 3)]
    public void Ten_minutes_of_nothing_are_noticed(double rate, double days, int within)
    {
        var (story, traffic) = (new SilenceStory(), new Traffic(1));
        Run(story, (int)(days * Day), () => traffic.Poisson(rate));
        Assert.Empty(story.Out);
        var openedMs = story.NextMs;
        Run(story, within, () => 0);

        var anomaly = Assert.Single(story.Out);
        Assert.Equal((AnomalyKind.Silence, AnomalyDirection.Down, AnomalySeverity.Warning), (anomaly.Kind, anomaly.Direction, anomaly.Severity));
        Assert.InRange(anomaly.OpenedMs, openedMs - (3 * SilenceStory.MinuteMs), openedMs + (2 * SilenceStory.MinuteMs));
        Assert.InRange(anomaly.Expected, 0.5 * rate, 1.3 * rate);
        Assert.True(anomaly.PeakScore > 6 && anomaly.Value < 0.1 * rate);
        Assert.Null(anomaly.HeldBack);
        Assert.Contains("the last before were seen at 2023-11-2", anomaly.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void It_ends_when_half_is_back_and_not_at_a_minute_of_what_had_waited()
    {
        var story = After(2 * Day);
        Run(story, 10, () => 0);
        Run(story, 1, () => 1_000);
        Run(story, 5, () => 0);
        Assert.Single(story.Out);

        Run(story, 8, () => 190);
        Assert.Equal(2, story.Out.Count);
        var (begun, ended) = (story.Out[0], story.Out[1]);
        Assert.Equal((begun.Id, begun.OpenedMs, AnomalyEnd.Quiet), (ended.Id, ended.OpenedMs, ended.End));
        Assert.Equal(-1_600, ended.Excess / 1.0, 600.0);
        Assert.True(ended.ExcessCost < 0 && begun.CostPerHour < 0);
    }

    [Fact]
    public void An_outage_that_never_ends_is_a_shift_after_a_day()
    {
        var story = After(2 * Day);
        Run(story, Day + 10, () => 0);
        Assert.Equal([null, AnomalyEnd.Shift], story.Out.Select(anomaly => anomaly.End));
        Run(story, 2 * Day, () => 0);
        Assert.Equal(2, story.Out.Count);
    }

    [Fact]
    public void Data_that_come_late_end_it_as_late_and_are_learnt()
    {
        var story = After(2 * Day);
        var firstMs = story.NextMs;
        Run(story, 10, () => 0);
        for (var i = 0; i < 10; i++)
        {
            story.Book.Correct(SilenceStory.Environment, "acme", firstMs + (i * SilenceStory.MinuteMs), 200);
        }

        Run(story, 1, () => 200);
        Assert.Equal([null, AnomalyEnd.LateData], story.Out.Select(anomaly => anomaly.End));
        Run(story, 300, () => 200);
        Run(story, 2, () => 0);
        Assert.Equal(3, story.Out.Count);
        Assert.InRange(story.Out[2].Expected, 150, 210);
    }

    [Fact]
    public void A_minute_that_is_missing_is_no_silence()
    {
        var story = After(2 * Day);
        for (var i = 0; i < 30; i++)
        {
            story.Miss();
        }

        Run(story, 60, () => 200);
        Assert.Empty(story.Out);
    }

    [Fact]
    public void What_a_command_of_ours_stopped_is_noted_and_held_back()
    {
        var story = After(2 * Day);
        story.Take(150, blocked: 50);
        story.Take(100, blocked: 90);
        Run(story, 4, () => 0);

        var anomaly = Assert.Single(story.Out);
        Assert.NotNull(anomaly.HeldBack);
        Assert.Contains("blocked", anomaly.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Nights_and_weekends_of_nothing_are_no_silence()
    {
        var (story, traffic) = (new SilenceStory(), new Traffic(3));
        Run(story, 15 * Day, minute => traffic.Daily(minute, 300, 0.1, 0));
        Assert.Empty(story.Out);
    }

    [Fact]
    public void The_end_of_a_long_burst_is_no_silence()
    {
        var story = After(2 * Day);
        Run(story, 90, () => 4_000);
        Run(story, 240, () => 200);
        Assert.Empty(story.Out);
    }

    [Fact]
    public void Of_history_nothing_comes_out_not_even_its_end()
    {
        var story = After(2 * Day);
        story.Take(0, isHistory: true);
        story.Take(0, isHistory: true);
        story.Take(0, isHistory: true);
        Run(story, 20, () => 200);
        Assert.Empty(story.Out);

        // What came back by itself has taught that the next one has to be longer.
        Run(story, 180, () => 200);
        Run(story, 30, () => 0);
        Assert.Single(story.Out);
    }

    [Fact]
    public void A_gateway_is_watched_like_a_tenant()
    {
        var story = new SilenceStory();
        for (var i = 0; i < (2 * Day) + 5; i++)
        {
            story.Book.AddGateway(new GatewayMinute("prod", "edge-1", story.NextMs, i < 2 * Day ? 200 : 0, 0));
            story.Book.AddGateway(new GatewayMinute("prod", "edge-2", story.NextMs, 200, 0));
            story.End();
        }

        var anomaly = Assert.Single(story.Out);
        Assert.Equal((null, "edge-1"), (anomaly.Scope.Tenant, anomaly.Scope.Gateway));
    }

    [Fact]
    public void A_clock_that_runs_ahead_opens_and_ends()
    {
        var story = After(Day);
        for (var i = 0; i < 30; i++)
        {
            story.Take(200, adjusted: 120);
        }

        var begun = Assert.Single(story.Out);
        Assert.Equal((AnomalyKind.ClockDrift, null), (begun.Kind, begun.End));
        Run(story, 60, () => 200);
        Assert.Equal((begun.Id, AnomalyEnd.Quiet), (story.Out[1].Id, story.Out[1].End));
        Assert.Equal(0.6, story.Out[1].Value, 0.05);
        Assert.True(AnomalyFormat.TryRead(AnomalyFormat.Write(story.Out[1]), out _));
    }

    [Fact]
    public void A_source_whose_clock_is_always_ahead_is_told_once()
    {
        var story = new SilenceStory();
        for (var i = 0; i < 4 * Day; i++)
        {
            story.Take(100, adjusted: 100);
        }

        Assert.Equal([null, AnomalyEnd.Shift], story.Out.Select(anomaly => anomaly.End));
    }

    [Fact]
    public void A_snapshot_at_any_minute_goes_on_as_if_it_had_never_stopped()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var cut = new Random(seed).Next(2 * Day, (2 * Day) + 90);
            var (whole, other) = (Life(seed, -1), Life(seed, cut));
            Assert.Equal(whole.Out.Select(anomaly => anomaly with { Members = [] }), other.Out.Select(anomaly => anomaly with { Members = [] }));
            Assert.Equal(Bytes(whole.Book), Bytes(other.Book));
            Assert.NotEmpty(whole.Out);
        }
    }

    [Fact]
    public void The_number_of_places_is_bounded_and_the_silent_ones_leave()
    {
        var story = new SilenceStory { Book = new SilenceBook(new SilenceOptions { MaxPlaces = 100 }) };
        for (var i = 0; i < 300; i++)
        {
            story.Add("acme", 10);
            story.Add($"t{i:D3}", 10);
            story.End();
        }

        Assert.InRange(story.Book.Places, 90, 100);
        Assert.Equal(301 - story.Book.Places, story.Book.Left);
    }

    [Fact]
    public void Counts_of_any_size_do_no_harm()
    {
        var story = new SilenceStory();
        long[] counts = [long.MaxValue / 2, 0, 1, int.MaxValue, -1, 0, long.MaxValue / 2];
        for (var i = 0; i < 3 * Day; i++)
        {
            story.Take(counts[i % counts.Length]);
            story.Book.Correct(SilenceStory.Environment, "acme", story.NextMs - (i % 300 * SilenceStory.MinuteMs), counts[i % 5]);
        }

        Assert.All(story.Out, anomaly => Assert.True(double.IsFinite(anomaly.Value) && double.IsFinite(anomaly.PeakScore)));
    }

    private static SilenceStory After(int minutes)
    {
        var (story, traffic) = (new SilenceStory(), new Traffic(7));
        Run(story, minutes, () => traffic.Poisson(200));
        Assert.Empty(story.Out);
        return story;
    }

    private static SilenceStory Life(int seed, int cut)
    {
        var (story, traffic) = (new SilenceStory(), new Traffic(seed));
        for (var i = 0; i < (2 * Day) + 100; i++)
        {
            var isOut = i > (2 * Day) + 20 && i < (2 * Day) + 50;
            story.Take(isOut ? 0 : traffic.Poisson(100), adjusted: isOut ? 0 : traffic.Poisson(i % 700 < 60 ? 60 : 0));
            story.Book = i == cut ? story.Restored() : story.Book;
        }

        return story;
    }

    private static void Run(SilenceStory story, int minutes, Func<long> events) => Run(story, minutes, _ => events());

    private static void Run(SilenceStory story, int minutes, Func<int, long> events)
    {
        for (var i = 0; i < minutes; i++)
        {
            story.Take(events(story.Minute));
        }
    }

    private static byte[] Bytes(SilenceBook book)
    {
        var buffer = new BlockBuffer();
        book.Write(buffer);
        return buffer.Written.ToArray();
    }
}
