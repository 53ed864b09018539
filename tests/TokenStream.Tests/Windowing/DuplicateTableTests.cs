using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Windowing;

public sealed class DuplicateTableTests
{
    [Fact]
    public void Answers_are_those_of_a_plain_list()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            var (horizon, most) = (random.Next(0, 200), random.Next(1, 120));
            var offset = random.NextInt64(0, 1_000_000);
            var (table, naive) = (new DuplicateTable(offset, offset, horizon, most), new NaiveIds(offset, horizon, most));
            var time = 1_000_000L;
            for (var i = 0; i < 2_000; i++)
            {
                (offset, time) = Next(random, offset, time);
                table.Advance(offset, time);
                naive.Advance(offset, time);
                if (random.Next(10) > 0)
                {
                    var hash = Mixed(random.Next(150));
                    Assert.True(naive.Seen(hash, offset) == table.Seen(hash, offset), $"seed {seed}, record {i}");
                }
            }
        }
    }

    [Fact]
    public void A_successor_that_begins_where_ids_were_remembered_gives_the_same_answers()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            var (horizon, most, turn) = (random.Next(0, 200), random.Next(1, 120), random.Next(100, 900));
            var (table, records, offset, time, from) = (new DuplicateTable(0, 0, horizon, most), new List<(long Offset, long Time, ulong Hash, bool Seen)>(), 0L, 0L, 0L);
            for (var i = 0; i < 1_000; i++)
            {
                (offset, time) = Next(random, offset, time);
                var hash = Mixed(random.Next(150));
                var seen = Read(table, offset, time, hash);
                from = i == turn ? table.From : from;
                records.Add((offset, time, hash, seen));
            }

            var successor = new DuplicateTable(from, records[turn].Offset, horizon, most);
            foreach (var (record, i) in records.Select((record, i) => (record, i)).Where(r => r.record.Offset >= from))
            {
                var seen = Read(successor, record.Offset, record.Time, record.Hash);
                Assert.True(i < turn || seen == record.Seen, $"seed {seed}, record {i}");
            }
        }
    }

    [Fact]
    public void A_record_exactly_the_horizon_back_is_remembered_and_one_beyond_is_not()
    {
        var table = new DuplicateTable(0, 0, 1_000, 1_000_000);
        Assert.False(Read(table, 0, 5_000, 7));
        Assert.True(Read(table, 1, 6_000, 7));

        // The id's age counts from its last record, at 6,000.
        Assert.True(Read(table, 2, 7_000, 7));
        Assert.False(Read(table, 3, 8_001, 7));
    }

    [Fact]
    public void Hashes_that_share_all_but_one_bit_are_two_ids()
    {
        for (var bit = 0; bit < 64; bit++)
        {
            var table = new DuplicateTable(0, 0, 1_000, 1_000);
            Assert.False(Read(table, 0, 0, 0xABCD_EF01_2345_6789));
            Assert.False(Read(table, 1, 0, 0xABCD_EF01_2345_6789 ^ (1ul << bit)));
            Assert.True(Read(table, 2, 0, 0xABCD_EF01_2345_6789));
        }
    }

    [Fact]
    public void Growth_forgets_nothing_and_costs_at_most_28_bytes_an_id()
    {
        var table = new DuplicateTable(0, 0, 1_000, long.MaxValue);
        var random = new Random(3);
        var hashes = new ulong[200_000];
        for (var i = 0; i < hashes.Length; i++)
        {
            hashes[i] = unchecked((ulong)random.NextInt64(long.MinValue, long.MaxValue));
            Assert.False(Read(table, i, 0, hashes[i]));
            Assert.True(i < 1_000 || table.Bytes <= 28 * table.Count, $"{table.Bytes} bytes for {table.Count} ids");
        }

        for (var i = 0; i < hashes.Length; i++)
        {
            Assert.True(Read(table, hashes.Length + i, 0, hashes[i]));
        }
    }

    [Fact]
    public void A_burst_that_is_forgotten_gives_its_memory_back()
    {
        var table = new DuplicateTable(0, 0, 1_000, long.MaxValue);
        for (var i = 0; i < 100_000; i++)
        {
            Read(table, i, 0, Mixed(i));
        }

        var most = table.Bytes;
        for (var i = 0; i < 200_000; i++)
        {
            Assert.False(Read(table, 100_000 + i, 2_000 + (i * 10L), Mixed(100_000 + i)));
        }

        Assert.InRange(table.Bytes, 1, most / 100);
    }

    /// <summary>Gaps as compaction and transaction markers leave them; times that stand still, jump and go backwards.</summary>
    private static (long Offset, long Time) Next(Random random, long offset, long time) =>
        (offset + (random.Next(20) == 0 ? random.Next(1, 300) : 1),
            time + random.Next(6) switch { 0 => -random.Next(100), 1 => random.Next(150), 2 => 1, _ => 0 });

    private static ulong Mixed(int number) => unchecked(((ulong)number + 1) * 0x9E3779B97F4A7C15ul);

    private static bool Read(DuplicateTable table, long offset, long time, ulong hash)
    {
        table.Advance(offset, time);
        return table.Seen(hash, offset);
    }

    /// <summary>The rule, word for word: records in offset order, the oldest leave first.</summary>
    private sealed class NaiveIds(long from, long horizonMs, long maxRecords)
    {
        private readonly LinkedList<(long Offset, long Time)> _records = [];
        private readonly Dictionary<ulong, long> _last = [];

        public long From { get; private set; } = from;

        public void Advance(long offset, long time)
        {
            while (_records.First is { Value: var oldest } && (oldest.Time < time - horizonMs || offset - oldest.Offset >= maxRecords))
            {
                _records.RemoveFirst();
            }

            From = _records.First?.Value.Offset ?? offset;
            _records.AddLast((offset, time));
        }

        public bool Seen(ulong hash, long offset)
        {
            var seen = _last.TryGetValue(hash, out var last) && last >= From;
            _last[hash] = offset;
            return seen;
        }
    }
}
