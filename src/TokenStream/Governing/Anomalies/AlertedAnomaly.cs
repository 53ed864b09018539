using TokenStream.Detection;
using TokenStream.Governing.Alerts;

namespace TokenStream.Governing.Anomalies;

/// <summary>
/// An anomaly and the alerts that were made of it: one under its id, with the severity it had when it was first told, and a second one where
/// the severity has risen since, which calls again. Both end with it.
/// </summary>
internal sealed class AlertedAnomaly(Anomaly anomaly, long firstOffset, Alert? told, Alert? worse)
{
    private Alert? _told = told;
    private Alert? _worse = worse;
    private Anomaly _anomaly = anomaly;

    /// <summary>Whether a record came since the last look.</summary>
    private bool _hasChanged = true;

    public long FirstOffset { get; } = firstOffset;

    /// <summary>Whether nothing is left to be said of it.</summary>
    public bool IsOver { get; private set; }

    /// <summary>When a record of it was looked at last, by the clock: its own times may be those of a trace of long ago.</summary>
    public long HeardMs { get; private set; }

    /// <summary>The fingerprint of the alert that says that it has become worse. No anomaly's id has a dot.</summary>
    public static string WorseOf(string id) => id + ".worse";

    public void Take(Anomaly anomaly)
    {
        // A repeated beginning after the end would open it again.
        if (_anomaly.EndedMs is null)
        {
            (_anomaly, _hasChanged) = (anomaly, true);
        }
    }

    public void Tell(AnomalyCircumstances circumstances, List<Alert> due)
    {
        HeardMs = _hasChanged ? circumstances.NowMs : HeardMs;
        var resolution = circumstances.People.Resolutions.GetValueOrDefault(_anomaly.Id);
        var standing = AnomalyStanding.Of(_anomaly, circumstances);
        if (_anomaly.EndedMs is not null && _told is null && resolution is null && standing.IsTold)
        {
            // It came and went while nobody looked: a person should know that it did.
            _told = Say(due, Make(_anomaly.Id, Severity(_anomaly.Severity), _anomaly.OpenedMs, standing, circumstances));
        }

        if (_anomaly.EndedMs is not null || resolution is not null)
        {
            End(resolution, standing, circumstances, due);
            IsOver = _anomaly.EndedMs is not null;
        }
        else
        {
            TellOpen(standing, circumstances, due);
        }

        _hasChanged = false;
    }

    private void TellOpen(AnomalyStanding standing, AnomalyCircumstances circumstances, List<Alert> due)
    {
        var severity = Severity(_anomaly.Severity);
        var hasRisen = _told is { EndedMs: null, Notifies: true } first && severity > first.Severity;

        // Labels do not change while an alert lasts: what was told keeps its severity, and the other one says that it has risen.
        var keeps = _told is not null && (_worse is not null || _told is { EndedMs: null, Notifies: true });
        _told = Follow(_told, _anomaly.Id, keeps ? _told!.Severity : severity, _anomaly.OpenedMs, standing, circumstances, due);
        if (_worse is not null || (hasRisen && standing.IsTold))
        {
            _worse = Follow(_worse, WorseOf(_anomaly.Id), _worse?.Severity ?? severity, _anomaly.LastSeenMs, standing, circumstances, due);
        }
    }

    /// <summary>Brings one alert in step with how the anomaly stands; returns what was said of it last.</summary>
    private Alert? Follow(
        Alert? said, string fingerprint, AlertSeverity severity, long startedMs, AnomalyStanding standing, AnomalyCircumstances circumstances, List<Alert> due)
    {
        if (!standing.IsTold && !standing.IsWrittenDown)
        {
            return said is { EndedMs: null } ? Say(due, End(said, circumstances.NowMs, standing, null, circumstances.NowMs)) : said;
        }

        if (said is { EndedMs: not null, By: not null })
        {
            // A person resolved it: it does not call again, even after that request was deleted.
            return said;
        }

        if (said is { EndedMs: null, Notifies: true } && !standing.IsTold)
        {
            return Say(due, End(said, circumstances.NowMs, standing, null, circumstances.NowMs));
        }

        if (said is { EndedMs: not null } && !standing.IsTold)
        {
            return said;
        }

        // What had been told and was then held back begins anew: receivers tell alerts apart by their start.
        var started = said is { EndedMs: not null } ? circumstances.NowMs : said?.StartedMs ?? startedMs;
        var alert = Make(fingerprint, severity, started, standing, circumstances);
        var isNew = said is null || said.EndedMs is not null || said.Notifies != alert.Notifies || said.Summary != alert.Summary;
        return isNew && (_hasChanged || said?.Notifies != alert.Notifies || said.EndedMs is not null) ? Say(due, alert) : said;
    }

    private void End(AnomalyResolution? resolution, AnomalyStanding standing, AnomalyCircumstances circumstances, List<Alert> due)
    {
        _told = _told is { EndedMs: null } told ? Say(due, End(told, EndMs(resolution, circumstances), standing, resolution, circumstances.NowMs)) : _told;
        _worse = _worse is { EndedMs: null } worse ? Say(due, End(worse, EndMs(resolution, circumstances), standing, resolution, circumstances.NowMs)) : _worse;
    }

    private long EndMs(AnomalyResolution? resolution, AnomalyCircumstances circumstances) =>
        _anomaly.EndedMs ?? Math.Min(resolution?.AtMs ?? circumstances.NowMs, circumstances.NowMs);

    private static Alert Say(List<Alert> due, Alert alert)
    {
        due.Add(alert);
        return alert;
    }

    private Alert Make(string fingerprint, AlertSeverity severity, long startedMs, AnomalyStanding standing, AnomalyCircumstances circumstances)
    {
        var entry = _anomaly.Scope.Tenant is { } tenant ? circumstances.Directory.At(tenant, circumstances.NowMs) : null;
        var figures = AnomalyFigures.Of(_anomaly, standing.Note);
        return new Alert
        {
            Fingerprint = fingerprint,
            Kind = TransitionKind.Anomaly,
            Name = NameOf(_anomaly),
            Severity = severity,
            Notifies = standing.IsTold,
            AtMs = circumstances.NowMs,
            StartedMs = startedMs,
            Budget = "",
            Scope = AnomalyScope.Of(_anomaly.Scope).Text,
            Owner = entry?.Owner,
            Route = entry?.Route,
            Summary = AnomalyText.Summary(_anomaly with { Note = figures.Note }) + (standing.HeldBack is { } why ? $" Not sent: {why}." : ""),
            Reason = standing.HeldBack,
            Anomaly = figures,
        };
    }

    private Alert End(Alert said, long endedMs, AnomalyStanding standing, AnomalyResolution? resolution, long nowMs)
    {
        var how = resolution is { } by ? $"{by.By} has resolved it: {by.Reason.TrimEnd('.')}"
            : _anomaly.End is { } end ? Word(end)
            : $"no longer told: {standing.HeldBack}";
        return said with
        {
            AtMs = nowMs,
            EndedMs = Math.Max(endedMs, said.StartedMs),
            Summary = $"{AnomalyText.Summary(_anomaly with { Note = null })} Over: {how}.",
            By = resolution?.By,
            Reason = resolution?.Reason ?? standing.HeldBack,
            Anomaly = AnomalyFigures.Of(_anomaly, null),
        };
    }

    private static string NameOf(Anomaly anomaly) => anomaly.Kind switch
    {
        AnomalyKind.Silence => "anomaly silence",
        AnomalyKind.ClockDrift => "anomaly clock_drift",
        AnomalyKind.Digest => "anomaly digest",
        _ => $"anomaly {AnomalyFigures.Word(anomaly.Measure)} {(anomaly.Direction == AnomalyDirection.Up ? "up" : "down")}",
    };

    private static string Word(AnomalyEnd end) => end switch
    {
        AnomalyEnd.Quiet => "it is back to what was expected",
        AnomalyEnd.Shift => "it stays where it went, and that is what is expected from now on",
        AnomalyEnd.LateData => "what was missing has come late",
        AnomalyEnd.Resolved => "it was resolved",
        AnomalyEnd.Dropped => "the series is no longer watched",
        AnomalyEnd.Merged => "it is part of a larger one",
        _ => throw new ArgumentOutOfRangeException(nameof(end)),
    };

    private static AlertSeverity Severity(AnomalySeverity severity) => severity switch
    {
        AnomalySeverity.Critical => AlertSeverity.Page,
        AnomalySeverity.Warning => AlertSeverity.Ticket,
        _ => AlertSeverity.Info,
    };
}
