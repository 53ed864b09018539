using System.Globalization;
using TokenStream.Budgets;

namespace TokenStream.Governing.Alerts;

/// <summary>What can last of a budget, with what of it is told apart by name.</summary>
internal readonly record struct LastingKind(TransitionKind Kind, string Name, AlertSeverity Severity, long ScaledLevel);

/// <summary>What follows from a budget once, for all of its scopes.</summary>
internal sealed class BudgetRules
{
    /// <summary>From this factor on a burn rate pages: it is the slowest that the SRE workbook's table pages for.</summary>
    private const decimal PagingFactor = 6;

    /// <summary>From this percentage on a threshold asks for somebody's attention.</summary>
    private const decimal TicketThreshold = 80;

    /// <param name="unpricedPerDay">More unpriced usage than this in 24 hours, in picodollars, is told of.</param>
    public BudgetRules(Budget budget, Int128 unpricedPerDay)
    {
        Budget = budget;
        Source = SourceOf(budget.Name);
        UnpricedPerDay = unpricedPerDay;
        AsksForAnomalies = budget.Ladder.Any(step => step.WhenAnomaly is not null);
        var refuses = budget.Ladder.Any(step => step is { IsHard: true, Trigger: LadderTrigger.Exhausted, WhenAnomaly: null });
        Lasting =
        [
            .. budget.Thresholds.Select(percent => new LastingKind(
                TransitionKind.Threshold,
                string.Create(CultureInfo.InvariantCulture, $"threshold {percent}"),
                percent < TicketThreshold ? AlertSeverity.Info : AlertSeverity.Ticket,
                LadderStep.Scale(percent))),

            // From the worst to the mildest: a milder one does not begin while a worse one lasts.
            new(TransitionKind.BurnRate, "burn_rate page", AlertSeverity.Page, 0),
            new(TransitionKind.BurnRate, "burn_rate ticket", AlertSeverity.Ticket, 0),
            new(TransitionKind.BurnRate, "burn_rate info", AlertSeverity.Info, 0),
            new(TransitionKind.Exhausted, "exhausted", refuses ? AlertSeverity.Page : AlertSeverity.Ticket, 0),
            new(TransitionKind.Tripped, "tripped", AlertSeverity.Ticket, 0),
            new(TransitionKind.TrippedAgain, "tripped_again", AlertSeverity.Page, 0),
            new(TransitionKind.HeldBack, "held_back", AlertSeverity.Ticket, 0),
            new(TransitionKind.UnpricedUsage, "unpriced_usage", AlertSeverity.Ticket, 0),
        ];
    }

    public Budget Budget { get; }

    /// <summary>The source of its commands.</summary>
    public string Source { get; }

    public Int128 UnpricedPerDay { get; }

    /// <summary>Whether a step asks for an anomaly besides its trigger.</summary>
    public bool AsksForAnomalies { get; }

    public IReadOnlyList<LastingKind> Lasting { get; }

    public static string SourceOf(string budget) => "budget/" + budget;

    /// <summary>How severe it is that a pair fires.</summary>
    public static AlertSeverity SeverityOf(BurnFactor factor) =>
        factor.Informs ? AlertSeverity.Info : factor.Factor >= PagingFactor ? AlertSeverity.Page : AlertSeverity.Ticket;

    /// <summary>
    /// The step of the ladder that a command stands for: the remembered one where its action is that step's, else the last with the action; -1 where
    /// the ladder has none by now.
    /// </summary>
    public int StepOf(int remembered, Commands.CommandAction action, bool isProbe)
    {
        var ladder = Budget.Ladder;
        if (remembered >= 0 && remembered < ladder.Count && (isProbe || ladder[remembered].Action == action))
        {
            return remembered;
        }

        for (var i = ladder.Count - 1; i >= 0; i--)
        {
            if (!isProbe && ladder[i].Action == action)
            {
                return i;
            }
        }

        return -1;
    }
}
