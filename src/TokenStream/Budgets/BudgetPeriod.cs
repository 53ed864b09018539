namespace TokenStream.Budgets;

/// <summary>How a budget's periods follow each other.</summary>
public enum PeriodKind
{
    Day,

    /// <summary>From Monday.</summary>
    Week,
    Month,

    /// <summary>A month that begins on <see cref="BudgetPeriod.StartDay"/>.</summary>
    FiscalMonth,

    /// <summary>The last so many hours, at every moment.</summary>
    Rolling,
}

/// <summary>A period that still holds although a budget was given another one: a change acts from the next period on.</summary>
/// <param name="UntilMs">End of the period that was running when it was changed.</param>
public sealed record HeldPeriod(BudgetPeriod Period, long UntilMs);

/// <summary>The period of a budget.</summary>
/// <param name="TimeZone">IANA name; days begin at its midnight.</param>
/// <param name="StartDay">Of a fiscal month: 1 to 31; a month without that day begins on its last.</param>
/// <param name="Hours">Of a rolling period: 1 to 744.</param>
public sealed record BudgetPeriod(PeriodKind Kind, string TimeZone = "UTC", int StartDay = 1, int Hours = 0);

/// <summary>One period in time, half-open, milliseconds since the Unix epoch.</summary>
public readonly record struct PeriodSpan(long StartMs, long EndMs)
{
    public long LengthMs => EndMs - StartMs;

    public bool Contains(long timeMs) => timeMs >= StartMs && timeMs < EndMs;
}
