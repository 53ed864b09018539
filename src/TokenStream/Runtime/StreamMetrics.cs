using System.Diagnostics.Metrics;
using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>All instruments of the stream. docs/telemetry.md lists them.</summary>
public sealed class StreamMetrics : IDisposable
{
    public const string MeterName = "TokenStream";

    private static readonly string[] OutcomeNames = ["counted", "duplicate", "tick", "refused", "again"];

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _records;
    private readonly Counter<long> _refused;

    public StreamMetrics()
    {
        _records = _meter.CreateCounter<long>("tokenstream.records", "{record}", "Input records read, by outcome.");
        _refused = _meter.CreateCounter<long>("tokenstream.records.refused", "{record}", "Records put aside as dead letters, by reason.");
        Decisions = _meter.CreateCounter<long>("tokenstream.decisions", "{decision}", "Decisions published: windows closed, corrections, counts.");
        CommitFailures = _meter.CreateCounter<long>(
            "tokenstream.commit.failures", "{commit}", "Offset commits refused or of unknown outcome; their partitions started again.");
        PublishFailures = _meter.CreateCounter<long>(
            "tokenstream.publish.failures", "{batch}", "Batches that were not acknowledged; the worker's partitions started again.");
        StoreBlocks = _meter.CreateCounter<long>("tokenstream.store.blocks", "{block}", "Blocks of rollups stored.");
        StoreRows = _meter.CreateCounter<long>("tokenstream.store.rows", "{row}", "Rollups stored.");
        StoreRetries = _meter.CreateCounter<long>("tokenstream.store.retries", "{attempt}", "Blocks that the store did not take; each is tried again.");
    }

    public Counter<long> Decisions { get; }

    public Counter<long> CommitFailures { get; }

    public Counter<long> PublishFailures { get; }

    public Counter<long> StoreBlocks { get; }

    public Counter<long> StoreRows { get; }

    public Counter<long> StoreRetries { get; }

    /// <summary>Counts records by <see cref="ReadOutcome"/> and empties the counts.</summary>
    public void CountRecords(Span<long> outcomes)
    {
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] != 0)
            {
                _records.Add(outcomes[i], new KeyValuePair<string, object?>("outcome", OutcomeNames[i]));
                outcomes[i] = 0;
            }
        }
    }

    public void CountRefused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();
}
