using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using TokenStream.Gateway;
using TokenStream.Governing.Alerts;
using TokenStream.Pricing;

namespace TokenStream.Service.Demo.Runaway;

/// <summary>The picture of a runaway: the budget, the ladder, the gateway, and what happened.</summary>
internal sealed class RunawayView(RunawayWatch watch, RunawayTraffic traffic, TokenStreamGateway gateway, TimeProvider clock, long started)
{
    private const int MostLines = 12;
    private const int StatusEverySeconds = 5;

    private int _shown;
    private double _nextStatus;

    private double Seconds => clock.GetElapsedTime(started).TotalSeconds;

    public IRenderable Render()
    {
        var state = watch.State;
        var grid = new Table().Border(TableBorder.None).HideHeaders().Expand().AddColumns("", "");
        grid.AddRow(Budget(state), Gateway());
        return new Rows(
            new Markup(
                $"[bold]TokenStream[/]  a runaway, and what becomes of it          {Clock(Seconds)}   agents: " +
                $"[bold]{Describe(traffic.Phase)}[/]"),
            grid,
            Happened(),
            new Text("A budget of 500 USD in 24 hours; steps of the ladder at 14.4, 30 and 60 times its speed.     Ctrl-C ends"));
    }

    /// <summary>For a terminal that cannot be painted on: what happened since the last call, and now and then how things stand.</summary>
    public IEnumerable<string> NewLines()
    {
        var alerts = watch.Alerts;
        for (; _shown < alerts.Count; _shown++)
        {
            yield return Line(alerts[_shown]);
        }

        if (Seconds >= _nextStatus)
        {
            _nextStatus = Seconds + StatusEverySeconds;
            yield return Status();
        }
    }

    public string Summary()
    {
        var counts = traffic.AgentCounts;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{counts.Asked} requests of the agents: {counts.Served} served ({counts.Trimmed} trimmed), {counts.Throttled} throttled, " +
            $"{counts.Killed} killed. ") +
            (watch.State is { } state
                ? $"{Picodollars.Cents(state.Figures.Spent)} spent, " +
                    $"{Picodollars.Cents(state.Figures.Blocked)} stopped before they were spent."
                : "No budget state was seen.");
    }

    private static Panel Budget(BudgetStateRecord? state)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        if (state is null)
        {
            table.AddRow("", "waiting for the first spend ..");
        }
        else
        {
            var figures = state.Figures;
            table.AddRow("state", $"[bold {Colour(state.State)}]{state.State.ToString().ToLowerInvariant()}[/]");
            table.AddRow("spent", $"{Picodollars.Cents(figures.Spent)} of {Picodollars.Cents(figures.Limit)}");
            table.AddRow("blocked", Picodollars.Cents(figures.Blocked));
            table.AddRow("demand", $"{Picodollars.Cents(figures.DemandPerMinute)} a minute");
            table.AddRow("runs out", figures.ExhaustedAtMs is { } at ? Markup.Escape(Local(at)) : "not at this speed");
            foreach (var burn in figures.BurnRates)
            {
                table.AddRow(
                    string.Create(CultureInfo.InvariantCulture, $"burn {burn.Factor}x"),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{burn.LongRate:F1}x over {burn.LongMs / 60_000.0:0.#} min, {burn.ShortRate:F1}x over " +
                        $"{burn.ShortMs / 60_000.0:0.#} min{(burn.Fires ? " [red]fires[/]" : "")}"));
            }
        }

        return new Panel(table).Header("budget agents").Expand();
    }

    private Panel Gateway()
    {
        var table = new Table().Border(TableBorder.None).AddColumns("", "agents", "office");
        var (agents, office) = (traffic.AgentCounts, traffic.OfficeCounts);
        table.AddRow("asked", Number(agents.Asked), Number(office.Asked));
        table.AddRow("served", Number(agents.Served), Number(office.Served));
        table.AddRow("trimmed", Number(agents.Trimmed), Number(office.Trimmed));
        table.AddRow("throttled", Number(agents.Throttled), Number(office.Throttled));
        table.AddRow("killed", Number(agents.Killed), Number(office.Killed));
        var answer = agents.LastAnswer.Length > 0 ? agents.LastAnswer : "200, let through";
        return new Panel(new Rows(
            table,
            new Text($"commands heard: {gateway.State.ToString().ToLowerInvariant()}, {gateway.ActiveCommands} in force"),
            new Text($"last answer to the agents: {answer}"))).Header("gateway").Expand();
    }

    private Panel Happened()
    {
        var alerts = watch.Alerts;
        var lines = alerts.Skip(Math.Max(0, alerts.Count - MostLines)).Select(alert => new Text(Line(alert)));
        return new Panel(new Rows(lines)).Header("what happened").Expand();
    }

    private string Status()
    {
        var figures = watch.State?.Figures;
        var burn = figures?.BurnRates.Select(rate => rate.ShortRate).DefaultIfEmpty().Max() ?? 0;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Clock(Seconds)}  agents {Describe(traffic.Phase)}: asked {traffic.AgentCounts.Asked}, served " +
            $"{traffic.AgentCounts.Served}, throttled {traffic.AgentCounts.Throttled}, killed {traffic.AgentCounts.Killed}; ") +
            string.Create(
                CultureInfo.InvariantCulture,
                $"spent {Picodollars.Cents(figures?.Spent ?? 0)}, demand {Picodollars.Cents(figures?.DemandPerMinute ?? 0)} a minute, " +
                $"burn rate {burn:F1}; office served {traffic.OfficeCounts.Served} of {traffic.OfficeCounts.Asked}");
    }

    private string Line(Alert alert)
    {
        var seconds = Seconds - ((clock.GetUtcNow().ToUnixTimeMilliseconds() - alert.AtMs) / 1000.0);
        return $"{Clock(Math.Max(0, seconds))}  {alert.Name,-16} {alert.Summary}";
    }

    private static string Describe(RunawayPhase phase) => phase switch
    {
        RunawayPhase.Working => "working",
        RunawayPhase.RunningAway => "running away",
        _ => "stopped by somebody",
    };

    private static string Colour(BudgetState state) => state switch
    {
        BudgetState.Ok => "green",
        BudgetState.Watching or BudgetState.Soft => "yellow",
        _ => "red",
    };

    private static string Local(long timeMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(timeMs).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";

    private static string Clock(double seconds) => TimeSpan.FromSeconds(seconds).ToString(@"m\:ss", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
