namespace TokenStream.Governing.Evaluation;

/// <summary>
/// What a period spent, the bound on unpriced usage included, cut at a time up to which the ledger is taken to have everything. What came
/// after it may be known better by those who spent it.
/// </summary>
/// <param name="CutMs">A multiple of ten seconds.</param>
/// <param name="Before">Spent before the cut.</param>
/// <param name="Since">Spent from it on, as far as the ledger has it.</param>
public readonly record struct LedgerCut(long CutMs, Int128 Before, Int128 Since)
{
    /// <summary>The stream lags less than this, unless something is broken.</summary>
    public const long UsualLagMs = 120_000;

    /// <summary>Where nothing newer has come, the cut is as old as the newest spend, but not older than this.</summary>
    public const long LongestLagMs = 3_600_000;
}
