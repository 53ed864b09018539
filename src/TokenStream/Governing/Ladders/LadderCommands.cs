using System.Globalization;
using System.Text;
using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Events;
using TokenStream.Governing.Evaluation;
using TokenStream.Scopes;

namespace TokenStream.Governing.Ladders;

/// <summary>Makes the command that a ladder's step asks for: action, parameters, expiry, and why.</summary>
internal static class LadderCommands
{
    /// <summary>A probe lets through one part in so many of the normal rate.</summary>
    private const int ProbeShare = 10;

    /// <param name="ladder">The ladder, a step of it in force.</param>
    /// <param name="evaluation">How the budget stands.</param>
    /// <param name="source">The budget as a source.</param>
    /// <param name="tenants">The organisation's, where the scope names one.</param>
    /// <param name="setVersion">Of the set of budgets.</param>
    /// <param name="options">The governor's.</param>
    public static Command Make(
        Ladder ladder, BudgetEvaluation evaluation, string source, IReadOnlyList<string> tenants, long setVersion, GovernorOptions options)
    {
        var now = evaluation.NowMs;
        var step = evaluation.Budget.Ladder[ladder.Step];
        var action = ladder.IsProbe ? CommandAction.Throttle : step.Action;
        var parameters = ladder.IsProbe ? ProbeParameters(ladder, evaluation) : step.Parameters;
        var refuses = !ladder.IsProbe && action is CommandAction.Kill or CommandAction.CacheOnly;
        return new Command
        {
            Id = IdOf(evaluation.Scope, source, ladder),
            Scope = evaluation.Scope,
            Source = source,
            Version = default,
            Action = action,
            Parameters = parameters,
            IsProbe = ladder.IsProbe,
            IssuedMs = now,
            ExpiresMs = ladder.EndsMs ?? now + options.ExpiryMs,
            Reason = Reason(ladder, step, evaluation),
            RetryAtMs = refuses && step.Trigger == LadderTrigger.Exhausted ? ladder.EndsMs : null,
            Tenants = tenants,
            Ladder = ladder.Remember(),
            Cause = new CommandCause
            {
                Budget = evaluation.Budget.Name,
                BudgetSetVersion = setVersion,
                Trigger = MoneyText.Trigger(step),
                IsTokens = evaluation.Budget.Amount.IsTokens,
                Spent = evaluation.Spent,
                Limit = evaluation.Limit,
                UnpricedBound = evaluation.UnpricedBound,
                BurnRate = BurnRate(step, evaluation),
                PeriodStartMs = evaluation.Period.StartMs,
                PeriodEndMs = evaluation.Period.EndMs,
                ExhaustedAtMs = evaluation.ExhaustedAtMs,
                SavesPerMinute = SavesPerMinute(action, parameters, ladder, evaluation, options),
                EventMs = evaluation.EventMs,
                Offsets = evaluation.Offsets,
            },
        };
    }

    /// <summary>Whether a command still says what the ladder asks for.</summary>
    public static bool Says(Command command, Ladder ladder, BudgetEvaluation evaluation, string source, IReadOnlyList<string> tenants)
    {
        var step = evaluation.Budget.Ladder[ladder.Step];
        return command.IsProbe == ladder.IsProbe
            && (ladder.IsProbe || (command.Action == step.Action && command.Parameters == step.Parameters))
            && command.Id == IdOf(evaluation.Scope, source, ladder)
            && (ReferenceEquals(command.Tenants, tenants) || command.Tenants.SequenceEqual(tenants));
    }

    /// <summary>
    /// What an action saves a minute of the demand there was when it was taken. All of it where nothing is let through (what a cache answers costs nothing
    /// either way); of a throttle, what it holds back, if all went through one gateway; the others by the shares that the options state.
    /// </summary>
    internal static Int128 SavesPerMinute(
        CommandAction action, ActionParameters parameters, Ladder ladder, BudgetEvaluation evaluation, GovernorOptions options)
    {
        var demand = ladder.DemandAtTrip;
        return action switch
        {
            CommandAction.Kill or CommandAction.CacheOnly => demand,
            CommandAction.Throttle => demand - Int128.Min(
                demand,
                Int128.Min(
                    LetThrough(demand, parameters.TokensPerMinute, evaluation.Budget.Amount.IsTokens ? (long)demand : ladder.TokensAtTrip),
                    LetThrough(demand, parameters.RequestsPerMinute, ladder.RequestsAtTrip))),
            CommandAction.TrimOutput => demand * options.TrimSavesPercent / 100,
            CommandAction.RouteTo => demand * options.RouteSavesPercent / 100,
            _ => 0,
        };
    }

    private static Int128 LetThrough(Int128 demand, long? perMinute, long demanded) =>
        perMinute is { } allowed && demanded > 0 ? demand * allowed / demanded : demand;

    /// <summary>
    /// A tenth of the normal rate. What was demanded at the trip may have been a runaway's: what is normal is that, but at most what the step is
    /// meant against. In tokens where they are known, else in requests, else as the milder throttle of the ladder says.
    /// </summary>
    private static ActionParameters ProbeParameters(Ladder ladder, BudgetEvaluation evaluation)
    {
        var steps = evaluation.Budget.Ladder;
        var demand = ladder.DemandAtTrip;
        var threshold = DemandThreshold.Of(steps[ladder.Step], evaluation).PerMinute;
        var normal = threshold > 0 ? Int128.Min(demand, threshold) : demand;
        var tokens = evaluation.Budget.Amount.IsTokens ? demand : ladder.TokensAtTrip;
        if (demand > 0 && tokens > 0)
        {
            return new ActionParameters { TokensPerMinute = AtLeastOne(tokens * normal / demand / ProbeShare) };
        }

        if (demand > 0 && ladder.RequestsAtTrip > 0)
        {
            return new ActionParameters { RequestsPerMinute = AtLeastOne(ladder.RequestsAtTrip * normal / demand / ProbeShare) };
        }

        var throttle = steps.Take(ladder.Step).LastOrDefault(step => step.Action == CommandAction.Throttle);
        return throttle?.Parameters ?? new ActionParameters { RequestsPerMinute = 1 };
    }

    private static long AtLeastOne(Int128 rate) => rate < 1 ? 1 : (long)Int128.Min(rate, long.MaxValue);

    private static double? BurnRate(LadderStep step, BudgetEvaluation evaluation) => step.Trigger == LadderTrigger.BurnRate
        ? evaluation.Pairs.FirstOrDefault(pair => pair.Factor.Factor == step.Level)?.LongRate
        : evaluation.Pairs.Count > 0 ? evaluation.Pairs[0].LongRate : null;

    /// <summary>The same for as long as a step is in force, however often its command is renewed.</summary>
    private static string IdOf(Scope scope, string source, Ladder ladder)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{scope.Text}|{source}|{ladder.Step}|{ladder.SinceMs}");
        return "b-" + StableHash.Hash(Encoding.UTF8.GetBytes(text)).ToString("x16", CultureInfo.InvariantCulture);
    }

    private static string Reason(Ladder ladder, LadderStep step, BudgetEvaluation evaluation)
    {
        var name = evaluation.Budget.Name;
        if (ladder.IsProbe)
        {
            return $"Demand on budget {name} has calmed: a tenth of the normal rate is let through to try it out.";
        }

        return step.Trigger switch
        {
            LadderTrigger.BurnRate => $"Budget {name} is being spent too fast ({MoneyText.Trigger(step)}): it {MoneyText.Standing(evaluation)}.",
            LadderTrigger.Spent => $"Budget {name} {MoneyText.Standing(evaluation)} ({MoneyText.Trigger(step)}).",
            _ => $"Budget {name} is exhausted: it {MoneyText.Standing(evaluation)}.",
        };
    }
}
