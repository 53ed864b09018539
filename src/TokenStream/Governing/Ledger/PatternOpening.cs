using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>What the scopes of a pattern had spent in a period before their spend was published; a scope that is not here had spent nothing.</summary>
/// <param name="Pattern">The pattern's text.</param>
/// <param name="PeriodStartMs">From when on it was spent.</param>
public sealed record PatternOpening(string Pattern, long PeriodStartMs, IReadOnlyDictionary<Scope, SpendMeasures> Balances)
{
    /// <summary>From when on the pattern's spend is published: an opening says nothing of a pattern that was gone and came back since.</summary>
    internal long SinceMs { get; init; }
}

/// <summary>A pattern whose spend was first published in the middle of a running period, and what its scopes had spent before is not told yet.</summary>
/// <param name="PeriodStartMs">From when on that is asked for.</param>
/// <param name="SinceMs">From when on the spend is published.</param>
public sealed record SeedingPattern(string Pattern, long PeriodStartMs, long SinceMs);
