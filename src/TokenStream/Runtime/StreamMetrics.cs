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
    private volatile Func<IEnumerable<PartitionGauges>> _partitions = () => [];
    private volatile Func<long> _dropped = () => 0;
    private volatile Func<long> _droppedSpend = () => 0;
    private volatile Func<long?> _pricesChangedMs = () => null;

    public StreamMetrics()
    {
        _meter.CreateObservableGauge(
            "tokenstream.partition.lag", () => Measure(p => p.LagRecords), "{record}",
            "Records between an input partition's position and its end.");
        _meter.CreateObservableGauge(
            "tokenstream.partition.stream_time", () => Measure(p => p.StreamTimeMs / 1000.0), "s",
            "Stream time of an input partition, seconds since the Unix epoch.");
        _meter.CreateObservableCounter(
            "tokenstream.live.dropped", () => _dropped(), "{record}",
            "Records of provisional sums that were not taken; the final ones are not touched.");
        _meter.CreateObservableGauge(
            "tokenstream.open_keys", () => _partitions().Sum(p => p.OpenKeys), "{key}", "Keys of open windows and of corrections.");
        _meter.CreateObservableGauge(
            "tokenstream.open_scopes.folded", () => _partitions().Sum(p => p.FoldedScopes), "{scope}",
            "Scopes of open windows beyond their pattern's bound, booked under ~other.");
        _meter.CreateObservableCounter(
            "tokenstream.spend.dropped", () => _droppedSpend(), "{record}",
            "Records of provisional spend that were not taken; what they said is sent again.");
        _records = _meter.CreateCounter<long>("tokenstream.records", "{record}", "Input records read, by outcome.");
        _refused = _meter.CreateCounter<long>("tokenstream.records.refused", "{record}", "Records put aside as dead letters, by reason.");
        _meter.CreateObservableGauge(
            "tokenstream.prices.changed_time",
            () => _pricesChangedMs() is { } changedMs ? [new Measurement<double>(changedMs / 1000.0)] : Array.Empty<Measurement<double>>(),
            "s",
            "When the prices in force were published first, seconds since the Unix epoch.");
        UnpricedTokens = _meter.CreateCounter<long>(
            "tokenstream.usage.unpriced", "{token}", "Tokens without a price, as rollups are stored.");
        Alerts = new AlertMetrics(_meter);
        Commands = new CommandMetrics(_meter);
        Receive = new ReceiveMetrics(_meter);
        Decisions = _meter.CreateCounter<long>(
            "tokenstream.decisions", "{decision}", "Decisions published: windows closed, corrections, counts.");
        CommitFailures = _meter.CreateCounter<long>(
            "tokenstream.commit.failures", "{commit}", "Offset commits refused or of unknown outcome; their partitions started again.");
        PublishFailures = _meter.CreateCounter<long>(
            "tokenstream.publish.failures", "{batch}", "Batches that were not acknowledged; the worker's partitions started again.");
        StoreBlocks = _meter.CreateCounter<long>("tokenstream.store.blocks", "{block}", "Blocks of rollups and of spend stored.");
        StoreRows = _meter.CreateCounter<long>("tokenstream.store.rows", "{row}", "Rollups and sums of scopes stored.");
        StoreRetries = _meter.CreateCounter<long>(
            "tokenstream.store.retries", "{attempt}", "Blocks that the store did not take; each is tried again.");
        Govern = new GovernMetrics(_meter);
        Detect = new DetectMetrics(_meter);
    }

    /// <summary>Those of govern.</summary>
    public GovernMetrics Govern { get; }

    /// <summary>Those of detect.</summary>
    public DetectMetrics Detect { get; }

    /// <summary>Those of alerts.</summary>
    public AlertMetrics Alerts { get; }

    /// <summary>Those of commands at gateways.</summary>
    public CommandMetrics Commands { get; }

    /// <summary>Those of foreign payloads.</summary>
    public ReceiveMetrics Receive { get; }

    public Counter<long> UnpricedTokens { get; }

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

    /// <summary>Where the gauges of input partitions are read from; called from any thread.</summary>
    public void ObservePartitions(Func<IEnumerable<PartitionGauges>> partitions) => _partitions = partitions;

    /// <summary>Where the count of dropped provisional records is read from; called from any thread.</summary>
    public void ObserveDropped(Func<long> dropped) => _dropped = dropped;

    /// <summary>The same for records of provisional spend.</summary>
    public void ObserveDroppedSpend(Func<long> dropped) => _droppedSpend = dropped;

    /// <summary>Where the time of the last change of prices is read from; null where none was published. Called from any thread.</summary>
    public void ObservePrices(Func<long?> changedMs) => _pricesChangedMs = changedMs;

    public void CountRefused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<double>> Measure(Func<PartitionGauges, double> value) => _partitions()
        .Select(p => new Measurement<double>(
            value(p),
            new KeyValuePair<string, object?>("topic", p.Partition.Topic),
            new KeyValuePair<string, object?>("partition", p.Partition.Partition)));
}

/// <summary>How an input partition stood when its worker looked last.</summary>
/// <param name="LagRecords">Records between its position and its end.</param>
/// <param name="StreamTimeMs">0 before its first event.</param>
/// <param name="FoldedScopes">Scopes of open windows that found no room of their own.</param>
public sealed record PartitionGauges(TopicPartition Partition, long LagRecords, long StreamTimeMs, int OpenKeys, int FoldedScopes);
