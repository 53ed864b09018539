using TokenStream.Windowing;

namespace TokenStream.Storage;

/// <summary>The grains that rollups are kept in. Each is sealed from the one before.</summary>
public enum Grain
{
    TenSeconds,
    Minute,
    Hour,
    Day,
}

/// <summary>
/// A stretch of one input partition's windows, as they arrived on one rollups partition, to be summed into a coarser grain.
/// </summary>
/// <param name="SinceMs">Inclusive; a multiple of the grain.</param>
/// <param name="UptoMs">Exclusive; a multiple of the grain.</param>
public sealed record SealRange(int Epoch, string Topic, int Partition, int RollupsPartition, Grain Grain, long SinceMs, long UptoMs);

/// <summary>
/// Where rollups go for good: ClickHouse, or a simulated store. Every call is idempotent and may be repeated after an unknown outcome. A
/// call that fails for a passing reason throws <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IRollupStore
{
    /// <summary>
    /// Writes final rollups of one rollups partition: all into the 10 s grain and, of corrections (part above 0), a row of its own in every
    /// coarser grain besides. A rollup replaces one of the same identity.
    /// </summary>
    Task InsertAsync(int rollupsPartition, IReadOnlyList<Rollup> rollups, CancellationToken cancellation);

    /// <summary>
    /// Writes marks, for conservation checks and freshness; a mark replaces one of the same epoch, topic, partition and number.
    /// </summary>
    Task InsertMarksAsync(int rollupsPartition, IReadOnlyList<Mark> marks, CancellationToken cancellation);

    /// <summary>
    /// Writes what scopes spent, as it came on one partition of the spend topic, and then the marks: a decision whose mark is there is
    /// there whole. Rows replace themselves as of <see cref="InsertAsync"/>.
    /// </summary>
    Task InsertSpendAsync(int spendPartition, IReadOnlyList<ScopeSpend> spends, IReadOnlyList<Mark> marks, CancellationToken cancellation);

    /// <summary>
    /// Sums part 0 of the finer grain (with FINAL) into rows of the grain; corrections are left out. A row's version is the number of 10 s
    /// rows in it, through all grains (of a coarser grain: the sum of the versions summed), so that a writer that saw less never wins.
    /// Readers do not see the rows before <see cref="PublishSealAsync"/>.
    /// </summary>
    Task SealAsync(SealRange range, CancellationToken cancellation);

    /// <summary>Says that the range's grain is sealed through its end: the highest ever said counts.</summary>
    Task PublishSealAsync(SealRange range, CancellationToken cancellation);

    /// <summary>
    /// What was sealed: for each (epoch, topic, partition, grain) of a rollups partition the end that was published last.
    /// </summary>
    Task<IReadOnlyList<SealRange>> ReadSealsAsync(int rollupsPartition, CancellationToken cancellation);
}

/// <summary>The store did not take a call for a reason that may pass; the caller backs off and repeats it.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
