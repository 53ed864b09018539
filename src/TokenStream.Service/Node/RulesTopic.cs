using System.Globalization;
using Microsoft.Extensions.Logging;
using TokenStream.Kafka;
using TokenStream.Windowing;

namespace TokenStream.Service.Node;

/// <summary>
/// The versions of the rules on the compacted configuration topic. Of a version the first record counts, so that two nodes that publish the
/// same number at once end with the same content.
/// </summary>
internal sealed class RulesTopic(ConfigurationTopic topic, ILogger logger) : IDisposable
{
    private readonly SortedDictionary<long, RulesRecord> _records = [];

    private string? _pricesHash;
    private long _pricesChangedMs;

    /// <summary>
    /// When the prices in force were published first, milliseconds since the Unix epoch; null before any were. From any thread.
    /// </summary>
    public long? PricesChangedMs => Volatile.Read(ref _pricesChangedMs) is > 0 and var changed ? changed : null;

    /// <summary>What the stages take the rules from.</summary>
    public RulesHistory History { get; } = new();

    /// <summary>Every version known, oldest first.</summary>
    public IReadOnlyCollection<RulesRecord> Records => _records.Values;

    public RulesRecord? Latest => _records.Count > 0 ? _records.Last().Value : null;

    /// <summary>Reads what is new.</summary>
    public void Refresh()
    {
        foreach (var entry in topic.ReadToEnd())
        {
            if (!entry.Key.StartsWith(RulesRecord.KeyPrefix, StringComparison.Ordinal) || entry.Value is not { } value)
            {
                continue;
            }

            var record = RulesRecord.Parse(value);
            if (_records.TryAdd(record.Version, record))
            {
                History.Add(record.ToRules());
                if (record.PricesHash != _pricesHash)
                {
                    _pricesHash = record.PricesHash;
                    Volatile.Write(ref _pricesChangedMs, record.At.ToUnixTimeMilliseconds());
                }

                NodeLog.RulesRead(logger, record.Version, record.Source, record.By);
            }
        }
    }

    /// <summary>
    /// Publishes content as the next version, unless the latest one says the same; returns the version that says it once it is read back.
    /// </summary>
    public async Task<RulesRecord> PublishAsync(RulesRecord content)
    {
        while (true)
        {
            Refresh();
            if (Latest is { } latest && latest.SameContent(content))
            {
                // Nodes that follow the same budgets publish at the same time: one version is enough.
                return latest;
            }

            var wanted = content with { Version = (Latest?.Version ?? 0) + 1 };
            var key = RulesRecord.KeyPrefix + wanted.Version.ToString("D10", CultureInfo.InvariantCulture);
            await topic.AppendAsync(key, wanted.ToBytes());
            Refresh();
            var counted = _records[wanted.Version];
            if (counted.At == wanted.At && counted.By == wanted.By && counted.SameContent(wanted))
            {
                return counted;
            }

            // Somebody else's record of that number came first. Compaction keeps the last of a key: make that the one that counts.
            await topic.AppendAsync(key, counted.ToBytes());
        }
    }

    public void Dispose() => topic.Dispose();
}
