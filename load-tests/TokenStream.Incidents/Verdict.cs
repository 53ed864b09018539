using TokenStream.Detection;

namespace TokenStream.Incidents;

/// <summary>What became of one incident.</summary>
internal sealed class Verdict
{
    /// <summary>Alerts of the tenant so long after the incident still belong to it: the level has to be learnt again.</summary>
    public const int EchoMinutes = 120;

    private Verdict(Incident incident, IReadOnlyList<Said> alerts, IReadOnlyList<Said> withheld)
    {
        (Incident, Alerts, Withheld) = (incident, alerts, withheld);
        var direction = incident.Kind == IncidentKind.Outage ? AnomalyDirection.Down : AnomalyDirection.Up;
        Found = alerts.FirstOrDefault(said => said.Minute < incident.ToMinute + 2 && IsAbout(said, direction));
    }

    public Incident Incident { get; }

    /// <summary>New alerts at its tenant, from its first minute to the end of its echo.</summary>
    public IReadOnlyList<Said> Alerts { get; }

    /// <summary>What was noticed meanwhile and not sent, with why.</summary>
    public IReadOnlyList<Said> Withheld { get; }

    /// <summary>The alert that tells of it; null where none does.</summary>
    public Said? Found { get; }

    /// <summary>Minutes from the end of the first minute that it fills to the minute at whose end it is alerted.</summary>
    public int? Delay => Found?.Minute - Incident.FromMinute;

    public bool IsInTime => Found is { } found && found.Minute <= Incident.DeadlineMinute;

    public CauseFactor? FirstCause => Found?.Anomaly.Cause?.Shares is [var first, ..] ? first.Factor : null;

    public bool IsCauseRight => FirstCause is { } first && Incident.Causes.Contains(first);

    public bool IsPlaceRight => Found?.Anomaly.Scope is { } scope && (scope.Feature is null || scope.Feature == Incident.Feature);

    /// <summary>Judges an incident by what was said.</summary>
    public static Verdict Of(Incident incident, IncidentRun run)
    {
        bool IsHere(Said said) => said.Minute >= incident.FromMinute && said.Minute < incident.ToMinute + EchoMinutes &&
            IsAt(said.Anomaly, incident.Tenant);

        var alerts = NewAlerts(run).Where(IsHere).ToList();
        var withheld = run.AllSaid.Where(IsHere).Where(said => !said.IsAlert && said.Anomaly.EndedMs is null).ToList();
        return new Verdict(incident, alerts, withheld);
    }

    /// <summary>The first alert of each anomaly.</summary>
    public static IEnumerable<Said> NewAlerts(IncidentRun run)
    {
        var known = new HashSet<string>();
        return run.AllSaid.Where(said => said.IsAlert && known.Add(said.Anomaly.Id)).ToList();
    }

    /// <summary>Alerts of the days from one on that belong to no incident, its echo included.</summary>
    public static IEnumerable<Said> FalseAlarms(IncidentRun run, int fromMinute) =>
        NewAlerts(run).Where(said => said.Minute >= fromMinute && !run.Fleet.Incidents.Any(incident =>
            !incident.Kind.IsNormal() && said.Minute >= incident.FromMinute && said.Minute < incident.ToMinute + EchoMinutes &&
            IsAt(said.Anomaly, incident.Tenant)));

    /// <summary>False alarms at the tenant of a normal incident, while it lasts or in its echo.</summary>
    public static IEnumerable<Said> AlertsOnNormal(IncidentRun run) =>
        NewAlerts(run).Where(said => run.Fleet.Incidents.Any(incident =>
            incident.Kind.IsNormal() && said.Minute >= incident.FromMinute && said.Minute < incident.ToMinute + EchoMinutes &&
            IsAt(said.Anomaly, incident.Tenant)));

    private static bool IsAt(Anomaly anomaly, string tenant) =>
        anomaly.Scope.Tenant == tenant || (anomaly.Scope.Tenant is null && anomaly.Members.Any(member => member.Tenant == tenant));

    /// <summary>A fallen cache share is an excess of money, whatever way it points.</summary>
    private bool IsAbout(Said said, AnomalyDirection direction) => Incident.Kind == IncidentKind.Outage
        ? said.Anomaly.Direction == direction || said.Anomaly.Kind == AnomalyKind.Silence
        : said.Anomaly.Direction == direction || said.Anomaly.Measure == SeriesMeasure.CacheShare;
}
