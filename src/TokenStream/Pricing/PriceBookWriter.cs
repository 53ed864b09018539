using System.Globalization;
using System.Text;
using static TokenStream.Yaml.YamlText;

namespace TokenStream.Pricing;

/// <summary>
/// Writes a price book as the text that <see cref="PriceBookLoader"/> reads, in one fixed layout: the book's hash is taken of it, and it is
/// what travels between nodes.
/// </summary>
internal static class PriceBookWriter
{
    private const int MaxLine = 120;

    public static string Write(PriceBookContent book)
    {
        var text = new StringBuilder();
        text.Append("name: ").Append(Quote(book.Name)).Append('\n');
        text.Append("date: ").Append(book.Effective.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Append('\n');
        if (book.Source.Length > 0)
        {
            text.Append("source: ").Append(Quote(book.Source)).Append('\n');
        }

        text.Append("currency: USD\n");
        if (book.UnlistedTiers == UnlistedTiers.Standard)
        {
            text.Append("unlisted_service_tiers: standard\n");
        }

        if (book.Providers.Count > 0)
        {
            text.Append("providers:\n");
        }

        foreach (var provider in book.Providers)
        {
            Write(text, provider);
        }

        if (book.Contracts.Count > 0)
        {
            text.Append("contracts:\n");
        }

        foreach (var contract in book.Contracts)
        {
            Append(text, "  - ", Fields(contract));
        }

        return text.ToString();
    }

    private static void Write(StringBuilder text, ProviderPrices provider)
    {
        text.Append("  ").Append(Quote(provider.Id)).Append(":\n");
        WriteList(text, "    names: ", provider.Names.Select(name => name.Text));
        WriteList(text, "    makes: ", provider.Makes.Select(name => name.Text));
        WriteList(text, "    fallback: ", provider.Fallback);
        text.Append(provider.IsSelfHosted ? "    self_hosted: true\n" : string.Empty);
        if (provider.Models.Count > 0)
        {
            text.Append("    models:\n");
        }

        foreach (var model in provider.Models)
        {
            text.Append("      ").Append(Quote(model.Id)).Append(":\n");
            WriteList(text, "        names: ", model.Names.Select(name => name.Text));
            text.Append(model.IsSelfHosted ? "        self_hosted: true\n" : string.Empty);
            text.Append(model.Prices.Count > 0 ? "        prices:\n" : string.Empty);
            foreach (var entry in model.Prices)
            {
                Append(text, "          - ", Fields(entry));
            }
        }
    }

    private static void WriteList(StringBuilder text, string head, IEnumerable<string> items)
    {
        var quoted = items.Select(Quote).ToList();
        if (quoted.Count > 0)
        {
            AppendWrapped(text, $"{head}[", quoted, "]");
        }
    }

    private static void Append(StringBuilder text, string head, IEnumerable<string> fields) =>
        AppendWrapped(text, $"{head}{{", fields, "}");

    /// <summary>Breaks long lines after a comma; what follows is indented below the opening bracket.</summary>
    private static void AppendWrapped(StringBuilder text, string head, IEnumerable<string> items, string tail)
    {
        text.Append(head);
        var length = head.Length;
        var first = true;
        foreach (var item in items)
        {
            if (!first)
            {
                text.Append(',');
                if (length + item.Length > MaxLine)
                {
                    text.Append('\n').Append(' ', head.Length);
                    length = head.Length;
                }
                else
                {
                    text.Append(' ');
                }
            }

            text.Append(item);
            length += item.Length + 2;
            first = false;
        }

        text.Append(tail).Append('\n');
    }

    private static IEnumerable<string> Fields(PriceEntry entry)
    {
        List<string> fields = [];
        AddWhen(fields, entry.SinceMs, entry.UntilMs, entry.Region, entry.ServiceTier);
        if (!entry.Hours.IsWholeDay)
        {
            fields.Add($"hours: \"{entry.Hours}\"");
        }

        return fields.Concat(Fields(entry.Bands));
    }

    private static IEnumerable<string> Fields(ContractPrices contract)
    {
        List<string> fields = [$"tenant: {Quote(contract.Tenant)}"];
        if (contract.Provider != NamePattern.Anything)
        {
            fields.Add($"provider: {Quote(contract.Provider.Text)}");
        }

        if (contract.Model != NamePattern.Anything)
        {
            fields.Add($"model: {Quote(contract.Model.Text)}");
        }

        AddWhen(fields, contract.SinceMs, contract.UntilMs, contract.Region, contract.ServiceTier);
        if (contract.Factor.IsKnown)
        {
            fields.Add($"discount: \"{PriceText.FormatDiscount(contract.Factor)}\"");
        }

        return fields.Concat(Fields(contract.Bands));
    }

    private static void AddWhen(List<string> fields, long sinceMs, long untilMs, string region, string serviceTier)
    {
        if (sinceMs != long.MinValue)
        {
            fields.Add($"since: {PriceCell.Time(sinceMs)}");
        }

        if (untilMs != long.MaxValue)
        {
            fields.Add($"until: {PriceCell.Time(untilMs)}");
        }

        if (region.Length > 0)
        {
            fields.Add($"region: {Quote(region)}");
        }

        if (serviceTier.Length > 0)
        {
            fields.Add($"service_tier: {Quote(serviceTier)}");
        }
    }

    private static List<string> Fields(IReadOnlyList<PriceBand> bands)
    {
        var everything = bands.Where(band => band.AboveTokens < 0).SelectMany(band => Fields(band.Rates));
        var above = bands.Where(band => band.AboveTokens >= 0).Select(band =>
            string.Create(CultureInfo.InvariantCulture, $"{band.AboveTokens}: {{{string.Join(", ", Fields(band.Rates))}}}")).ToList();
        return above.Count > 0 ? [.. everything, $"above: {{{string.Join(", ", above)}}}"] : [.. everything];
    }

    private static IEnumerable<string> Fields(RateSet rates)
    {
        var tokens = RateSet.ClassKeys.Concat(TokenUnits.Names).Where(key => rates[key].IsKnown)
            .Select(key => $"{key}: {PriceText.Format(rates[key], RateUnits.Million)}");
        var units = rates.UnitNames.Except(TokenUnits.Names).Select(name => $"{name}: {PriceText.Format(rates[name], 1)}").ToList();
        return units.Count > 0 ? tokens.Append($"per_unit: {{{string.Join(", ", units)}}}") : tokens;
    }
}
