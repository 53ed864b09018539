using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class ProducerTests
{
    [Fact]
    public async Task The_last_five_batches_sent_again_are_answered_with_their_offsets()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        for (int i = 0; i < 7; i++)
        {
            Assert.Equal(2 * i, log.Append(Batches.OfProducer(9, 0, 2 * i, 2)).BaseOffset);
        }

        for (int i = 2; i < 7; i++)
        {
            Assert.Equal(new AppendResult(LogError.None, 2 * i, (2 * i) + 2, -1, IsDuplicate: true), log.Append(Batches.OfProducer(9, 0, 2 * i, 2)));
        }

        Assert.Equal(LogError.OutOfOrderSequenceNumber, log.Append(Batches.OfProducer(9, 0, 2, 2)).Error);
        Assert.Equal(14, log.HighWatermark);
    }

    [Theory]
    [InlineData(0, 3, 1, LogError.None)]
    [InlineData(0, 4, 1, LogError.OutOfOrderSequenceNumber)]
    [InlineData(0, 2, 1, LogError.OutOfOrderSequenceNumber)]
    [InlineData(0, 0, 2, LogError.OutOfOrderSequenceNumber)]
    [InlineData(0, 1, 3, LogError.OutOfOrderSequenceNumber)]
    [InlineData(1, 0, 1, LogError.None)]
    [InlineData(1, 3, 1, LogError.OutOfOrderSequenceNumber)]
    [InlineData(-1, 3, 1, LogError.InvalidRecord)]
    public async Task What_follows_sequences_0_to_2_of_an_epoch_is_judged(short epoch, int sequence, int count, LogError expected)
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.OfProducer(9, 0, 0, 3));

        AppendResult result = log.Append(Batches.OfProducer(9, epoch, sequence, count));

        Assert.Equal(expected, result.Error);
        Assert.Equal(expected == LogError.None ? 3 : -1, result.BaseOffset);
    }

    [Fact]
    public async Task A_lower_epoch_is_fenced()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.OfProducer(9, 3, 0, 1));

        Assert.Equal(LogError.InvalidProducerEpoch, log.Append(Batches.OfProducer(9, 2, 0, 1)).Error);
        Assert.Equal(LogError.InvalidProducerEpoch, log.Append(Batches.OfProducer(9, 2, 1, 1)).Error);
        Assert.Equal(LogError.None, log.Append(Batches.OfProducer(8, 2, 0, 1)).Error);
    }

    [Fact]
    public async Task A_producer_not_known_may_begin_with_any_sequence()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();

        Assert.Equal(LogError.None, log.Append(Batches.OfProducer(9, 4, 77, 1)).Error);
    }

    [Theory]
    [InlineData(int.MaxValue - 1, 2, 0)]
    [InlineData(int.MaxValue, 1, 0)]
    [InlineData(int.MaxValue, 3, 2)]
    [InlineData(int.MaxValue - 2, 2, int.MaxValue)]
    public async Task Sequences_go_on_with_zero_after_the_largest(int first, int count, int next)
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.OfProducer(9, 0, first, count));

        Assert.True(log.Append(Batches.OfProducer(9, 0, first, count)).IsDuplicate);
        Assert.Equal(LogError.OutOfOrderSequenceNumber, log.Append(Batches.OfProducer(9, 0, next == 0 ? 1 : next - 1, 1)).Error);
        Assert.Equal(LogError.None, log.Append(Batches.OfProducer(9, 0, next, 1)).Error);
    }

    [Fact]
    public async Task Epoch_and_sequence_without_a_producer_id_mean_nothing()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();

        Assert.Equal(0, log.Append(Batches.OfProducer(-1, 0, 0, 1)).BaseOffset);
        Assert.Equal(1, log.Append(Batches.OfProducer(-1, 0, 0, 1)).BaseOffset);
    }

    [Fact]
    public async Task A_producers_batch_comes_alone()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();

        Assert.Equal(LogError.InvalidRecord, log.Append([.. Batches.OfProducer(9, 0, 0, 1), .. Batches.OfProducer(9, 0, 1, 1)]).Error);
        Assert.Equal(LogError.InvalidRecord, log.Append([.. Batches.Of(("a", "1")), .. Batches.OfProducer(9, 0, 0, 1)]).Error);
    }

    [Fact]
    public async Task Producers_are_known_again_after_a_kill_at_any_moment()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 1_024 });
        var random = new Random(5);
        int[] next = new int[4];
        for (int i = 0; i < 120; i++)
        {
            int producer = random.Next(next.Length), count = random.Next(1, 4);
            Assert.Equal(LogError.None, log.Append(Batches.OfProducer(producer, 0, next[producer], count)).Error);
            int last = next[producer];
            next[producer] += count;
            if (random.Next(6) == 0)
            {
                fixture.Store.RunFlush();
            }

            if (random.Next(6) == 0)
            {
                await using LogStore copy = fixture.OpenCopy();
                PartitionLog found = copy.Find("t")!.Partitions[0];
                Assert.True(found.Append(Batches.OfProducer(producer, 0, last, count)).IsDuplicate);
                Assert.All(Enumerable.Range(0, next.Length).Where(p => next[p] > 0), p =>
                {
                    Assert.Equal(LogError.OutOfOrderSequenceNumber, found.Append(Batches.OfProducer(p, 0, next[p] + 1, 1)).Error);
                    Assert.Equal(LogError.None, found.Append(Batches.OfProducer(p, 0, next[p], 1)).Error);
                });
            }
        }
    }

    [Fact]
    public async Task An_idle_producer_is_forgotten_and_a_busy_one_is_not()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.OfProducer(1, 0, 0, 1));
        fixture.Time.Advance(TimeSpan.FromHours(23));
        log.Append(Batches.OfProducer(2, 0, 0, 1));
        fixture.Time.Advance(TimeSpan.FromHours(2));

        fixture.Store.RunRetention();

        Assert.False(log.Append(Batches.OfProducer(1, 0, 0, 1)).IsDuplicate);
        Assert.True(log.Append(Batches.OfProducer(2, 0, 0, 1)).IsDuplicate);
    }

    [Fact]
    public void The_longest_idle_producer_makes_room_for_a_new_one()
    {
        var table = new ProducerTable(maxProducers: 3);
        table.Record(1, 0, 0, 1, 0, nowMs: 10);
        table.Record(2, 0, 0, 1, 1, nowMs: 5);
        table.Record(3, 0, 0, 1, 2, nowMs: 20);
        table.Record(4, 0, 0, 1, 3, nowMs: 30);

        Assert.Equal(3, table.Count);
        Assert.Equal(LogError.None, table.Check(2, 0, 55, 1, out _));
        Assert.Equal(LogError.OutOfOrderSequenceNumber, table.Check(1, 0, 55, 1, out _));
    }

    [Fact]
    public async Task Producer_ids_are_never_given_twice_over_restarts_and_kills()
    {
        await using var fixture = LogFixture.Open();
        var given = new HashSet<long>();
        for (int i = 0; i < 3; i++)
        {
            for (int n = 0; n < 1_500; n++)
            {
                Assert.True(given.Add(fixture.Store.NextProducerId()));
            }

            await using (LogStore copy = fixture.OpenCopy())
            {
                Assert.DoesNotContain(copy.NextProducerId(), given);
            }

            await fixture.ReopenAsync();
        }
    }
}
