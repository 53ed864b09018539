using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Windowing.AggregateFixture;

namespace TokenStream.Tests.Windowing;

/// <summary>Time, lateness, duplicates and counts of one partition.</summary>
public sealed class AggregateProcessorTests
{
    [Fact]
    public void A_window_closes_when_stream_time_is_its_end_and_grace_and_not_a_millisecond_before()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start), Start);
        partition.Read(partition.Event(Start + 39_999), Start + 39_999);
        Assert.False(partition.Publish());

        partition.Read(partition.Event(Start + 40_000), Start + 40_000);
        Assert.True(partition.Publish());
        Assert.Equal(Start, partition.Rollups.Single().Block.WindowStartMs);
        Assert.Equal(Start + 10_000, partition.Marks.Single().ClosedThroughMs);
    }

    [Fact]
    public void An_event_behind_the_watermark_counts_in_its_window_while_no_decision_has_closed_it()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start + 3_600_000), Start + 3_600_000);
        partition.Read(partition.Event(Start), Start + 3_600_000);
        partition.Publish();

        Assert.Equal([0L], partition.Rollups.Select(r => r.Block.Part));
        Assert.Equal(0, partition.Marks.Single().Counts.Late);
    }

    [Fact]
    public void An_event_of_a_closed_window_goes_to_a_correction_that_bears_its_decisions_number()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start), Start);
        partition.Close(Start + 40_000);
        Assert.Equal(ReadOutcome.Counted, partition.Read(partition.Event(Start + 9_999), Start + 40_000));
        Assert.False(partition.Publish());

        partition.Processor.Tick(999, isAtEnd: false);
        Assert.False(partition.Publish());
        partition.Processor.Tick(1, isAtEnd: false);
        Assert.True(partition.Publish());

        var correction = partition.Rollups[^1];
        Assert.Equal((Start, 2L, 2L, 1L), (correction.Block.WindowStartMs, correction.Block.Part, correction.Block.Decision, correction.Measures.Events));
        Assert.Equal((1L, 1L), (partition.Marks[^1].Counts.Late, partition.Marks[^1].Counts.Counted));
    }

    [Theory]
    [InlineData(120_000, Start + 120_000, 0)]
    [InlineData(120_001, Start, 1)]
    [InlineData(3_600_000, Start, 1)]
    public void An_event_more_than_two_minutes_ahead_is_booked_at_its_broker_timestamp(long aheadMs, long window, long adjusted)
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start + aheadMs), Start);
        Assert.Equal(Start, partition.Processor.StreamTimeMs);
        partition.Close(Start + 600_000);

        Assert.Equal(window, partition.Rollups.Single().Block.WindowStartMs);
        Assert.Equal(adjusted, partition.Rollups.Single().Measures.TimeAdjusted);
        Assert.Equal(adjusted, partition.Marks.Sum(m => m.Counts.TimeAdjusted));
    }

    [Fact]
    public void A_duplicate_counts_once_within_the_horizon_and_again_beyond_it()
    {
        using var partition = new AggregateFixture();
        var record = partition.Event(Start);
        Assert.Equal(ReadOutcome.Counted, partition.Read(record, Start));
        Assert.Equal(ReadOutcome.Duplicate, partition.Read(record, Start + 600_000));
        Assert.Equal(ReadOutcome.Duplicate, partition.Read(record, Start + 1_200_000));
        Assert.Equal(ReadOutcome.Counted, partition.Read(record, Start + 1_800_001));
    }

    [Fact]
    public void The_same_event_id_of_two_tenants_is_two_events()
    {
        using var partition = new AggregateFixture();
        Assert.Equal(ReadOutcome.Counted, partition.Read(partition.Event(Start, "event_id:\"x\"", "tenant_id:\"a\""), Start));
        Assert.Equal(ReadOutcome.Counted, partition.Read(partition.Event(Start, "event_id:\"x\"", "tenant_id:\"b\""), Start));
        Assert.Equal(ReadOutcome.Duplicate, partition.Read(partition.Event(Start, "event_id:\"x\"", "tenant_id:\"a\""), Start));
    }

    [Fact]
    public void A_tick_closes_windows_and_is_counted_as_a_tick()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start), Start);
        Assert.Equal(ReadOutcome.Tick, partition.ReadTick(Start + 40_000));
        Assert.True(partition.Publish());
        Assert.Equal((2L, 1L, 1L), (partition.Marks[0].Counts.Read, partition.Marks[0].Counts.Counted, partition.Marks[0].Counts.Ticks));
    }

    [Fact]
    public void A_silent_partition_at_its_end_closes_by_the_clock()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start), Start);
        for (var second = 1; second <= 40; second++)
        {
            Assert.Empty(partition.Rollups);
            partition.Processor.Tick(1_000, isAtEnd: true);
            partition.Publish();
        }

        Assert.Single(partition.Rollups);
    }

    [Fact]
    public void A_silent_partition_that_lags_does_not_close_by_the_clock()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start), Start);
        for (var second = 1; second <= 400; second++)
        {
            partition.Processor.Tick(1_000, isAtEnd: false);
            partition.Publish();
        }

        Assert.Empty(partition.Rollups);
        Assert.Equal(Start, partition.Processor.StreamTimeMs);
    }

    [Fact]
    public void One_look_at_the_clock_counts_for_a_second_at_most_and_never_backwards()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start), Start);
        partition.Processor.Tick(86_400_000, isAtEnd: true);
        Assert.Equal(Start + 1_000, partition.Processor.StreamTimeMs);
        partition.Processor.Tick(-5_000, isAtEnd: true);
        Assert.Equal(Start + 1_000, partition.Processor.StreamTimeMs);
    }

    [Fact]
    public void A_silent_partition_decides_once_a_minute_until_the_day_is_closed()
    {
        using var partition = new AggregateFixture();
        partition.Read(partition.Event(Start), Start);
        for (var second = 0; second < 13 * 3_600; second++)
        {
            partition.Processor.Tick(1_000, isAtEnd: true);
            partition.Publish();
        }

        // From noon to midnight: 720 minutes, one decision for the window and one that counts its record.
        Assert.Equal(Start + (12 * 3_600_000), partition.Processor.ClosedThroughMs);
        Assert.InRange(partition.Decisions.Count, 720, 722);
        Assert.True(partition.Processor.IsQuiet);
    }

    [Fact]
    public void A_partition_without_events_never_decides()
    {
        using var partition = new AggregateFixture();
        partition.Processor.Tick(1_000, isAtEnd: true);
        Assert.False(partition.Publish());
        Assert.Equal(AggregateCommit.Never, partition.Processor.StreamTimeMs);
    }

    [Fact]
    public void Every_record_read_is_counted_once_in_the_marks()
    {
        using var partition = new AggregateFixture();
        var random = new Random(11);
        var (expected, time, last) = (new Dictionary<ReadOutcome, long>(), Start, partition.Event(Start));
        for (var i = 0; i < 20_000; i++)
        {
            time += random.Next(200);
            var record = random.Next(10) switch
            {
                0 => last,
                1 => "not an event",
                2 => $$"""{"kind":"tick","time":{{time - 1000}}}""",
                3 => partition.Event(1_000),
                4 => partition.Event(time - random.Next(100_000)),
                _ => last = partition.Event(time),
            };
            var outcome = partition.Read(record, time);
            expected[outcome] = expected.GetValueOrDefault(outcome) + 1;
            partition.Processor.Tick(random.Next(300), isAtEnd: false);
            partition.Publish();
        }

        partition.Close(time + 1_000_000);
        partition.Processor.Tick(1_000, isAtEnd: true);
        while (partition.Publish())
        {
            // Until nothing is due.
        }

        var counts = partition.Marks.Select(m => m.Counts).ToList();
        Assert.All(counts, c => Assert.Equal(c.Read, c.Counted + c.Duplicate + c.Ticks + c.Refused.Values.Sum()));
        Assert.Equal(20_001, counts.Sum(c => c.Read));
        Assert.Equal(expected[ReadOutcome.Counted], counts.Sum(c => c.Counted));
        Assert.Equal(expected[ReadOutcome.Duplicate], counts.Sum(c => c.Duplicate));
        Assert.Equal(expected[ReadOutcome.Refused], counts.Sum(c => c.Refused.Values.Sum()));
        Assert.Equal(expected[ReadOutcome.Tick] + 1, counts.Sum(c => c.Ticks));
        Assert.Equal(expected[ReadOutcome.Counted], partition.Rollups.Sum(r => r.Measures.Events));
        Assert.Equal(counts.Sum(c => c.Late), partition.Rollups.Where(r => r.Block.Part > 0).Sum(r => r.Measures.Events));
        Assert.True(counts.Sum(c => c.Late) > 100);
    }
}
