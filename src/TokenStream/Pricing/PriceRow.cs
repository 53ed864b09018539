using System.Runtime.CompilerServices;

namespace TokenStream.Pricing;

/// <summary>
/// What one request pays: a rate for each token class, and for other units by their number in the book's <see cref="UnitTable"/>. Fallbacks
/// are resolved when the row is made, so the hot path only multiplies.
/// </summary>
public struct PriceRow
{
    /// <summary>Rates of the six token classes, by <see cref="TokenClass"/>.</summary>
    public ClassRates Rates;

    /// <summary>Rates of units by number, unknown where absent; null where the row prices no units.</summary>
    public Rate[]? Units;

    /// <summary>The price of one request beside its tokens, unit <see cref="TokenUnits.Request"/>; unknown where there is none.</summary>
    public Rate RequestFee;

    /// <summary>The cell of this row in its book; <see cref="PricedUsage.NoCell"/> for the row of what is unpriced.</summary>
    public int Cell;

    /// <summary>
    /// Index in the plan of the row with the list price, where this one is a contract's; -1 where this is the list price.
    /// </summary>
    public int ListRow;

    public readonly Rate UnitRate(int unit) => Units is null || unit < 0 ? default : Units[unit];

    [InlineArray(Count)]
    public struct ClassRates
    {
        public const int Count = 6;

        private Rate _element;
    }
}
