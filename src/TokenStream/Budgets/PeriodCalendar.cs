namespace TokenStream.Budgets;

/// <summary>
/// The periods of a budget in time, true to the zone's clock changes as the system's time zone data tells them. Several threads may ask.
/// </summary>
public sealed class PeriodCalendar
{
    public const int MaxHours = 744;

    private const long HourMs = 3_600_000;

    private readonly BudgetPeriod _period;
    private readonly LocalDays _days;
    private readonly HeldPeriod? _held;
    private readonly PeriodCalendar? _before;

    // The spans asked for last: nearly every question is about the running period, and late spend asks for the one before.
    private volatile Tuple<PeriodSpan, PeriodSpan>? _recent;

    /// <exception cref="TimeZoneNotFoundException">The system knows no such zone.</exception>
    public PeriodCalendar(BudgetPeriod period)
    {
        _period = period;
        _days = new LocalDays(period.TimeZone);
    }

    /// <summary>The calendar of a budget: a period that it still holds to comes before its own.</summary>
    public PeriodCalendar(Budget budget)
        : this(budget.Period)
    {
        _held = budget.Held;
        _before = budget.Held is { } held ? new PeriodCalendar(held.Period) : null;
    }

    /// <summary>
    /// The period that holds an instant. Of a rolling period, the hours that end at the instant. The first period after a change may have
    /// begun before the change did.
    /// </summary>
    public PeriodSpan At(long timeMs)
    {
        if (_before is not null && timeMs < _held!.UntilMs)
        {
            return _before.At(timeMs);
        }

        if (_period.Kind == PeriodKind.Rolling)
        {
            return new PeriodSpan(timeMs - (_period.Hours * HourMs), timeMs);
        }

        var recent = _recent;
        if (recent is not null && recent.Item1.Contains(timeMs))
        {
            return recent.Item1;
        }

        if (recent is not null && recent.Item2.Contains(timeMs))
        {
            return recent.Item2;
        }

        var span = Find(timeMs);
        _recent = Tuple.Create(span, recent?.Item1 ?? span);
        return span;
    }

    /// <summary>The period after one that <see cref="At"/> gave; a rolling one has none.</summary>
    public PeriodSpan Next(PeriodSpan span) => At(span.EndMs);

    private PeriodSpan Find(long timeMs)
    {
        // The date on the wall decides, but for the doubled hours around midnight: those belong to the day that has begun already.
        var first = FirstDate(_days.DateAt(timeMs));
        var span = SpanOf(first);
        while (timeMs < span.StartMs)
        {
            first = FirstDate(first.AddDays(-1));
            span = SpanOf(first);
        }

        while (timeMs >= span.EndMs)
        {
            first = NextDate(first);
            span = SpanOf(first);
        }

        return span;
    }

    private PeriodSpan SpanOf(DateOnly first) => new(_days.StartOf(first), _days.StartOf(NextDate(first)));

    /// <summary>The first date of the period that a date belongs to.</summary>
    private DateOnly FirstDate(DateOnly date)
    {
        switch (_period.Kind)
        {
            case PeriodKind.Day:
                return date;
            case PeriodKind.Week:
                return date.AddDays(-(((int)date.DayOfWeek + 6) % 7));
            default:
                var start = StartIn(date.Year, date.Month);
                return date >= start ? start : StartIn(start.AddMonths(-1).Year, start.AddMonths(-1).Month);
        }
    }

    private DateOnly NextDate(DateOnly first) => _period.Kind switch
    {
        PeriodKind.Day => first.AddDays(1),
        PeriodKind.Week => first.AddDays(7),
        _ => StartIn(first.AddMonths(1).Year, first.AddMonths(1).Month),
    };

    private DateOnly StartIn(int year, int month)
    {
        var day = _period.Kind == PeriodKind.FiscalMonth ? _period.StartDay : 1;
        return new DateOnly(year, month, Math.Min(day, DateTime.DaysInMonth(year, month)));
    }
}
