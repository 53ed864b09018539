using Microsoft.Extensions.Logging;
using TokenStream.Governing;
using TokenStream.Governing.Anomalies;
using TokenStream.Kafka;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Node;

/// <summary>
/// The compacted budgets topic, read once for all: the versions of the budgets, and what people ask of governing. Of a version the first
/// record counts, so that two who publish the same number at once end with the same content. One reads and publishes; what was read last
/// may be asked for by any thread.
/// </summary>
internal sealed class BudgetTopic(ConfigurationTopic topic, ILogger logger) : IDisposable
{
    /// <summary>So many versions are kept for going back; older ones are deleted by whoever publishes.</summary>
    public const int KeptVersions = 100;

    private readonly SortedDictionary<long, BudgetRecord> _records = [];
    private volatile PublishedBudgets _current = PublishedBudgets.None;
    private volatile GovernControls _controls = GovernControls.None;
    private volatile AnomalyRequests _anomalyRequests = AnomalyRequests.None;
    private Dictionary<string, long> _sinceMs = [];
    private long _noted;

    /// <summary>The budgets in force: those of the latest version.</summary>
    public PublishedBudgets Current => _current;

    /// <summary>What people ask of governing.</summary>
    public GovernControls Controls => _controls;

    /// <summary>What people have said about anomalies: the same object until something changes.</summary>
    public AnomalyRequests AnomalyRequests => _anomalyRequests;

    /// <summary>Every version known, oldest first. For the one who reads.</summary>
    public IReadOnlyCollection<BudgetRecord> Records => _records.Values;

    /// <summary>For the one who reads.</summary>
    public BudgetRecord? Latest => _records.Count > 0 ? _records.Last().Value : null;

    public BudgetRecord? Find(long version) => _records.GetValueOrDefault(version);

    /// <summary>Reads what is new; whether anything was.</summary>
    public bool Refresh()
    {
        var before = Latest;
        var entries = topic.ReadToEnd();
        foreach (var entry in entries.Where(entry => entry.Key.StartsWith(BudgetRecord.KeyPrefix, StringComparison.Ordinal)))
        {
            if (entry.Value is { } value && BudgetRecord.Parse(value) is var record && _records.TryAdd(record.Version, record))
            {
                NodeLog.BudgetsRead(logger, record.Version, record.Source, record.By);
            }
        }

        if (Latest is { } latest && latest != before)
        {
            NoteScopes();
            _current = latest.ToBudgets() with { SinceMs = _sinceMs };
        }

        if (entries.Count > 0)
        {
            _controls = PeopleRequests.Controls(topic.Entries);
        }

        if (entries.Any(entry => AnomalyRequestFormat.IsKey(entry.Key)))
        {
            _anomalyRequests = AnomalyRequestFormat.Read(topic.Entries.Values.Select(entry => (entry.Key, entry.Value)));
        }

        return entries.Count > 0;
    }

    /// <summary>Publishes content as the next version; returns that version once it is read back.</summary>
    /// <param name="content">Makes the record that follows what is in force then.</param>
    public async Task<BudgetRecord> PublishAsync(Func<PublishedBudgets, BudgetRecord> content)
    {
        while (true)
        {
            Refresh();
            var wanted = content(_current) with { Version = (Latest?.Version ?? 0) + 1 };
            await topic.AppendAsync(wanted.Key, wanted.ToBytes());
            Refresh();
            var counted = _records[wanted.Version];
            if (counted.At == wanted.At && counted.By == wanted.By && counted.Hash == wanted.Hash)
            {
                await DeleteOldAsync();
                return counted;
            }

            // Somebody else's record of that number came first. Compaction keeps the last of a key: make that the one that counts.
            await topic.AppendAsync(counted.Key, counted.ToBytes());
        }
    }

    public void Dispose() => topic.Dispose();

    /// <summary>Of each scope that a version names, keeps since when every version has named it.</summary>
    private void NoteScopes()
    {
        foreach (var record in _records.Values.Where(record => record.Version > _noted))
        {
            _noted = record.Version;
            var at = record.At.ToUnixTimeMilliseconds();
            try
            {
                _sinceMs = record.ToBudgets().Set.Patterns.ToDictionary(
                    pattern => pattern.Text, pattern => _sinceMs.GetValueOrDefault(pattern.Text, at), StringComparer.Ordinal);
            }
            catch (FormatException)
            {
                // A version that cannot be read was never in force.
            }
        }
    }

    private async Task DeleteOldAsync()
    {
        foreach (var old in _records.Values.SkipLast(KeptVersions).ToList())
        {
            await topic.AppendAsync(old.Key, null);
            _records.Remove(old.Version);
        }
    }
}
