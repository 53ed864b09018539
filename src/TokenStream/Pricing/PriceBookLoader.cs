using System.Globalization;
using TokenStream.Yaml;

namespace TokenStream.Pricing;

/// <summary>
/// Reads a price book, strictly: an unknown key, a wrong type, a bad date, a negative price or overlapping entries are errors, and all of
/// them are named at once. The format is described in <c>docs/prices.md</c>. Also takes LiteLLM's price map.
/// </summary>
public static class PriceBookLoader
{
    /// <summary>Longest text that is read, in characters.</summary>
    public const int MaxLength = 32 * 1024 * 1024;

    /// <summary>Reads our YAML, or the JSON of LiteLLM's price map, whichever the text is.</summary>
    /// <param name="name">What a price map, which has no name of its own, is called: its file's name.</param>
    public static PriceBookLoad Load(string text, string name)
    {
        if (text.Length > MaxLength)
        {
            return new PriceBookLoad(null, [new TextError(1, 1, $"the text is longer than {MaxLength} characters")]);
        }

        var errors = new TextErrors();
        var content = LiteLlmPriceMap.Recognises(text) ? LiteLlmPriceMap.Read(text, name, errors) : Read(text, errors);
        return content is null || errors.Any ? new PriceBookLoad(null, errors.ToList()) : new PriceBookLoad(new PriceBook(content), []);
    }

    private static PriceBookContent? Read(string text, TextErrors errors)
    {
        if (YamlTree.Parse(text, "price book", errors) is not { } tree)
        {
            return null;
        }

        if (YamlReader.Open(tree, "the price book", errors) is not { } root)
        {
            return null;
        }

        var owners = new NameOwners("provider", errors);
        var content = new PriceBookContent
        {
            Name = root.Text("name") ?? root.Missing("name"),
            Effective = ReadDate(root),
            Source = root.Text("source") ?? string.Empty,
            UnlistedTiers = ReadUnlistedTiers(root),
            Providers = [.. root.Children("providers").Select(child => ReadProvider(child.Key, child.Value, owners, errors))],
            Contracts = PriceEntryReader.ReadContracts(root.Items("contracts")),
        };
        if (root.Scalar("currency") is { } currency && currency.Text != "USD")
        {
            root.Error(currency, $"the currency is '{currency.Text}'; prices are in USD only, so convert them first");
        }

        root.Close();
        CheckUnits(tree, content, errors);
        return content;
    }

    private static DateOnly ReadDate(YamlReader root)
    {
        if (root.Scalar("date") is not { } scalar)
        {
            root.Missing("date");
            return default;
        }

        if (!DateOnly.TryParseExact(scalar.Text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            root.Error(scalar, $"'{scalar.Text}' is not a date such as 2026-08-21");
        }

        return date;
    }

    private static UnlistedTiers ReadUnlistedTiers(YamlReader root)
    {
        var scalar = root.Scalar("unlisted_service_tiers");
        switch (scalar?.Text)
        {
            case null or "unpriced":
                return UnlistedTiers.Unpriced;
            case "standard":
                return UnlistedTiers.Standard;
            default:
                root.Error(scalar, $"'{scalar.Text}' is neither 'unpriced' nor 'standard'");
                return default;
        }
    }

    private static ProviderPrices ReadProvider(YamlScalar id, YamlReader provider, NameOwners owners, TextErrors errors)
    {
        if (id.Text.Length == 0 || id.Text.Contains('/', StringComparison.Ordinal))
        {
            provider.Error(id, $"'{id.Text}' is no provider id: it must not be empty or contain '/'");
        }

        var models = new NameOwners($"model of {id.Text}", errors);
        var prices = new ProviderPrices(
            id.Text,
            owners.Claim(id, provider.Texts("names")),
            [.. provider.Texts("makes").Select(text => new NamePattern(text.Text))],
            [.. provider.Texts("fallback").Select(text => text.Text)],
            [.. provider.Children("models").Select(child => ReadModel(child.Key, child.Value, models))])
        {
            IsSelfHosted = ReadSelfHosted(provider),
        };
        provider.Close();
        return prices;
    }

    private static ModelPrices ReadModel(YamlScalar id, YamlReader model, NameOwners owners)
    {
        var names = owners.Claim(id, model.Texts("names"));
        var prices = new ModelPrices(id.Text, names, PriceEntryReader.ReadEntries(model.Items("prices")))
        {
            IsSelfHosted = ReadSelfHosted(model),
        };
        if (model.Value("prices") is null or YamlList { Items.Count: 0 } && !prices.IsSelfHosted)
        {
            model.Error(id, $"model '{id.Text}' has no prices");
        }

        model.Close();
        return prices;
    }

    private static bool ReadSelfHosted(YamlReader reader)
    {
        if (reader.Scalar("self_hosted") is not { } scalar)
        {
            return false;
        }

        if (scalar.Text is not ("true" or "false"))
        {
            reader.Error(scalar, $"'self_hosted' is '{scalar.Text}'; it must be true or false");
        }

        return scalar.Text == "true";
    }

    private static void CheckUnits(YamlTree tree, PriceBookContent content, TextErrors errors)
    {
        var count = content.StandaloneUnits().Count();
        var most = UnitTable.MaxUnits - TokenUnits.Names.Count;
        if (count > most)
        {
            errors.Add(tree, $"the book prices {count} units beside tokens; at most {most} are possible");
        }
    }

    /// <summary>A name that two providers, or two models of one, share would let the order of the text decide a price.</summary>
    private sealed class NameOwners(string what, TextErrors errors)
    {
        private readonly Dictionary<string, YamlScalar> _owners = new(StringComparer.OrdinalIgnoreCase);

        /// <summary>Notes the id and its other names, and gives those as patterns.</summary>
        public List<NamePattern> Claim(YamlScalar id, IReadOnlyList<YamlScalar> names)
        {
            foreach (var name in names.Prepend(id))
            {
                if (!_owners.TryAdd(name.Text, id) && _owners[name.Text] != id)
                {
                    var owner = _owners[name.Text];
                    errors.Add(name, $"the name '{name.Text}' stands for {what} '{owner.Text}' in line {owner.Line} already");
                }
            }

            return [.. names.Select(name => new NamePattern(name.Text)).Distinct()];
        }
    }
}
