using System.Numerics;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Windowing;

/// <summary>Histograms and unique counts through every size that they grow to, several of them in one window's memory.</summary>
public sealed class SketchTests
{
    private const int Keys = 5;

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(30)]
    [InlineData(31)]
    [InlineData(127)]
    [InlineData(511)]
    [InlineData(5_000)]
    public void Histograms_count_what_a_plain_count_does(int values)
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var random = new Random(seed);
            var sketch = new HistogramSketch(new SketchArena());
            var (named, expected) = (new int[Keys], Enumerable.Range(0, Keys).Select(_ => new SortedDictionary<int, long>()).ToArray());
            for (var i = 0; i < values * Keys; i++)
            {
                var (key, value) = (random.Next(Keys), random.NextInt64() >> random.Next(64));
                sketch.Add(ref named[key], value);
                var bucket = HistogramScale.Bucket(value);
                expected[key][bucket] = expected[key].GetValueOrDefault(bucket) + 1;
                if (i % 997 == 0)
                {
                    // Reading in between must not disturb what follows.
                    sketch.Read(named[key], [], []);
                }
            }

            for (var key = 0; key < Keys; key++)
            {
                var (buckets, counts) = (new List<ushort>(), new List<long>());
                sketch.Read(named[key], buckets, counts);
                Assert.Equal(expected[key].Keys, buckets.Select(b => (int)b));
                Assert.Equal(expected[key].Values, counts);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(20_000)]
    public void Registers_hold_the_largest_rank_of_what_was_added_in_whatever_order(int values)
    {
        for (var seed = 1; seed <= 6; seed++)
        {
            var hashes = Hashes(new Random(seed), values);
            var expected = new SortedDictionary<int, int>();
            foreach (var hash in hashes)
            {
                // Counted bit by bit from the 13th on, apart from the product's way.
                var (register, rank) = ((int)(hash >> 52), 1);
                while (rank <= 52 && (hash >> (52 - rank) & 1) == 0)
                {
                    rank++;
                }

                expected[register] = Math.Max(rank, expected.GetValueOrDefault(register));
            }

            for (var shuffle = 0; shuffle < 3; shuffle++)
            {
                new Random(shuffle).Shuffle(hashes);
                var (sketch, named) = (new UniqueSketch(new SketchArena()), new int[Keys]);
                foreach (var hash in hashes)
                {
                    sketch.Add(ref named[0], hash);
                    sketch.Add(ref named[1 + ((int)(hash % (Keys - 1)))], hash);
                }

                var (registers, ranks) = (new List<ushort>(), new List<byte>());
                sketch.Read(named[0], registers, ranks);
                Assert.Equal(expected.Keys, registers.Select(r => (int)r));
                Assert.Equal(expected.Values, ranks.Select(r => (int)r));
            }
        }
    }

    [Fact]
    public void The_same_value_again_and_again_takes_no_more_room()
    {
        var arena = new SketchArena();
        var (sketch, named) = (new UniqueSketch(arena), 0);
        for (var i = 0; i < 10_000; i++)
        {
            sketch.Add(ref named, (ulong)(i % 3) << 52);
        }

        Assert.Equal((1 + SketchArena.Words(0)) * 4, arena.Bytes);
    }

    [Fact]
    public void A_memory_that_was_emptied_remembers_nothing()
    {
        var arena = new SketchArena();
        var (histograms, uniques) = (new HistogramSketch(arena), new UniqueSketch(arena));
        for (var round = 0; round < 3; round++)
        {
            var (histogram, unique) = (0, 0);
            for (var i = 0; i < 3_000; i++)
            {
                histograms.Add(ref histogram, (i * 37L) + round);
                uniques.Add(ref unique, BitOperations.RotateLeft((ulong)i * 2_654_435_761, 32));
            }

            var counts = new List<long>();
            histograms.Read(histogram, [], counts);
            Assert.Equal(3_000, counts.Sum());
            arena.Reset();
            histograms.Reset();
            uniques.Reset();
        }
    }

    private static ulong[] Hashes(Random random, int count)
    {
        var hashes = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            // Repetitions, and ranks up to the largest: hashes whose lower bits are all zero.
            var hash = unchecked((ulong)random.NextInt64(long.MinValue, long.MaxValue));
            hashes[i] = random.Next(20) switch { 0 when i > 0 => hashes[random.Next(i)], 1 => hash & 0xFFF0_0000_0000_0000, 2 => hash & ~0xFFFFul, _ => hash };
        }

        return hashes;
    }
}
