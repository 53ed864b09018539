namespace TokenStream.Pricing;

/// <summary>
/// Finds the list entry of a model by its names: the provider, then its model, then the same in each provider that this one falls back to.
/// </summary>
internal sealed class PriceLookup
{
    private readonly NameIndex<ProviderPrices> _providers;
    private readonly Dictionary<ProviderPrices, NameIndex<ModelPrices>> _models = new(ReferenceEqualityComparer.Instance);

    public PriceLookup(PriceBookContent book)
    {
        _providers = new NameIndex<ProviderPrices>(book.Providers, provider => provider.Id, provider => provider.Names);
        foreach (var provider in book.Providers)
        {
            _models.Add(provider, new NameIndex<ModelPrices>(provider.Models, model => model.Id, model => model.Names));
        }
    }

    public ProviderPrices? FindProvider(string name, List<PriceLookupStep>? trace)
    {
        var provider = _providers.Find(name, out var how);
        Note(trace, $"provider '{name}'", provider?.Id, how);
        return provider;
    }

    /// <summary>Whether a provider has a model in its own list.</summary>
    public bool Lists(ProviderPrices provider, string model) => _models[provider].Find(model, out _) is not null;

    public FoundModel? FindModel(ProviderPrices provider, string name, List<PriceLookupStep>? trace) =>
        FindModel(provider, name, trace, new HashSet<ProviderPrices>(ReferenceEqualityComparer.Instance));

    private FoundModel? FindModel(ProviderPrices provider, string name, List<PriceLookupStep>? trace, HashSet<ProviderPrices> seen)
    {
        // Fallbacks may name each other; each provider is asked once.
        if (!seen.Add(provider))
        {
            return null;
        }

        var model = _models[provider].Find(name, out var how);
        Note(trace, $"model '{name}' of {provider.Id}", model?.Id, how);
        if (model is not null)
        {
            return new FoundModel(provider, model);
        }

        foreach (var fallback in provider.Fallback)
        {
            if (_providers.FindById(fallback) is { } next && FindModel(next, name, trace, seen) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static void Note(List<PriceLookupStep>? trace, string tried, string? id, string how) =>
        trace?.Add(new PriceLookupStep(tried, id is null ? "not in the book" : id + how));
}

/// <summary>A model's list entry and the provider it stands with, which a fallback makes another one than was asked for.</summary>
internal sealed record FoundModel(ProviderPrices Provider, ModelPrices Model);
