using TokenStream.Detection;

namespace TokenStream.Runtime;

/// <summary>Names and limits of the detect stage.</summary>
public sealed record DetectStageOptions
{
    public DetectOptions Detect { get; init; } = new();

    public string SeriesTopic { get; init; } = "tokenstream.series";

    public string AnomaliesTopic { get; init; } = "tokenstream.anomalies";

    /// <summary>Without a snapshot, so much of what the log has is learnt from.</summary>
    public long HistoryMs { get; init; } = 8 * 86_400_000L;

    /// <summary>Points that are scored in one step at most, one minute more; then what is due waits for the next, and so does reading.</summary>
    public long PointsAStep { get; init; } = 1_000_000;

    /// <summary>A snapshot is written this often at most ..</summary>
    public long SnapshotIntervalMs { get; init; } = 600_000;

    /// <summary>.. and so that not more than this is written a second, on average.</summary>
    public long SnapshotBytesPerSecond { get; init; } = 1 << 20;

    /// <summary>A step writes so much of a snapshot at most, so that no minute waits for one.</summary>
    public long SnapshotSliceBytes { get; init; } = 512 * 1024;

    /// <summary>A record of a snapshot is closed once it is so long; one series more comes on top.</summary>
    public int SnapshotChunkBytes { get; init; } = 256 * 1024;

    /// <summary>A start that failed is tried again after this long.</summary>
    public long RetryMs { get; init; } = 1_000;
}
