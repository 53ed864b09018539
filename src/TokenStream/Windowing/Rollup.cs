namespace TokenStream.Windowing;

/// <summary>
/// The aggregate of one key in one window, as it travels on <c>tokenstream.rollups</c> and into the store. Its identity is (epoch, topic,
/// partition, window start, key, part): the same identity always has the same content.
/// </summary>
public sealed class Rollup
{
    public required RollupBlockHeader Block { get; init; }

    public required RollupKey Key { get; init; }

    public RollupMeasures Measures;

    public SparseHistogram LatencyMs { get; init; } = SparseHistogram.Empty;

    public SparseHistogram TtftMs { get; init; } = SparseHistogram.Empty;

    public SparseHistogram TokensIn { get; init; } = SparseHistogram.Empty;

    public SparseHistogram TokensOut { get; init; } = SparseHistogram.Empty;

    public SparseRegisters Users { get; init; } = SparseRegisters.Empty;

    public SparseRegisters Sessions { get; init; } = SparseRegisters.Empty;

    public SparseRegisters PromptHashes { get; init; } = SparseRegisters.Empty;
}

/// <summary>What all rollups, or the spend of all scopes, of one record share.</summary>
/// <param name="Epoch">Raised by an explicit reset of the input; identities of lower epochs are void from the reset's start on.</param>
/// <param name="Topic">The input topic.</param>
/// <param name="Partition">The input partition.</param>
/// <param name="WindowStartMs">Start of the window, milliseconds since the Unix epoch, inclusive; a multiple of the window's size.</param>
/// <param name="Part">0 for the window at its closing; for a correction, the number of the decision that published it.</param>
/// <param name="Decision">Number of the decision that published it; for a provisional value the next decision's.</param>
/// <param name="Position">Input offset up to which (exclusive) the partition was read when it was published.</param>
/// <param name="RulesVersion">Version of the rules (price book, bounds, horizons) it was computed under.</param>
/// <param name="Final">False for provisional sums.</param>
public sealed record RollupBlockHeader(
    int Epoch,
    string Topic,
    int Partition,
    long WindowStartMs,
    long Part,
    long Decision,
    long Position,
    long RulesVersion,
    bool Final)
{
    internal void Write(BlockBuffer to)
    {
        to.Byte(Final ? (byte)1 : (byte)0);
        to.Signed(Epoch);
        to.Text(Topic);
        to.Signed(Partition);
        to.Signed(WindowStartMs);
        to.Signed(Part);
        to.Signed(Decision);
        to.Signed(Position);
        to.Signed(RulesVersion);
    }

    internal static RollupBlockHeader Read(ref BlockReader reader)
    {
        var final = reader.Byte() != 0;
        return new RollupBlockHeader(
            checked((int)reader.Long()), reader.Text(), checked((int)reader.Long()), reader.Long(), reader.Long(), reader.Long(),
            reader.Long(), reader.Long(), final);
    }
}

/// <summary>
/// A log-scale histogram of non-negative integers: counts by bucket number, ascending. Bucket b holds the values v with
/// <see cref="HistogramScale.Bucket"/>(v) = b; buckets are added to merge two histograms. Relative error of a quantile: at most 1/128.
/// </summary>
public sealed record SparseHistogram(ushort[] Buckets, long[] Counts)
{
    public static SparseHistogram Empty { get; } = new([], []);
}

/// <summary>
/// A HyperLogLog sketch of 4,096 registers (12 bits of the hash choose the register): the registers that are not zero, ascending, with
/// their rank (1 + leading zeros of the remaining 52 bits). Merged by the larger rank of each register. Standard error 1.04 / 64 = 1.6 %.
/// </summary>
public sealed record SparseRegisters(ushort[] Registers, byte[] Ranks)
{
    public const int RegisterCount = 4096;

    public static SparseRegisters Empty { get; } = new([], []);
}
