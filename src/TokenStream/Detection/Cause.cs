namespace TokenStream.Detection;

/// <summary>A change of cost against what was expected, taken apart. The shares add up to the change to the picodollar.</summary>
/// <param name="Change">Actual less expected cost over the minutes looked at, picodollars.</param>
/// <param name="Minutes">How many.</param>
/// <param name="Shares">Largest in the change's direction first; those of zero are left out.</param>
/// <param name="Sentence">For people: <c>cache share fell 92 to 11 % at prompt_version 47: +38.00 USD an hour</c>.</param>
public sealed record Cause(Int128 Change, int Minutes, IReadOnlyList<CauseShare> Shares, string Sentence);

/// <summary>What one factor, or one value of a dimension, has done to the cost.</summary>
/// <param name="Factor">What changed.</param>
/// <param name="Cost">What that adds, picodollars; negative where it saves.</param>
/// <param name="Before">The factor before, in its own unit; NaN where it has none.</param>
/// <param name="After">The factor now.</param>
/// <param name="Dimension">Where it changed: <c>prompt_version</c>, <c>model</c>, <c>user</c>, <c>session</c>; null where no value explains most.</param>
/// <param name="Value">The value of that dimension.</param>
public sealed record CauseShare(CauseFactor Factor, Int128 Cost, double Before, double After, string? Dimension, string? Value);

/// <summary>What makes cost change.</summary>
public enum CauseFactor
{
    /// <summary>Requests a minute.</summary>
    Volume,

    /// <summary>Input tokens a request.</summary>
    ContextLength,

    /// <summary>Output tokens a request.</summary>
    OutputLength,

    /// <summary>Which models served.</summary>
    ModelMix,

    /// <summary>Cached share of the input tokens.</summary>
    CacheShare,

    /// <summary>Price of a token of the same class and model.</summary>
    Price,

    /// <summary>Attempts a request.</summary>
    Retries,

    /// <summary>Whatever none of the others says: units, refunds, rounding.</summary>
    Other,
}
