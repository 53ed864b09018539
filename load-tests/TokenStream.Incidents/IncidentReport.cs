using System.Globalization;
using System.Text;
using System.Text.Json;
using TokenStream.Pricing;

namespace TokenStream.Incidents;

/// <summary>Sums up runs: tables for people, a line of JSON for every incident and false alarm.</summary>
internal sealed class IncidentReport
{
    private static readonly (string Name, double From, double To)[] Bands =
        [("under 20", 0, 20), ("20 to 50", 20, 50), ("50 to 200", 50, 200), ("200 and more", 200, double.MaxValue)];

    private readonly List<(int Seed, Verdict Verdict)> _verdicts = [];
    private readonly List<(int Seed, Said Said, Fleet Fleet)> _falseAlarms = [];
    private readonly List<int> _onNormal = [];
    private double _tenantDays;
    private double _quietTenantDays;
    private int _quietFalse;

    public IReadOnlyList<Verdict> Verdicts => [.. _verdicts.Select(verdict => verdict.Verdict)];

    /// <summary>False alarms of the last days a tenant and day; those on normal incidents among them.</summary>
    public double FalsePerTenantDay => _falseAlarms.Count / Math.Max(1, _tenantDays);

    public int MostOnNormal => _onNormal.DefaultIfEmpty().Max();

    public void Add(int seed, IncidentRun run)
    {
        foreach (var incident in run.Fleet.Incidents)
        {
            _verdicts.Add((seed, Verdict.Of(incident, run)));
        }

        var calendar = run.Fleet.Calendar;
        _falseAlarms.AddRange(Verdict.FalseAlarms(run, calendar.LastDay).Select(said => (seed, said, run.Fleet)));
        _onNormal.Add(Verdict.AlertsOnNormal(run).Count());
        _tenantDays += run.Fleet.Tenants.Count;

        // The days before are quiet ones, once the seasons are known.
        var known = Math.Min(4 * FleetCalendar.MinutesPerDay, calendar.LastDay);
        _quietFalse += Verdict.NewAlerts(run).Count(said => said.Minute >= known && said.Minute < calendar.LastDay);
        _quietTenantDays += run.Fleet.Tenants.Count * (calendar.LastDay - known) / (double)FleetCalendar.MinutesPerDay;
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append("| incident | strength, USD an hour | injected | alerted | in time | first cause right | in time and right ");
        text.AppendLine("| delay, minutes: median, 90 % |");
        text.AppendLine("|---|---|---|---|---|---|---|---|");
        foreach (var kind in IncidentKinds.All.Where(kind => !kind.IsNormal()))
        {
            foreach (var (name, from, to) in kind == IncidentKind.Outage ? [("any", 0, double.MaxValue)] : Bands)
            {
                Row(text, NameOf(kind), name, Verdicts.Where(verdict => verdict.Incident.Kind == kind && IsIn(verdict, from, to)).ToList());
            }
        }

        var goal = Verdicts.Where(verdict => verdict.Incident.Kind.IsGoal() && IsIn(verdict, 20, double.MaxValue)).ToList();
        Row(text, "**the first five together**", "20 and more", goal);
        text.AppendLine();
        text.AppendLine("| normal | injected | alerted |");
        text.AppendLine("|---|---|---|");
        foreach (var kind in IncidentKinds.All.Where(kind => kind.IsNormal()))
        {
            var all = Verdicts.Where(verdict => verdict.Incident.Kind == kind).ToList();
            var alerted = all.Count(verdict => verdict.Alerts.Count > 0);
            text.AppendLine(CultureInfo.InvariantCulture, $"| {NameOf(kind)} | {all.Count} | {alerted} |");
        }

        text.AppendLine();
        Close(text);
        return text.ToString();
    }

    public IEnumerable<string> ToJsonLines() => _verdicts.Select(verdict => Line(verdict.Seed, verdict.Verdict))
        .Concat(_falseAlarms.Select(alarm => Line(alarm.Seed, alarm.Said, alarm.Fleet)));

    public static string NameOf(IncidentKind kind) => string.Concat(kind.ToString().Select((letter, at) =>
        char.IsUpper(letter) ? (at > 0 ? " " : string.Empty) + char.ToLowerInvariant(letter) : $"{letter}"));

    private void Close(StringBuilder text)
    {
        var found = Verdicts.Where(verdict => !verdict.Incident.Kind.IsNormal() && verdict.Found is not null).ToList();
        var alerts = found.Select(verdict => (double)verdict.Alerts.Count).DefaultIfEmpty().Average();
        var quiet = _quietFalse / Math.Max(1, _quietTenantDays);
        text.Append(CultureInfo.InvariantCulture, $"Alerts on normal incidents: {_onNormal.Sum()} in {_onNormal.Count} seeds, ");
        text.AppendLine(CultureInfo.InvariantCulture, $"at most {MostOnNormal} in one.");
        text.Append(CultureInfo.InvariantCulture, $"False alarms: {_falseAlarms.Count} in {_tenantDays:0} tenant-days with incidents ");
        text.Append(CultureInfo.InvariantCulture, $"({FalsePerTenantDay:0.000} a tenant and day), ");
        text.AppendLine(CultureInfo.InvariantCulture, $"{_quietFalse} in {_quietTenantDays:0} before them ({quiet:0.000}).");
        text.AppendLine(CultureInfo.InvariantCulture, $"Alerts for an incident that was found, with two hours after it: {alerts:0.00}.");
    }

    private static bool IsIn(Verdict verdict, double from, double to) =>
        verdict.Incident.Strength >= from && verdict.Incident.Strength < to;

    private static void Row(StringBuilder text, string kind, string band, List<Verdict> all)
    {
        if (all.Count == 0)
        {
            return;
        }

        var delays = all.Where(verdict => verdict.Delay is not null).Select(verdict => verdict.Delay!.Value).Order().ToList();
        var delay = delays.Count == 0
            ? string.Empty
            : string.Create(CultureInfo.InvariantCulture, $"{delays[delays.Count / 2]}, {delays[(delays.Count - 1) * 9 / 10]}");
        var hasCause = all[0].Incident.Causes.Count > 0;
        text.Append(CultureInfo.InvariantCulture, $"| {kind} | {band} | {all.Count} | {Share(all, verdict => verdict.Found is not null)} ");
        text.Append(CultureInfo.InvariantCulture, $"| {Share(all, verdict => verdict.IsInTime)} ");
        var right = hasCause ? Share(all, verdict => verdict.IsCauseRight) : string.Empty;
        var both = hasCause ? Share(all, verdict => verdict.IsInTime && verdict.IsCauseRight) : string.Empty;
        text.AppendLine(CultureInfo.InvariantCulture, $"| {right} | {both} | {delay} |");
    }

    private static string Share(List<Verdict> all, Func<Verdict, bool> has) =>
        string.Create(CultureInfo.InvariantCulture, $"{100.0 * all.Count(has) / all.Count:0} %");

    private static string Line(int seed, Verdict verdict)
    {
        var incident = verdict.Incident;
        return JsonSerializer.Serialize(new
        {
            seed,
            kind = NameOf(incident.Kind),
            tenant = incident.Tenant,
            from = incident.FromMinute,
            minutes = incident.ToMinute - incident.FromMinute,
            wanted = incident.Wanted,
            strength = Math.Round(incident.Strength, 2),
            deadline = incident.DeadlineMinute - incident.FromMinute,
            delay = verdict.Delay,
            in_time = verdict.IsInTime,
            cause = verdict.FirstCause?.ToString(),
            cause_right = verdict.IsCauseRight,
            place_right = verdict.IsPlaceRight,
            alerts = verdict.Alerts.Select(said => Tell(said, incident.FromMinute)),
            withheld = verdict.Withheld.Take(12).Select(said => Tell(said, incident.FromMinute)),
        });
    }

    private static string Line(int seed, Said said, Fleet fleet) => JsonSerializer.Serialize(new
    {
        seed,
        kind = "false alarm",
        normal = fleet.Incidents.FirstOrDefault(incident => incident.Tenant == said.Anomaly.Scope.Tenant)?.Kind.ToString(),
        said = Tell(said, fleet.Calendar.LastDay),
    });

    private static object Tell(Said said, int fromMinute)
    {
        var anomaly = said.Anomaly;
        return new
        {
            after = said.Minute - fromMinute,
            anomaly.Id,
            scope = $"{anomaly.Scope.Tenant}/{anomaly.Scope.Feature}/{anomaly.Scope.Model}{anomaly.Scope.Provider}",
            measure = anomaly.Measure.ToString(),
            direction = anomaly.Direction.ToString(),
            what = anomaly.Kind.ToString(),
            severity = anomaly.Severity.ToString(),
            score = Math.Round(Finite(anomaly.PeakScore), 1),
            threshold = anomaly.Threshold,
            value = Finite(anomaly.Value),
            expected = Finite(anomaly.Expected),
            usd = Math.Round((double)anomaly.ExcessCost / (double)Picodollars.PerUsd, 2),
            usd_per_hour = Math.Round((double)anomaly.CostPerHour / (double)Picodollars.PerUsd, 2),
            held_back = anomaly.HeldBack,
            cause = anomaly.Cause?.Sentence,
        };
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : -1;
}
