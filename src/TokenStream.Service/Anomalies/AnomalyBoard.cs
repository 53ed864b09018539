using System.Text;
using Microsoft.Extensions.Logging;
using TokenStream.Detection;
using TokenStream.Governing.Anomalies;
using TokenStream.Kafka;
using TokenStream.Service.Alerting;
using TokenStream.Service.Governing;
using TokenStream.Service.Options;

namespace TokenStream.Service.Anomalies;

/// <summary>
/// The anomalies of the last weeks, and what a person may do about them: with a trace in the audit before. For the command line and for a
/// node's API. Not for several threads at once.
/// </summary>
internal sealed class AnomalyBoard : IDisposable
{
    /// <summary>Most anomalies that are shown; beyond, those that were spoken of longest ago are left out.</summary>
    public const int MostAnomalies = 20_000;

    private readonly TopicReader _reader;
    private readonly ConfigurationTopic _requests;
    private readonly AlertList _alerts;
    private readonly Audit _audit;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, (Anomaly Anomaly, long Offset)> _anomalies = new(StringComparer.Ordinal);

    /// <exception cref="KafkaUnavailableException">The log is out of reach, or has no such topics.</exception>
    public AnomalyBoard(NodeOptions options, KafkaOptions kafka, Audit audit, TimeProvider clock, ILogger logger)
    {
        (_audit, _clock) = (audit, clock);
        var since = clock.GetUtcNow() - TimeSpan.FromMilliseconds(AnomalyAlerts.LongestMs);
        _reader = new TopicReader(kafka, options.Topics.Anomalies, partitions: 1, "tokenstream-anomaly-board", logger, since: since);
        _requests = new ConfigurationTopic(kafka, options.Topics.Budgets, "tokenstream-anomaly-board", logger);
        _alerts = new AlertList(options, kafka, audit, clock, logger);
    }

    /// <summary>Those that last, or all of them, newest opening last.</summary>
    public IReadOnlyList<ShownAnomaly> Read(bool all)
    {
        ReadAnomalies();
        var (requests, alerts) = (Requests(), _alerts.Read());
        var byFingerprint = alerts.ToDictionary(open => open.Alert.Fingerprint, StringComparer.Ordinal);
        return
        [
            .. _anomalies.Values.Select(known => Show(known.Anomaly, requests, byFingerprint)).Where(shown => all || shown.IsOpen)
                .OrderBy(shown => shown.Anomaly.OpenedMs).ThenBy(shown => shown.Anomaly.Id, StringComparer.Ordinal),
        ];
    }

    /// <summary>The silences in force, or all that are still known.</summary>
    public IReadOnlyList<AnomalySilence> Silences(bool all) =>
    [
        .. Requests().Silences.Where(silence => all || silence.IsInForce(Now()))
            .OrderBy(silence => silence.UntilMs).ThenBy(silence => silence.Id, StringComparer.Ordinal),
    ];

    /// <summary>Takes an anomaly's alerts on; returns it as it stands then, null where none of that id has one that lasts.</summary>
    public async Task<ShownAnomaly?> AcknowledgeAsync(string id, string reason, Actor actor)
    {
        if (Find(id) is not { Alerts.Count: > 0 } shown)
        {
            return null;
        }

        foreach (var open in shown.Alerts)
        {
            await _alerts.AcknowledgeAsync(open.Alert.Fingerprint, reason, actor);
        }

        return Find(id);
    }

    /// <summary>Ends an anomaly for people; null where none of that id lasts. Who comes second changes nothing.</summary>
    public async Task<ShownAnomaly?> ResolveAsync(string id, string reason, Actor actor)
    {
        if (Find(id) is not { Anomaly.EndedMs: null } shown)
        {
            return null;
        }

        if (shown.Resolution is null)
        {
            var resolution = new AnomalyResolution(id, reason, actor.By, Now());
            await AppendAsync("resolve", $"{id} {AnomalyText.Place(shown.Anomaly.Scope)}", actor, reason, AnomalyRequestFormat.KeyOf(resolution),
                AnomalyFormat.Write(shown.Anomaly), AnomalyRequestFormat.Write(resolution));
            await DeleteOldAsync();
        }

        return Find(id);
    }

    /// <summary>Silences; time and person are the call's.</summary>
    public async Task<AnomalySilence> SilenceAsync(AnomalySilence silence, Actor actor)
    {
        var asked = silence with { AtMs = Now(), By = actor.By };
        await AppendAsync("silence", asked.Scope.Text, actor, asked.Reason, AnomalyRequestFormat.KeyOf(asked), [], AnomalyRequestFormat.Write(asked));
        await DeleteOldAsync();
        return asked;
    }

    /// <summary>Takes a silence back; null where there is none of that id. One that is over stays as it is.</summary>
    public async Task<AnomalySilence?> EndSilenceAsync(string id, string reason, Actor actor)
    {
        var silence = Requests().Silences.FirstOrDefault(known => known.Id == id);
        if (silence is null || !silence.IsInForce(Now()))
        {
            return silence;
        }

        var ended = silence with { EndedMs = Now(), EndedBy = actor.By, EndedReason = reason };
        await AppendAsync("unsilence", silence.Scope.Text, actor, reason, AnomalyRequestFormat.KeyOf(ended),
            AnomalyRequestFormat.Write(silence), AnomalyRequestFormat.Write(ended));
        return ended;
    }

    public AnomalySilence? FindSilence(string id) => Requests().Silences.FirstOrDefault(silence => silence.Id == id);

    /// <summary>An anomaly of any state; null where none is known.</summary>
    public ShownAnomaly? Find(string id) => Read(all: true).FirstOrDefault(shown => shown.Anomaly.Id == id);

    public void Dispose()
    {
        _alerts.Dispose();
        _requests.Dispose();
        _reader.Dispose();
    }

    private ShownAnomaly Show(Anomaly anomaly, AnomalyRequests requests, Dictionary<string, OpenAlert> alerts)
    {
        var silence = anomaly.EndedMs is null ? requests.SilenceOf(anomaly, Now()) : null;
        string[] fingerprints = [anomaly.Id, AlertedAnomaly.WorseOf(anomaly.Id)];
        return new(anomaly, [.. fingerprints.Select(alerts.GetValueOrDefault).OfType<OpenAlert>()], silence, requests.Resolutions.GetValueOrDefault(anomaly.Id));
    }

    private void ReadAnomalies()
    {
        foreach (var result in _reader.ReadToEnd())
        {
            if (result.Message.Value is not { } value || !AnomalyFormat.TryRead(value, out var anomaly) ||
                _anomalies.TryGetValue(anomaly.Id, out var known) && known.Anomaly.EndedMs is not null)
            {
                continue;
            }

            _anomalies[anomaly.Id] = (anomaly, result.Offset.Value);
            if (_anomalies.Count > MostAnomalies + (MostAnomalies / 10))
            {
                foreach (var old in _anomalies.OrderBy(entry => entry.Value.Offset).Take(MostAnomalies / 10).ToList())
                {
                    _anomalies.Remove(old.Key);
                }
            }
        }
    }

    private AnomalyRequests Requests()
    {
        _requests.ReadToEnd();
        return AnomalyRequestFormat.Read(_requests.Entries.Values.Select(entry => (entry.Key, entry.Value)));
    }

    private async Task AppendAsync(string action, string subject, Actor actor, string reason, string key, byte[] before, byte[] after)
    {
        await _audit.AppendAsync(AuditKind.Anomaly, action, subject, actor, reason, Encoding.UTF8.GetString(before), Encoding.UTF8.GetString(after));
        await _requests.AppendAsync(key, after);
    }

    /// <summary>What is long over is of no use to anybody; the audit keeps it.</summary>
    private async Task DeleteOldAsync()
    {
        var requests = Requests();
        var over = Now() - (long)PeopleRequests.KeepsOver.TotalMilliseconds;
        foreach (var silence in requests.Silences.Where(silence => silence.EndedMs < over || silence.UntilMs < over))
        {
            await _requests.AppendAsync(AnomalyRequestFormat.KeyOf(silence), null);
        }

        foreach (var resolution in requests.Resolutions.Values.Where(resolution => resolution.AtMs < Now() - AnomalyAlerts.LongestMs))
        {
            await _requests.AppendAsync(AnomalyRequestFormat.KeyOf(resolution), null);
        }
    }

    private long Now() => _clock.GetUtcNow().ToUnixTimeMilliseconds();
}
