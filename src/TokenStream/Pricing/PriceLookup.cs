namespace TokenStream.Pricing;

/// <summary>
/// Finds the list entry of a model by its names: the provider, then the model by id or name, then by pattern, then the same with each
/// provider that this one falls back to. A literal name beats a pattern, and of several patterns the one that fixes most characters wins,
/// the first in the book among equals.
/// </summary>
internal sealed class PriceLookup(PriceBookContent book, List<PriceLookupStep>? trace)
{
    public ProviderPrices? FindProvider(string name)
    {
        var provider = Best(book.Providers, name, provider => provider.Id, provider => provider.Names, out var pattern);
        Note($"provider '{name}'", Describe(provider?.Id, pattern, name));
        return provider;
    }

    public (ProviderPrices Provider, ModelPrices Model)? FindModel(ProviderPrices provider, string name) =>
        FindModel(provider, name, new HashSet<string>(StringComparer.OrdinalIgnoreCase));

    private (ProviderPrices Provider, ModelPrices Model)? FindModel(ProviderPrices provider, string name, HashSet<string> seen)
    {
        // Fallbacks may name each other; each provider is asked once.
        if (!seen.Add(provider.Id))
        {
            return null;
        }

        var model = Best(provider.Models, name, model => model.Id, model => model.Names, out var pattern);
        Note($"model '{name}' of {provider.Id}", Describe(model?.Id, pattern, name));
        if (model is not null)
        {
            return (provider, model);
        }

        foreach (var fallback in provider.Fallback)
        {
            var next = book.Providers.FirstOrDefault(other => string.Equals(other.Id, fallback, StringComparison.OrdinalIgnoreCase));
            if (next is not null && FindModel(next, name, seen) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static T? Best<T>(IEnumerable<T> candidates, string name, Func<T, string> id, Func<T, IReadOnlyList<NamePattern>> names, out NamePattern? by)
        where T : class
    {
        T? best = null;
        by = null;
        foreach (var candidate in candidates)
        {
            if (string.Equals(id(candidate), name, StringComparison.OrdinalIgnoreCase))
            {
                by = null;
                return candidate;
            }

            foreach (var pattern in names(candidate))
            {
                if (pattern.Matches(name) && (by is null || Beats(pattern, by.Value)))
                {
                    best = candidate;
                    by = pattern;
                }
            }
        }

        return best;
    }

    private static bool Beats(NamePattern pattern, NamePattern other) =>
        pattern.IsLiteral != other.IsLiteral ? pattern.IsLiteral : pattern.Literals > other.Literals;

    private static string Describe(string? id, NamePattern? pattern, string name) => (id, pattern) switch
    {
        (null, _) => "not in the book",
        (_, null) => $"{id}",
        (_, { IsLiteral: true }) => $"{id}, which is also called '{name}'",
        _ => $"{id}, by its pattern '{pattern}'",
    };

    private void Note(string tried, string outcome) => trace?.Add(new PriceLookupStep(tried, outcome));
}
