namespace TokenStream.Governing.Evaluation;

/// <summary>
/// The figures of an evaluation as alerts and budget states carry them: what they were decided on. Amounts are picodollars, or tokens where
/// the budget counts tokens; times are milliseconds since the Unix epoch.
/// </summary>
public sealed record EvaluationFigures
{
    public required bool IsTokens { get; init; }

    public required Int128 Spent { get; init; }

    public required Int128 Limit { get; init; }

    /// <summary>The bound on the period's unpriced usage, which <see cref="Spent"/> leaves out.</summary>
    public Int128 UnpricedBound { get; init; }

    public Int128 Blocked { get; init; }

    public required long PeriodStartMs { get; init; }

    public required long PeriodEndMs { get; init; }

    public required Int128 DemandPerMinute { get; init; }

    /// <summary>When the limit is reached at the speed that is forecast; null where that is not before the period's end or not known.</summary>
    public long? ExhaustedAtMs { get; init; }

    public long? ExhaustedEarliestMs { get; init; }

    public long? ExhaustedLatestMs { get; init; }

    /// <summary>The burn-rate pairs, in the budget's order.</summary>
    public IReadOnlyList<BurnFigures> BurnRates { get; init; } = [];

    /// <summary>Highest broker timestamp of the spend counted.</summary>
    public long EventMs { get; init; }

    public static EvaluationFigures Of(BudgetEvaluation evaluation) => new()
    {
        IsTokens = evaluation.Budget.Amount.IsTokens,
        Spent = evaluation.Spent,
        Limit = evaluation.Limit,
        UnpricedBound = evaluation.UnpricedBound,
        Blocked = evaluation.Blocked,
        PeriodStartMs = evaluation.Period.StartMs,
        PeriodEndMs = evaluation.Period.EndMs,
        DemandPerMinute = evaluation.DemandPerMinute,
        ExhaustedAtMs = evaluation.ExhaustedAtMs,
        ExhaustedEarliestMs = evaluation.ExhaustedEarliestMs,
        ExhaustedLatestMs = evaluation.ExhaustedLatestMs,
        BurnRates = [.. evaluation.Pairs.Select(pair => new BurnFigures(
            pair.Factor.Factor, pair.LongMs, pair.ShortMs, Finite(pair.LongRate), Finite(pair.ShortRate), pair.Fires))],
        EventMs = evaluation.EventMs,
    };

    /// <summary>JSON has no infinity: a budget of nothing burns at the largest number there is.</summary>
    private static double Finite(double rate) => double.IsFinite(rate) ? rate : double.MaxValue;
}

/// <summary>A burn-rate pair's lookbacks and rates.</summary>
public sealed record BurnFigures(decimal Factor, long LongMs, long ShortMs, double LongRate, double ShortRate, bool Fires);
