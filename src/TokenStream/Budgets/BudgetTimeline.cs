namespace TokenStream.Budgets;

/// <summary>
/// How one version of the budgets follows another: an amount acts at once, a period or zone when the running period ends.
/// </summary>
public static class BudgetTimeline
{
    /// <summary>
    /// The budgets of a new version, each holding on to the period that is running where it was given another one. A budget of another name
    /// or scope is a new one and holds on to nothing.
    /// </summary>
    /// <param name="nowMs">When the new version comes into force.</param>
    public static IReadOnlyList<Budget> Follow(IReadOnlyList<Budget> before, IReadOnlyList<Budget> after, long nowMs)
    {
        var known = before.ToDictionary(budget => budget.Name, StringComparer.Ordinal);
        return
        [
            .. after.Select(budget => budget with
            {
                Held = known.TryGetValue(budget.Name, out var old) && old.Scope.Equals(budget.Scope)
                    ? Hold(old, budget.Period, nowMs)
                    : null,
            }),
        ];
    }

    /// <summary>The period that is in force at a time.</summary>
    public static BudgetPeriod PeriodAt(Budget budget, long timeMs) => budget.Held is { } held && timeMs < held.UntilMs
        ? held.Period
        : budget.Period;

    private static HeldPeriod? Hold(Budget old, BudgetPeriod wanted, long nowMs)
    {
        var running = PeriodAt(old, nowMs);
        return running == wanted || running.Kind == PeriodKind.Rolling
            ? null
            : new HeldPeriod(running, new PeriodCalendar(running).At(nowMs).EndMs);
    }
}
