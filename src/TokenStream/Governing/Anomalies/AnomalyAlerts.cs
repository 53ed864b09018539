using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Scopes;

namespace TokenStream.Governing.Anomalies;

/// <summary>What alerts of anomalies depend on besides the anomalies.</summary>
/// <param name="People">What people have said about them.</param>
/// <param name="Commands">The last command of each key, releases among them.</param>
/// <param name="Directory">Who owns a tenant, and which way its alerts go.</param>
/// <param name="NowMs">The time, milliseconds since the Unix epoch.</param>
public sealed record AnomalyCircumstances(AnomalyRequests People, IReadOnlyCollection<Command> Commands, TenantDirectory Directory, long NowMs);

/// <summary>
/// Makes alerts of anomalies: those that nothing holds back are told when they open, when their severity rises, and when they end; those
/// that a silence or a command of ours stands against are written down with the reason, and told as soon as it is gone and they still last.
/// Pure: records, circumstances and the time come in, alerts come out. What it makes is remembered as said; the caller that cannot
/// publish it makes a new one from the log. For one thread.
/// </summary>
public sealed class AnomalyAlerts(int limit = AnomalyAlerts.DefaultLimit)
{
    /// <summary>Most anomalies at a time; those beyond are counted and make no alert.</summary>
    public const int DefaultLimit = 20_000;

    /// <summary>An anomaly that nobody has spoken of for so long is forgotten, as alerts are.</summary>
    public const long LongestMs = 40L * 24 * 60 * 60_000;

    private const int MostEnded = 20_000;

    private readonly Dictionary<string, AlertedAnomaly> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Alert> _said = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private readonly Queue<string> _endedInOrder = new();

    /// <summary>Anomalies that last.</summary>
    public int Open => _open.Count;

    /// <summary>Anomalies left out because there were too many.</summary>
    public long Dropped { get; private set; }

    /// <summary>What an earlier one has said, in the order of the log. To be called before anything is made.</summary>
    public void Restore(Alert said)
    {
        if (said.Kind == TransitionKind.Anomaly)
        {
            _said[said.Fingerprint] = said;
        }
    }

    /// <summary>Takes a record of an anomaly, at its offset. What has ended stays ended, whatever is repeated.</summary>
    public void Take(Anomaly anomaly, long offset)
    {
        if (_ended.Contains(anomaly.Id))
        {
            return;
        }

        if (_open.TryGetValue(anomaly.Id, out var known))
        {
            known.Take(anomaly);
        }
        else if (_open.Count >= limit)
        {
            Dropped++;
        }
        else
        {
            var (told, worse) = (_said.GetValueOrDefault(anomaly.Id), _said.GetValueOrDefault(AlertedAnomaly.WorseOf(anomaly.Id)));
            _open.Add(anomaly.Id, new AlertedAnomaly(anomaly, offset, told, worse));
        }
    }

    /// <summary>Everything there is to say now.</summary>
    public IReadOnlyList<Alert> Due(AnomalyCircumstances circumstances)
    {
        List<Alert> due = [];
        circumstances = circumstances with
        {
            Commands = [.. circumstances.Commands.Where(command => AnomalyStanding.Acts(command, circumstances.NowMs))],
        };
        foreach (var (id, anomaly) in _open)
        {
            anomaly.Tell(circumstances, due);
            if (anomaly.IsOver || anomaly.HeardMs + LongestMs < circumstances.NowMs)
            {
                _open.Remove(id);
                End(id);
            }
        }

        return due;
    }

    /// <summary>The offset that a successor has to read from: the first record of the oldest anomaly that lasts, or the position.</summary>
    public long LowestNeeded(long position) => _open.Values.Aggregate(position, (lowest, anomaly) => Math.Min(lowest, anomaly.FirstOffset));

    private void End(string id)
    {
        _said.Remove(id);
        _said.Remove(AlertedAnomaly.WorseOf(id));
        if (_ended.Add(id))
        {
            _endedInOrder.Enqueue(id);
            if (_endedInOrder.Count > MostEnded)
            {
                _ended.Remove(_endedInOrder.Dequeue());
            }
        }
    }
}
