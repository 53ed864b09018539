using System.Runtime.CompilerServices;

namespace TokenStream.Pricing;

/// <summary>
/// All prices that requests of one (tenant, provider, model, region, service tier) can have, by time and size. Immutable; made once by
/// <see cref="PriceBook.Plan"/> and cached by whoever prices many such requests.
/// </summary>
public sealed class PricePlan
{
    private readonly PriceRow[] _rows;
    private readonly Step[] _steps;

    internal PricePlan(PriceRow[] rows, Step[] steps, UnitTable units)
    {
        _rows = rows;
        _steps = steps;
        Units = units;
    }

    /// <summary>False where the book knows no price for such requests at any time.</summary>
    public bool IsPriced => _steps.Length > 0;

    /// <summary>The units that the rows of this plan number.</summary>
    public UnitTable Units { get; }

    /// <summary>Row 0 is the one without any price; the rest follow in no order.</summary>
    internal ReadOnlySpan<PriceRow> Rows => _rows;

    internal ReadOnlySpan<Step> Steps => _steps;

    /// <summary>
    /// The row for a request at an event time (milliseconds since the Unix epoch) with so many input tokens, cached ones included. Where
    /// nothing holds at that time it is the row without any price, whose cell is <see cref="PricedUsage.NoCell"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly PriceRow At(long timeMs, long contextTokens)
    {
        foreach (ref readonly var step in _steps.AsSpan())
        {
            if (timeMs >= step.SinceMs && timeMs < step.UntilMs && contextTokens > step.AboveTokens && step.HoldsAt(timeMs))
            {
                return ref _rows[step.Row];
            }
        }

        return ref _rows[0];
    }

    /// <summary>The list price beside a contract's: the row itself where it has none.</summary>
    public ref readonly PriceRow ListOf(ref readonly PriceRow row) => ref row.ListRow < 0 ? ref row : ref _rows[row.ListRow];

    /// <summary>
    /// A row and when it holds. The first step that fits counts, so steps stand by time, latest first, then by context band, highest first,
    /// those of certain hours of the day before those of the whole day.
    /// </summary>
    internal readonly struct Step
    {
        /// <summary>Inclusive; <c>long.MinValue</c> for since ever.</summary>
        public required long SinceMs { get; init; }

        /// <summary>Exclusive; <c>long.MaxValue</c> for open.</summary>
        public required long UntilMs { get; init; }

        /// <summary>Exclusive lower bound of the context band; -1 for the band that begins at nothing.</summary>
        public required long AboveTokens { get; init; }

        public required DailyHours Hours { get; init; }

        public required int Row { get; init; }

        public bool HoldsAt(long timeMs) => Hours.IsWholeDay || Hours.Contains(timeMs);
    }
}
