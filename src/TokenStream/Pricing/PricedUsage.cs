using System.Runtime.CompilerServices;

namespace TokenStream.Pricing;

/// <summary>
/// The token classes that prices are given for. Every token of a request belongs to exactly one: the inclusive totals of an event are split
/// so that the classes do not overlap. Everything billed in another unit is <see cref="Units"/>.
/// </summary>
public enum TokenClass
{
    Input = 0,
    CacheRead = 1,
    CacheWrite5m = 2,
    CacheWrite1h = 3,
    Output = 4,
    Reasoning = 5,
    Units = 6,
}

/// <summary>One number for each <see cref="TokenClass"/>.</summary>
[InlineArray(Count)]
public struct PerTokenClass
{
    public const int Count = 7;

    private long _element;
}

/// <summary>What one event used and what it cost.</summary>
public struct PricedUsage
{
    /// <summary>Tokens of each class; <see cref="TokenClass.Units"/> counts other units. Negative only for adjustments.</summary>
    public PerTokenClass Tokens;

    /// <summary>Cost of each class in picodollars (1e-12 USD), contract prices applied.</summary>
    public PerTokenClass Cost;

    /// <summary>Tokens (units) of each class that no price was found for. Their cost is unknown, not zero.</summary>
    public PerTokenClass Unpriced;

    /// <summary>Sum of <see cref="Cost"/>, picodollars.</summary>
    public long TotalCost;

    /// <summary>What the list price would have been, picodollars; equals <see cref="TotalCost"/> without a contract price.</summary>
    public long ListCost;

    /// <summary>The price row applied: index into the book's cells, <see cref="NoCell"/> where the model is unpriced.</summary>
    public int Cell;

    public const int NoCell = 0;
}
