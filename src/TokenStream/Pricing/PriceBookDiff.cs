using System.Numerics;
using System.Text;

namespace TokenStream.Pricing;

public enum PriceRowChange
{
    Added,
    Removed,
    Changed,
}

/// <summary>A price of one class or unit before and after; unknown where a book states none.</summary>
/// <param name="Key">As in a book: <c>input</c>, <c>web_searches</c>, ..</param>
/// <param name="Percent">Change in percent, two decimals half to even; null where a side is unknown or the price was zero.</param>
public sealed record PriceChange(string Key, Rate Before, Rate After, decimal? Percent);

/// <summary>A row, by the id of its cell, that two books differ in. A change of its end alone is one without changes of prices.</summary>
public sealed record PriceRowDifference(PriceRowChange Change, string Cell, IReadOnlyList<PriceChange> Prices, string? EndChange);

/// <summary>What differs between two books, row by row, in the order of the rows' cells.</summary>
public sealed record PriceBookDiff(IReadOnlyList<PriceRowDifference> Rows)
{
    /// <summary>A contract's discount stands among its prices as the factor that remains.</summary>
    private const string FactorKey = "discount";

    /// <summary>What is self-hosted in one of them alone, <c>PROVIDER</c> or <c>PROVIDER/MODEL</c>, and whether it is afterwards.</summary>
    public IReadOnlyList<(string Name, bool IsAfterwards)> SelfHosted { get; init; } = [];

    public static PriceBookDiff Of(PriceBook before, PriceBook after)
    {
        var (old, changed) = (RowsOf(before.Content), RowsOf(after.Content));
        var cells = old.Keys.Union(changed.Keys).Order(StringComparer.Ordinal);
        return new PriceBookDiff([.. cells
            .Select(cell => Compare(cell, old.GetValueOrDefault(cell), changed.GetValueOrDefault(cell)))
            .OfType<PriceRowDifference>()])
        {
            SelfHosted = CompareSelfHosted(SelfHostedOf(before.Content), SelfHostedOf(after.Content)),
        };
    }

    /// <summary>One line a row and price, for people.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        foreach (var (name, isAfterwards) in SelfHosted)
        {
            text.Append(isAfterwards
                ? Invariant($"self_hosted {name}: what has no price is free\n")
                : Invariant($"not self_hosted any more {name}: what has no price is unpriced\n"));
        }

        foreach (var row in Rows)
        {
            var end = row.EndChange is null ? string.Empty : $", {row.EndChange}";
            text.Append(Invariant($"{row.Change.ToString().ToLowerInvariant()} {row.Cell}{end}\n"));
            foreach (var price in row.Prices)
            {
                text.Append(Invariant($"  {price.Key}: {Price(price.Key, price.Before)} -> {Price(price.Key, price.After)}"));
                text.Append(price.Percent is { } percent ? Invariant($" ({(percent > 0 ? "+" : string.Empty)}{percent} %)\n") : "\n");
            }
        }

        return text.ToString();
    }

    private static IReadOnlyList<(string Name, bool IsAfterwards)> CompareSelfHosted(HashSet<string> before, HashSet<string> after) =>
    [
        .. before.Except(after).Select(name => (Name: name, IsAfterwards: false))
            .Concat(after.Except(before).Select(name => (Name: name, IsAfterwards: true)))
            .OrderBy(pair => pair.Name, StringComparer.Ordinal),
    ];

    private static HashSet<string> SelfHostedOf(PriceBookContent book) =>
    [
        .. book.Providers.Where(provider => provider.IsSelfHosted).Select(provider => provider.Id),
        .. book.Providers.SelectMany(
            provider => provider.Models.Where(model => model.IsSelfHosted).Select(model => $"{provider.Id}/{model.Id}")),
    ];

    private static PriceRowDifference? Compare(string cell, Row? old, Row? changed)
    {
        var keys = (old?.Rates.All ?? [])
            .Concat(changed?.Rates.All ?? [])
            .Select(rate => rate.Key)
            .Distinct()
            .Order(StringComparer.Ordinal);
        var prices = keys.Select(key => Compare(key, old?.Rates[key] ?? default, changed?.Rates[key] ?? default))
            .Where(price => price.Before != price.After).ToList();
        var end = old is not null && changed is not null && old.UntilMs != changed.UntilMs ? $"ends {End(old)} -> {End(changed)}" : null;
        var change = old is null ? PriceRowChange.Added : changed is null ? PriceRowChange.Removed : PriceRowChange.Changed;
        return change != PriceRowChange.Changed || prices.Count > 0 || end is not null
            ? new PriceRowDifference(change, cell, prices, end)
            : null;
    }

    private static PriceChange Compare(string key, Rate before, Rate after)
    {
        if (!before.IsKnown || !after.IsKnown || before.Numerator == 0)
        {
            return new PriceChange(key, before, after, Percent: null);
        }

        // (after / before - 1) * 100 to two decimals, in whole numbers of a hundredth of a percent.
        var denominator = (BigInteger)before.Numerator * after.Denominator;
        var numerator = (((BigInteger)after.Numerator * before.Denominator) - denominator) * 10_000;
        var quotient = BigInteger.DivRem(BigInteger.Abs(numerator), denominator, out var remainder);
        var half = (2 * remainder).CompareTo(denominator);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return new PriceChange(key, before, after, quotient < long.MaxValue ? (decimal)(quotient * numerator.Sign) / 100 : null);
    }

    /// <summary>Every band of every entry and contract, by the id of its cell, with the rates it takes from the bands below.</summary>
    private static Dictionary<string, Row> RowsOf(PriceBookContent book)
    {
        var rows = new Dictionary<string, Row>(StringComparer.Ordinal);
        var listed = book.Providers.SelectMany(provider =>
            provider.Models.SelectMany(model => model.Prices.Select(entry => (provider, model, entry))));
        foreach (var (provider, model, entry) in listed)
        {
            foreach (var band in entry.Bands.Select(band => band.AboveTokens).Append(PriceBand.Everything).Distinct())
            {
                var cell = new PriceCell
                {
                    Provider = provider.Id,
                    Model = model.Id,
                    SinceMs = entry.SinceMs,
                    Region = entry.Region,
                    ServiceTier = entry.ServiceTier,
                    Hours = entry.Hours,
                    AboveTokens = band,
                };
                rows.TryAdd(cell.ToString(), new Row(PricePlanner.RatesAt(entry.Bands, band), entry.UntilMs));
            }
        }

        foreach (var contract in book.Contracts)
        {
            foreach (var band in contract.Bands.Select(band => band.AboveTokens).Append(PriceBand.Everything).Distinct())
            {
                var cell = new PriceCell
                {
                    Provider = contract.Provider.Text,
                    Model = contract.Model.Text,
                    SinceMs = contract.SinceMs,
                    Region = contract.Region,
                    ServiceTier = contract.ServiceTier,
                    AboveTokens = band,
                    ContractTenant = contract.Tenant,
                    ContractSinceMs = contract.SinceMs,
                };
                var rates = PricePlanner.RatesAt(contract.Bands, band);
                var factor = contract.Factor.IsKnown ? new RateSet([KeyValuePair.Create(FactorKey, contract.Factor)]) : RateSet.None;
                rows.TryAdd(cell.ToString(), new Row(rates.Over(factor), contract.UntilMs));
            }
        }

        return rows;
    }

    private static string Price(string key, Rate rate) => !rate.IsKnown
        ? "none"
        : key == FactorKey
            ? PriceText.FormatDiscount(rate)
            : RateSet.ClassKeys.Contains(key) || TokenUnits.Names.Contains(key)
                ? $"{PriceText.Format(rate, RateUnits.Million)} per million"
                : $"{PriceText.Format(rate, 1)} each";

    private static string End(Row row) => row.UntilMs == long.MaxValue ? "never" : PriceCell.Time(row.UntilMs);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private sealed record Row(RateSet Rates, long UntilMs);
}
