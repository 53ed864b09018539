using TokenStream.Detection.Episodes;
using TokenStream.Windowing;

namespace TokenStream.Detection;

/// <summary>
/// Silences of tenants whose shortfall is told as a spike already: one incident is one alert. Settled when a silence begins, so that whoever
/// was told of its begin is told of its end.
/// </summary>
internal sealed class HeldSilences
{
    private readonly SortedDictionary<string, string> _reasons = new(StringComparer.Ordinal);

    // By id; those that begin are decided once.
    private readonly SortedSet<string> _open = new(StringComparer.Ordinal);

    public Anomaly Held(Anomaly anomaly, EpisodeBook episodes)
    {
        if (anomaly.Kind != AnomalyKind.Silence || anomaly.Scope.Tenant is not { } tenant)
        {
            return anomaly;
        }

        if (_open.Add(anomaly.Id) && episodes.SentId(anomaly.Scope.Environment, tenant, AnomalyDirection.Down) is { } told)
        {
            _reasons[anomaly.Id] = $"part of {told}";
        }

        var reason = _reasons.GetValueOrDefault(anomaly.Id);
        if (anomaly.EndedMs is not null)
        {
            _open.Remove(anomaly.Id);
            _reasons.Remove(anomaly.Id);
        }

        return anomaly.HeldBack is null && reason is not null ? anomaly with { HeldBack = reason } : anomaly;
    }

    public void Write(BlockBuffer to)
    {
        to.Unsigned((UInt128)_open.Count);
        foreach (var id in _open)
        {
            to.Text(id);
            to.Text(_reasons.GetValueOrDefault(id, ""));
        }
    }

    public static HeldSilences Read(ref BlockReader from)
    {
        var silences = new HeldSilences();
        for (var left = from.Count(); left > 0; left--)
        {
            var (id, reason) = (from.Text(), from.Text());
            silences._open.Add(id);
            if (reason.Length > 0)
            {
                silences._reasons[id] = reason;
            }
        }

        return silences;
    }
}
