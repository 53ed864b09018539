using System.Runtime.InteropServices;

namespace TokenStream.Detection.Evidence;

/// <summary>
/// The means of the parts of the day, seven days of them, at two bytes each: the upper half of a float, rounded. Half the bits of a float
/// keep
/// its range; 0.4 % of a mean that is compared with noise of several per cent is nothing.
/// </summary>
internal readonly ref struct SeasonRing(Span<byte> bytes, int slots, bool exact)
{
    public const int Days = 7;

    /// <summary>Fewest means that make a season.</summary>
    private const int Enough = 3;

    private readonly Span<byte> _bytes = bytes;

    /// <param name="slots">Parts of the day.</param>
    /// <param name="exact">Whether the means are kept as doubles: for comparison with vectors computed so.</param>
    public static int BytesOf(int slots, bool exact) => Days * slots * (exact ? sizeof(double) : sizeof(ushort));

    public void Clear()
    {
        for (var at = 0; at < Days * slots; at++)
        {
            Store(0, at, double.NaN);
        }
    }

    public void Store(int row, int slot, double mean)
    {
        var at = (row * slots) + slot;
        if (exact)
        {
            MemoryMarshal.Cast<byte, double>(_bytes)[at] = mean;
        }
        else
        {
            MemoryMarshal.Cast<byte, ushort>(_bytes)[at] = Shorten(mean);
        }
    }

    /// <summary>What the days before say of a slot and its neighbours; NaN where they say too little. Today's own slot before is left
    /// out.</summary>
    public double At(int row, int slot)
    {
        Span<double> values = stackalloc double[Days * 3];
        var count = 0;
        var sum = 0d;
        for (var day = 0; day < Days; day++)
        {
            for (var neighbour = -1; neighbour <= 1; neighbour++)
            {
                if (day == row && neighbour == -1 && slot > 0)
                {
                    continue;
                }

                var mean = Load((day * slots) + ((slot + neighbour + slots) % slots));
                if (!double.IsNaN(mean))
                {
                    Insert(values, count++, mean);
                    sum += mean;
                }
            }
        }

        if (count < Enough)
        {
            return double.NaN;
        }

        var median = count % 2 == 1 ? values[count / 2] : (values[(count / 2) - 1] + values[count / 2]) / 2;
        return (median + (sum / count)) / 2;
    }

    /// <summary>Keeps the numbers in order; of twenty that takes no longer than sorting them afterwards, and never allocates.</summary>
    private static void Insert(Span<double> ordered, int count, double number)
    {
        for (; count > 0 && ordered[count - 1] > number; count--)
        {
            ordered[count] = ordered[count - 1];
        }

        ordered[count] = number;
    }

    private double Load(int at) =>
        exact ? MemoryMarshal.Cast<byte, double>(_bytes)[at] : Lengthen(MemoryMarshal.Cast<byte, ushort>(_bytes)[at]);

    /// <summary>A mean beyond what a float holds is none: an infinity would never leave the state again.</summary>
    private static ushort Shorten(double mean)
    {
        var bits = BitConverter.SingleToUInt32Bits((float)mean);
        var rounded = unchecked(bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
        return (rounded & 0x7F80) == 0x7F80 ? (ushort)0x7FC0 : (ushort)rounded;
    }

    private static double Lengthen(ushort half) => BitConverter.UInt32BitsToSingle((uint)half << 16);
}
