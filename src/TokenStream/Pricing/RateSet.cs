namespace TokenStream.Pricing;

/// <summary>
/// Rates as a book states them, by key: the class keys below, or the name of a unit. What is not stated is unknown, but for reasoning,
/// which costs what output costs: providers bill it within output, and only few state it apart.
/// </summary>
internal sealed class RateSet
{
    /// <summary>Keys of the token classes in a book, by <see cref="TokenClass"/>.</summary>
    public static IReadOnlyList<string> ClassKeys { get; } =
        ["input", "cached_input", "cache_write_5m", "cache_write_1h", "output", "reasoning"];

    private readonly SortedDictionary<string, Rate> _rates;

    public RateSet(IEnumerable<KeyValuePair<string, Rate>> rates) =>
        _rates = new SortedDictionary<string, Rate>(rates.ToDictionary(), StringComparer.Ordinal);

    public static RateSet None { get; } = new([]);

    /// <summary>What is not stated costs nothing; reasoning still costs what output does.</summary>
    public static RateSet Free { get; } = new(
        ClassKeys.Where(key => key != "reasoning").Select(key => KeyValuePair.Create(key, Rate.Free)));

    /// <summary>In the order of their keys.</summary>
    public IEnumerable<KeyValuePair<string, Rate>> All => _rates;

    public int Count => _rates.Count;

    public IEnumerable<string> UnitNames => _rates.Keys.Except(ClassKeys);

    public Rate this[string key] => _rates.GetValueOrDefault(key);

    /// <summary>These rates, and another's where these state none.</summary>
    public RateSet Over(RateSet other) => new(_rates.Concat(other._rates.Where(rate => !_rates.ContainsKey(rate.Key))));

    /// <summary>The rates of token classes and token units alone.</summary>
    public RateSet OfTokens() => new(_rates.Where(rate => ClassKeys.Contains(rate.Key) || TokenUnits.Names.Contains(rate.Key)));

    /// <summary>All rates times a factor of at most 1.</summary>
    public RateSet Times(Rate factor) => new(_rates.Select(rate => KeyValuePair.Create(rate.Key, rate.Value.Discounted(factor))));

    /// <summary>The row of these rates; <paramref name="listRow"/> as in <see cref="PriceRow.ListRow"/>.</summary>
    public PriceRow ToRow(UnitTable units, int cell, int listRow)
    {
        var row = new PriceRow { Cell = cell, ListRow = listRow };
        for (var tokenClass = 0; tokenClass < ClassKeys.Count; tokenClass++)
        {
            row.Rates[tokenClass] = this[ClassKeys[tokenClass]];
        }

        if (!row.Rates[(int)TokenClass.Reasoning].IsKnown)
        {
            row.Rates[(int)TokenClass.Reasoning] = row.Rates[(int)TokenClass.Output];
        }

        if (UnitNames.Any())
        {
            row.Units = [.. units.Names.Select(name => this[name])];
            row.RequestFee = this[TokenUnits.Request];
        }

        return row;
    }
}
