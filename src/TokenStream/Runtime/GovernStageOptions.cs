using TokenStream.Governing.Snapshots;

namespace TokenStream.Runtime;

/// <summary>Names and limits of the govern stage.</summary>
public sealed record GovernStageOptions
{
    /// <summary>Partitions of the spend, commands and ledger topics: scopes are routed over them.</summary>
    public required int Partitions { get; init; }

    public string CommandsTopic { get; init; } = "tokenstream.commands";

    public string LedgerTopic { get; init; } = "tokenstream.ledger";

    public string AlertsTopic { get; init; } = "tokenstream.alerts";

    /// <summary>See <see cref="Governing.GovernorOptions.UnpricedPerDay"/>.</summary>
    public Int128 UnpricedPerDay { get; init; } = 10_000_000_000_000;

    /// <summary>Most scopes of a partition.</summary>
    public int MaxScopes { get; init; } = 200_000;

    /// <summary>A snapshot is written this often at most ..</summary>
    public long SnapshotIntervalMs { get; init; } = 60_000;

    /// <summary>.. and so that not more than this is written a second, on average.</summary>
    public long SnapshotBytesPerSecond { get; init; } = 1 << 20;

    /// <summary>A step writes so much of a snapshot at most, so that no decision waits for one; an account more than fits comes on top.</summary>
    public long SnapshotSliceBytes { get; init; } = 256 * 1024;

    /// <summary>A record of a snapshot is closed once it is so long.</summary>
    public int SnapshotChunkBytes { get; init; } = LedgerSnapshot.ChunkBytes;

    public long HeartbeatIntervalMs { get; init; } = 1_000;

    /// <summary>A start that failed is tried again after this long.</summary>
    public long RetryMs { get; init; } = 1_000;
}
