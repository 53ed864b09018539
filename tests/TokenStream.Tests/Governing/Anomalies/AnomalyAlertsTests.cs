using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Anomalies;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Governing.Anomalies;

public sealed class AnomalyAlertsTests
{
    private const long OpenedMs = 1_700_000_040_000;
    private const long Now = OpenedMs + 120_000;

    private readonly AnomalyAlerts _alerts = new();
    private readonly List<Alert> _said = [];
    private AnomalyRequests _people = AnomalyRequests.None;
    private IReadOnlyCollection<Command> _commands = [];

    [Fact]
    public void An_anomaly_is_told_when_it_opens_and_when_it_ends_under_its_id()
    {
        _alerts.Take(Chat(), 0);
        var begin = Assert.Single(Due(Now));
        Assert.Equal(("00112233445566ff", TransitionKind.Anomaly, "anomaly cost up", AlertSeverity.Ticket), (begin.Fingerprint, begin.Kind, begin.Name, begin.Severity));
        Assert.Equal((true, OpenedMs, null, Now), (begin.Notifies, begin.StartedMs, begin.EndedMs, begin.AtMs));
        Assert.Equal("environment=prod;tenant=acme;feature=chat", begin.Scope);
        Assert.Equal(
            "Cost of tenant acme, feature chat in prod up since 2023-11-14 22:14:00Z: 5.00 USD a minute, expected 1.00 USD a minute. " +
            "+240.00 USD an hour, +8.00 USD so far. Cause: cache share fell. watched.",
            begin.Summary);
        Assert.Empty(Due(Now + 1000));

        _alerts.Take(Chat() with { EndedMs = Now, End = AnomalyEnd.Quiet }, 1);
        var end = Assert.Single(Due(Now + 2000));
        Assert.Equal((begin.Fingerprint, begin.StartedMs, Now, true), (end.Fingerprint, end.StartedMs, end.EndedMs, end.Notifies));
        Assert.EndsWith("Over: it is back to what was expected.", end.Summary);
        Assert.Equal(begin.Labels(), end.Labels());
        Assert.Equal((0, 7), (_alerts.Open, _alerts.LowestNeeded(7)));
    }

    [Theory]
    [InlineData(AnomalySeverity.Warning, "part of ff")]
    [InlineData(AnomalySeverity.Info, null)]
    public void What_is_held_back_or_of_no_severity_is_never_said(AnomalySeverity severity, string? heldBack)
    {
        _alerts.Take(Chat() with { Severity = severity, HeldBack = heldBack }, 0);
        Assert.Empty(Due(Now));
        _alerts.Take(Chat() with { Severity = severity, HeldBack = heldBack, EndedMs = Now, End = AnomalyEnd.Quiet }, 1);
        Assert.Empty(Due(Now));
    }

    [Fact]
    public void What_becomes_worse_calls_again_and_keeps_the_labels_of_the_first_alert()
    {
        _alerts.Take(Chat(), 0);
        var first = Assert.Single(Due(Now));
        _alerts.Take(Chat() with { Severity = AnomalySeverity.Critical, LastSeenMs = Now, Value = 9e12 }, 1);
        var due = Due(Now + 60_000);
        Assert.Equal(["00112233445566ff", "00112233445566ff.worse"], due.Select(alert => alert.Fingerprint));
        Assert.Equal(first.Labels(), due[0].Labels());
        Assert.Equal((AlertSeverity.Page, Now), (due[1].Severity, due[1].StartedMs));
        _alerts.Take(Chat() with { Severity = AnomalySeverity.Critical, EndedMs = Now + 60_000, End = AnomalyEnd.Shift }, 2);
        Assert.Equal([Now + 60_000, Now + 60_000], Due(Now + 120_000).Select(alert => alert.EndedMs!.Value));
    }

    [Fact]
    public void What_opens_severely_is_one_page_and_what_was_minor_is_told_once_it_matters()
    {
        _alerts.Take(Chat() with { Severity = AnomalySeverity.Info }, 0);
        Assert.Empty(Due(Now));
        _alerts.Take(Chat() with { Severity = AnomalySeverity.Critical }, 1);
        var only = Assert.Single(Due(Now + 60_000));
        Assert.Equal((AlertSeverity.Page, OpenedMs, true), (only.Severity, only.StartedMs, only.Notifies));
    }

    [Fact]
    public void A_silence_writes_down_and_its_end_tells_what_still_lasts()
    {
        Silence("tenant=acme;feature=chat", untilMs: Now + 60_000);
        _alerts.Take(Chat(), 0);
        var silent = Assert.Single(Due(Now));
        Assert.False(silent.Notifies);
        Assert.Equal("silenced by ada until 2023-11-14 22:17:00Z: a load test", silent.Reason);
        Assert.EndsWith("Not sent: silenced by ada until 2023-11-14 22:17:00Z: a load test.", silent.Summary);
        Assert.Empty(Due(Now + 59_999));
        var told = Assert.Single(Due(Now + 60_000));
        Assert.Equal((true, OpenedMs, null), (told.Notifies, told.StartedMs, told.Reason));
    }

    [Fact]
    public void What_was_told_and_then_silenced_ends_and_begins_anew_when_the_silence_is_taken_back()
    {
        _alerts.Take(Chat(), 0);
        Due(Now);
        Silence("environment=prod", untilMs: Now + 3_600_000);
        var end = Assert.Single(Due(Now + 1000));
        Assert.Equal((Now + 1000, true), (end.EndedMs, end.Notifies));
        Assert.Contains("no longer told: silenced by ada", end.Summary);
        Assert.Empty(Due(Now + 2000));
        _people = AnomalyRequests.None;
        var again = Assert.Single(Due(Now + 3000));
        Assert.Equal((Now + 3000, null, true), (again.StartedMs, again.EndedMs, again.Notifies));
        Assert.Equal(end.Fingerprint, again.Fingerprint);
    }

    [Theory]
    [InlineData("all", null, true)]
    [InlineData("tenant=ac*", SeriesMeasure.Cost, true)]
    [InlineData("tenant=acme", SeriesMeasure.Requests, false)]
    [InlineData("tenant=other", null, false)]
    [InlineData("tenant=acme;feature=chat;model=m-1", null, false)]
    [InlineData("provider=openai", null, false)]
    public void A_silence_is_of_the_anomalies_own_place(string scope, SeriesMeasure? measure, bool covers)
    {
        Silence(scope, Now + 60_000, measure);
        _alerts.Take(Chat(), 0);
        Assert.Equal(!covers, Assert.Single(Due(Now)).Notifies);
    }

    [Fact]
    public void What_a_person_resolves_ends_and_does_not_call_again_even_in_a_successor()
    {
        _alerts.Take(Chat(), 0);
        Due(Now);
        _people = new([], new Dictionary<string, AnomalyResolution> { [Chat().Id] = new(Chat().Id, "rolled back.", "ada", Now + 500) });
        var end = Assert.Single(Due(Now + 1000));
        Assert.Equal((Now + 500, "ada", "rolled back."), (end.EndedMs, end.By, end.Reason));
        Assert.EndsWith("Over: ada has resolved it: rolled back.", end.Summary);
        _alerts.Take(Chat() with { Severity = AnomalySeverity.Critical }, 1);
        Assert.Empty(Due(Now + 2000));

        // The request's record is deleted after a while; what was said stays.
        _people = AnomalyRequests.None;
        Assert.Empty(Due(Now + 3000));
        var successor = new AnomalyAlerts();
        _said.ForEach(successor.Restore);
        successor.Take(Chat() with { Severity = AnomalySeverity.Critical }, 0);
        Assert.Empty(successor.Due(Circumstances(Now + 4000)));
    }

    [Fact]
    public void A_shortfall_under_a_command_is_written_down_and_told_ten_minutes_after_its_release()
    {
        var down = Chat() with { Direction = AnomalyDirection.Down, Note = null };
        _commands = [ACommand("tenant=acme", CommandAction.Kill, OpenedMs - 60_000)];
        _alerts.Take(down, 0);
        var silent = Assert.Single(Due(Now));
        Assert.False(silent.Notifies);
        Assert.Equal("a shortfall that command c-1 brings about", silent.Reason);
        Assert.Equal("Command c-1 of budget/b acts on tenant=acme", silent.Anomaly!.Note);
        _commands = [ACommand("tenant=acme", CommandAction.None, Now + 60_000)];
        Assert.Empty(Due(Now + 60_000 + AnomalyStanding.ReleaseMs - 1));
        Assert.True(Assert.Single(Due(Now + 60_000 + AnomalyStanding.ReleaseMs)).Notifies);
    }

    [Theory]
    [InlineData("tenant=acme", CommandAction.Kill, AnomalyDirection.Up, true)]
    [InlineData("tenant=acme;user=u1", CommandAction.Kill, AnomalyDirection.Down, true)]
    [InlineData("tenant=other", CommandAction.Kill, AnomalyDirection.Down, true)]
    [InlineData("tenant=acme", CommandAction.Allow, AnomalyDirection.Down, true)]
    [InlineData("tenant=acme", CommandAction.None, AnomalyDirection.Down, true)]
    [InlineData("tenant=acme", CommandAction.Throttle, AnomalyDirection.Down, false)]
    [InlineData("environment=prod", CommandAction.TrimOutput, AnomalyDirection.Down, false)]
    public void Only_a_command_on_all_of_it_explains_a_shortfall(string scope, CommandAction action, AnomalyDirection direction, bool isTold)
    {
        // A release of before the opening says that nothing acted by then.
        _commands = [ACommand(scope, action, OpenedMs - 1)];
        _alerts.Take(Chat() with { Direction = direction }, 0);
        Assert.Equal(isTold, Assert.Single(Due(Now)).Notifies);
    }

    [Fact]
    public void What_came_and_went_unseen_is_told_with_its_end()
    {
        _alerts.Take(Chat(), 0);
        _alerts.Take(Chat() with { EndedMs = Now, End = AnomalyEnd.LateData }, 1);
        var due = Due(Now + 1000);
        Assert.Equal([null, (long?)Now], due.Select(alert => alert.EndedMs));
        Assert.All(due, alert => Assert.True(alert.Notifies));
    }

    [Fact]
    public void Repeated_records_and_a_successor_say_nothing_twice()
    {
        _alerts.Take(Chat(), 0);
        Due(Now);
        var successor = new AnomalyAlerts();
        _said.ForEach(successor.Restore);
        successor.Take(Chat(), 0);
        Assert.Empty(successor.Due(Circumstances(Now)));
        successor.Take(Chat() with { EndedMs = Now, End = AnomalyEnd.Quiet }, 1);
        successor.Take(Chat(), 2);
        Assert.Single(successor.Due(Circumstances(Now)));
        successor.Take(Chat(), 3);
        Assert.Empty(successor.Due(Circumstances(Now)));
        Assert.Equal(0, successor.Open);
    }

    [Fact]
    public void Anomalies_beyond_the_limit_are_counted()
    {
        var alerts = new AnomalyAlerts(limit: 1);
        alerts.Take(Chat(), 5);
        alerts.Take(Chat() with { Id = "other" }, 6);
        Assert.Equal((1, 1, 5), (alerts.Open, alerts.Dropped, alerts.LowestNeeded(7)));
    }

    [Fact]
    public void Owner_and_route_are_the_tenants()
    {
        _alerts.Take(Chat(), 0);
        var directory = new TenantDirectory([new TenantEntry("acme", 0, null, "team-a", null, "night")]);
        var alert = Assert.Single(_alerts.Due(Circumstances(Now) with { Directory = directory }));
        Assert.Equal(("team-a", "night"), (alert.Owner, alert.Route));
        Assert.Equal(
            "alert=anomaly cost up,alertname=TokenStreamAnomaly,environment=prod,measure=cost,owner=team-a,route=night," +
            "scope=environment=prod;tenant=acme;feature=chat,severity=ticket,tenant=acme",
            string.Join(',', alert.Labels().Select(label => $"{label.Key}={label.Value}")));
        Assert.True(AlertFormat.TryRead(AlertFormat.Write(alert), out Alert? read));
        Assert.Equal(alert, read);
    }

    private static Anomaly Chat() => Tests.Detection.Anomalies.Chat() with { CostPerHour = 240_000_000_000_000 };

    private static Command ACommand(string scope, CommandAction action, long issuedMs)
    {
        Assert.True(Scope.TryParse(scope, out var parsed, out var error), error);
        return new Command
        {
            Id = "c-1",
            Scope = parsed,
            Source = "budget/b",
            Version = new CommandVersion(1, 1),
            Action = action,
            IssuedMs = issuedMs,
            Reason = "spent.",
        };
    }

    private void Silence(string scope, long untilMs, SeriesMeasure? measure = null)
    {
        Assert.True(Scope.TryParse(scope, out var parsed, out var error), error);
        var silence = new AnomalySilence
        {
            Id = "silence-1", Scope = parsed, Measure = measure, UntilMs = untilMs, Reason = "a load test.", By = "ada", AtMs = Now,
        };
        _people = new AnomalyRequests([silence], new Dictionary<string, AnomalyResolution>());
    }

    private AnomalyCircumstances Circumstances(long nowMs) => new(_people, _commands, TenantDirectory.Empty, nowMs);

    private IReadOnlyList<Alert> Due(long nowMs)
    {
        var due = _alerts.Due(Circumstances(nowMs));
        _said.AddRange(due);
        return due;
    }
}
