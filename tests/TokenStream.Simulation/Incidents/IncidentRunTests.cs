using TokenStream.Incidents;
using Xunit;

namespace TokenStream.Simulation.Incidents;

/// <summary>
/// A day of a small fleet with one incident of each kind, from priced requests to anomalies with causes. How much is found over many seeds
/// is measured by the command; here stands what may not be lost.
/// </summary>
public sealed class IncidentRunTests
{
    private const int Seed = 7;

    private static readonly Lazy<IncidentRun> Run = new(() => Of(Seed));

    [Fact]
    public void Strong_incidents_are_found_in_time_with_their_cause()
    {
        var verdicts = Verdicts().Where(verdict => verdict.Incident.Kind.IsGoal() && verdict.Incident.Strength >= 20).ToList();
        Assert.True(verdicts.Count >= 2, "the seed has too few strong incidents to say anything");
        var found = verdicts.Count(verdict => verdict is { IsInTime: true, IsCauseRight: true, IsPlaceRight: true });
        Assert.True(found >= verdicts.Count - 1, Tell(verdicts));
    }

    [Fact]
    public void An_outage_is_found()
    {
        var verdict = Verdicts().Single(verdict => verdict.Incident.Kind == IncidentKind.Outage);
        Assert.True(verdict.Found is not null, Tell([verdict]));
    }

    [Fact]
    public void A_storm_of_retries_that_are_paid_for_is_told_as_one()
    {
        var verdict = Verdicts().Single(verdict => verdict.Incident.Kind == IncidentKind.RetryStorm);
        Assert.True(verdict is { IsInTime: true, IsCauseRight: true, IsPlaceRight: true }, Tell([verdict]));
    }

    [Fact]
    public void What_is_normal_stays_quiet()
    {
        var alerts = Verdict.AlertsOnNormal(Run.Value).ToList();
        Assert.True(alerts.Count <= 1, string.Join('\n', alerts.Select(said => said.ToString())));
    }

    [Fact]
    public void The_same_seed_says_the_same()
    {
        static IEnumerable<string> Lines(IncidentRun run) =>
            run.AllSaid.Select(said => $"{said.Minute} {said.Anomaly.Id} {said.Anomaly.ExcessCost} {said.Anomaly.HeldBack}");

        Assert.Equal(Lines(Of(3, historyDays: 1)), Lines(Of(3, historyDays: 1)));
    }

    private static IncidentRun Of(int seed, int historyDays = 4) => IncidentRun.Of(
        Fleet.Build(seed, IncidentKinds.All.Count, historyDays, new SyntheticRates(), IncidentKinds.All), seed);

    private static List<Verdict> Verdicts() => [.. Run.Value.Fleet.Incidents.Select(incident => Verdict.Of(incident, Run.Value))];

    private static string Tell(List<Verdict> verdicts) => string.Join('\n', verdicts.Select(verdict =>
        $"{verdict.Incident.Kind} of {verdict.Incident.Strength:0} USD an hour: after {verdict.Delay} minutes, " +
        $"{verdict.FirstCause}, {verdict.Found?.Anomaly.Scope}"));
}
