using System.Numerics;
using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

public sealed class StableHashTests
{
    [Theory]
    [MemberData(nameof(Lengths))]
    public void The_hash_equals_its_description_in_big_integers(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);

        Assert.Equal(DescribedHash(0x6A09E667F3BCC909, bytes), StableHash.Hash(bytes));
        Assert.Equal(DescribedHash(42, bytes), StableHash.Hash(42, bytes));
    }

    public static TheoryData<int> Lengths => [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 257, 1000];

    [Theory]
    [InlineData("", 1_975_484_050_645_811_533UL)]
    [InlineData("a", 18_293_640_857_357_308_729UL)]
    [InlineData("01234567-89ab-cdef-0123-456789abcdef", 3_925_573_560_431_310_398UL)]
    public void The_hash_never_changes(string text, ulong expected)
    {
        Assert.Equal(expected, StableHash.Hash(Encoding.UTF8.GetBytes(text)));
    }

    [Fact]
    public void A_pair_is_more_than_its_texts_in_a_row()
    {
        Assert.NotEqual(StableHash.Hash("ab"u8, "c"u8), StableHash.Hash("a"u8, "bc"u8));
        Assert.NotEqual(StableHash.Hash("ab"u8, ""u8), StableHash.Hash(""u8, "ab"u8));
        Assert.Equal(StableHash.Hash(StableHash.Hash("tenant"u8), "event"u8), StableHash.Hash("tenant"u8, "event"u8));
    }

    /// <summary>Every input bit should turn every output bit half of the time; 4,000 texts bound the deviation of a fair coin to 5 sigma.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(13)]
    [InlineData(36)]
    [InlineData(64)]
    public void Every_input_bit_turns_every_output_bit_half_of_the_time(int length)
    {
        const int Texts = 4000;
        var random = new Random(7);
        var turned = new int[length * 8, 64];
        var bytes = new byte[length];
        for (var text = 0; text < Texts; text++)
        {
            random.NextBytes(bytes);
            var hash = StableHash.Hash(bytes);
            for (var bit = 0; bit < length * 8; bit++)
            {
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                var difference = hash ^ StableHash.Hash(bytes);
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                for (; difference != 0; difference &= difference - 1)
                {
                    turned[bit, BitOperations.TrailingZeroCount(difference)]++;
                }
            }
        }

        var worst = turned.Cast<int>().Max(count => Math.Abs(count - (Texts / 2)));
        Assert.True(worst < 6 * Math.Sqrt(Texts) / 2, $"off by {worst}");
    }

    /// <summary>Ids that people write differ in few digits; each 32-bit half must still collide no more often than chance has it.</summary>
    [Theory]
    [InlineData("evt-{0:D10}")]
    [InlineData("{0:x}")]
    [InlineData("00000000-0000-4000-8000-{0:x12}")]
    public void Numbered_ids_collide_no_more_than_chance_in_any_half(string format)
    {
        const int Ids = 300_000;
        var low = new HashSet<uint>();
        var high = new HashSet<uint>();
        var middle = new HashSet<uint>();
        for (var i = 0; i < Ids; i++)
        {
            var id = string.Format(System.Globalization.CultureInfo.InvariantCulture, format, i);
            var hash = StableHash.Hash("tenant-1"u8, Encoding.UTF8.GetBytes(id));
            low.Add((uint)(hash & uint.MaxValue));
            high.Add((uint)(hash >> 32));
            middle.Add((uint)((hash >> 16) & uint.MaxValue));
        }

        // Expected n^2 / 2^33 = 10.5 collisions of 32 bits; 35 is 7 sigma away.
        Assert.InRange(Ids - low.Count, 0, 35);
        Assert.InRange(Ids - high.Count, 0, 35);
        Assert.InRange(Ids - middle.Count, 0, 35);
    }

    private static readonly BigInteger Word = BigInteger.One << 64;

    private static readonly ulong[] Roots = [0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1];

    private static ulong DescribedHash(ulong seed, byte[] bytes)
    {
        ulong At(int offset, int count) => count == 0 ? 0 : (ulong)new BigInteger(bytes.AsSpan(offset, count), isUnsigned: true);
        var n = bytes.Length;
        var at = 0;
        var other = seed;
        for (; n > 32 && at < n - 32; at += 32)
        {
            seed = Fold(At(at, 8) ^ Roots[1], At(at + 8, 8) ^ seed);
            other = Fold(At(at + 16, 8) ^ Roots[2], At(at + 24, 8) ^ other);
        }

        seed = n > 32 ? (ulong)((seed + new BigInteger(Rotate(other))) % Word) : seed;
        seed = n > 16 && at < n - 16 ? Fold(At(at, 8) ^ Roots[1], At(at + 8, 8) ^ seed) : seed;
        var (head, tail) = n switch
        {
            > 16 => (At(n - 16, 8), At(n - 8, 8)),
            >= 8 => (At(0, 8), At(n - 8, 8)),
            >= 4 => (At(0, 4), At(n - 4, 4)),
            0 => (0UL, 0UL),
            _ => ((At(0, 1) * 65536) + (At(n / 2, 1) * 256) + At(n - 1, 1), 0UL),
        };
        var product = new BigInteger(head ^ Roots[1]) * (tail ^ seed);
        return Fold(
            head ^ Roots[1] ^ (ulong)(product % Word) ^ Roots[2] ^ (ulong)n,
            tail ^ seed ^ (ulong)(product / Word) ^ Roots[3]);
    }

    private static ulong Fold(ulong a, ulong b)
    {
        var product = new BigInteger(a) * b;
        return a ^ (ulong)(product % Word) ^ Rotate(b ^ (ulong)(product / Word));
    }

    private static ulong Rotate(ulong word) => (ulong)(((new BigInteger(word) << 29) % Word) + (word >> 35));
}
