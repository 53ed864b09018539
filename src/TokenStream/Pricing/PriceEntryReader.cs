using System.Globalization;
using TokenStream.Yaml;

namespace TokenStream.Pricing;

/// <summary>Reads what holds prices: the entries of a model and the contracts of tenants.</summary>
internal static class PriceEntryReader
{
    private static readonly IReadOnlyList<string> TokenKeys = [.. RateSet.ClassKeys, .. TokenUnits.Names.Take(TokenUnits.PriceableCount)];
    private static readonly IReadOnlyList<string> PriceKeys = [.. TokenKeys, .. RateUnits.Keys.Select(key => key.Key)];

    public static IReadOnlyList<PriceEntry> ReadEntries(IReadOnlyList<YamlReader> items) =>
        PriceTimeline.Close(items.Select(item => (item, ReadEntry(item))).ToList());

    public static IReadOnlyList<ContractPrices> ReadContracts(IReadOnlyList<YamlReader> items) =>
        PriceTimeline.Close(items.Select(item => (item, ReadContract(item))).ToList());

    private static PriceEntry ReadEntry(YamlReader item)
    {
        var entry = new PriceEntry
        {
            SinceMs = ReadTime(item, "since", long.MinValue),
            UntilMs = ReadTime(item, "until", long.MaxValue),
            Region = item.Text("region") ?? string.Empty,
            ServiceTier = ReadTier(item),
            Hours = ReadHours(item),
            Bands = ReadBands(item, required: true),
        };
        item.Close();
        return entry;
    }

    private static ContractPrices ReadContract(YamlReader item)
    {
        var contract = new ContractPrices
        {
            Tenant = item.Text("tenant") ?? item.Missing("tenant"),
            Provider = new NamePattern(item.Text("provider") ?? "*"),
            Model = new NamePattern(item.Text("model") ?? "*"),
            SinceMs = ReadTime(item, "since", long.MinValue),
            UntilMs = ReadTime(item, "until", long.MaxValue),
            Region = item.Text("region") ?? string.Empty,
            ServiceTier = ReadTier(item),
            Factor = ReadDiscount(item),
            Bands = ReadBands(item, required: false),
        };
        if (contract.Bands.Count == 0 && !item.Has(["discount", .. PriceKeys]))
        {
            item.Error("the contract states neither a discount nor a price");
        }

        item.Close();
        return contract;
    }

    private static long ReadTime(YamlReader item, string key, long absent)
    {
        if (item.Scalar(key) is not { } scalar)
        {
            return absent;
        }

        if (scalar.Text != "ever" && PriceCell.TryParseTime(scalar.Text, out var timeMs))
        {
            return timeMs;
        }

        item.Error(scalar, $"'{scalar.Text}' is not a date such as 2026-08-21 or a time in UTC such as 2026-08-21T06:00:00Z");
        return absent;
    }

    private static string ReadTier(YamlReader item)
    {
        var tier = item.Scalar("service_tier");
        if (tier is null)
        {
            return string.Empty;
        }

        if (PriceRequest.StandardTiers.Contains(tier.Text, StringComparer.OrdinalIgnoreCase))
        {
            item.Error(tier, $"'{tier.Text}' names the standard tier, whose entries have no 'service_tier'");
        }

        return tier.Text;
    }

    private static DailyHours ReadHours(YamlReader item)
    {
        if (item.Scalar("hours") is not { } scalar)
        {
            return default;
        }

        if (DailyHours.TryParse(scalar.Text, out var hours))
        {
            return hours;
        }

        item.Error(scalar, $"'{scalar.Text}' is not a part of the day in UTC such as 00:30-16:30");
        return default;
    }

    private static Rate ReadDiscount(YamlReader item)
    {
        if (item.Scalar("discount") is not { } scalar)
        {
            return default;
        }

        if (!PriceText.TryParseDiscount(scalar.Text, out var factor, out var reason))
        {
            item.Error(scalar, $"'{scalar.Text}' {reason}");
        }

        return factor;
    }

    /// <summary>The rates of all requests, then those of each <c>above</c>.</summary>
    private static List<PriceBand> ReadBands(YamlReader item, bool required)
    {
        List<PriceBand> bands = [];
        var everything = ReadRates(item);
        if (everything.Count > 0)
        {
            bands.Add(new PriceBand(PriceBand.Everything, everything));
        }
        else if (required && !item.Has(PriceKeys))
        {
            item.Error("the entry states no price");
        }

        foreach (var (key, child) in item.Children("above"))
        {
            if (!long.TryParse(key.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) || tokens == 0)
            {
                item.Error(key, $"'{key.Text}' is not a number of input tokens above which other prices hold");
            }
            else if (bands.Exists(band => band.AboveTokens == tokens))
            {
                item.Error(key, $"prices above {tokens} tokens stand here a second time");
            }

            var rates = ReadRates(child);
            if (rates.Count == 0 && !child.Has(PriceKeys))
            {
                child.Error($"no price is stated above {key.Text} tokens");
            }

            child.Close();
            bands.Add(new PriceBand(tokens, rates));
        }

        bands.Sort((left, right) => left.AboveTokens.CompareTo(right.AboveTokens));
        return bands;
    }

    private static RateSet ReadRates(YamlReader item)
    {
        List<KeyValuePair<string, Rate>> rates = [];
        foreach (var key in TokenKeys)
        {
            if (item.Scalar(key) is { } scalar)
            {
                AddRate(item, key, scalar, RateUnits.Million, rates);
            }
        }

        foreach (var (key, units) in RateUnits.Keys)
        {
            foreach (var (name, scalar) in ReadUnitPrices(item, key))
            {
                if (rates.Exists(rate => rate.Key == name.Text))
                {
                    item.Error(name, $"unit '{name.Text}' has a price already");
                }
                else
                {
                    AddRate(item, name.Text, scalar, units, rates);
                }
            }
        }

        return new RateSet(rates);
    }

    private static IEnumerable<(YamlScalar Name, YamlScalar Price)> ReadUnitPrices(YamlReader item, string key)
    {
        switch (item.Value(key))
        {
            case null:
                yield break;
            case YamlMap map:
                foreach (var (name, value) in map.Entries)
                {
                    if (!RateUnits.IsName(name.Text))
                    {
                        item.Error(
                            name,
                            $"'{name.Text}' is no name of a unit: 1 to 64 of a-z, 0-9 and _, and not a token class or unit of tokens");
                    }
                    else if (value is YamlScalar { Text.Length: > 0 } price)
                    {
                        yield return (name, price);
                    }
                    else
                    {
                        item.Error(value, $"the price of '{name.Text}' must be a number");
                    }
                }

                yield break;
            case var other:
                item.Error(other, $"'{key}' must be a mapping of units to prices, not {other.Kind}");
                yield break;
        }
    }

    private static void AddRate(YamlReader item, string key, YamlScalar scalar, long units, List<KeyValuePair<string, Rate>> rates)
    {
        if (PriceText.TryParse(scalar.Text, units, out var rate, out var reason))
        {
            rates.Add(KeyValuePair.Create(key, rate));
        }
        else
        {
            item.Error(scalar, $"the price of '{key}', '{scalar.Text}', {reason}");
        }
    }
}
