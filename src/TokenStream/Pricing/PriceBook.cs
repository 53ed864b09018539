using System.Collections.Frozen;

namespace TokenStream.Pricing;

/// <summary>
/// An immutable snapshot of prices. Looking up is slow (strings, patterns, merging of contracts) and gives a <see cref="PricePlan"/> that
/// callers cache by their own ids; pricing with the plan is fast. Safe for many threads.
/// </summary>
public sealed class PriceBook
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _cellsById = new(StringComparer.Ordinal);
    private readonly FrozenSet<string> _tenants;
    private readonly FrozenSet<string> _providers;
    private readonly FrozenSet<string> _models;
    private string[] _cells = [string.Empty];

    internal PriceBook(PriceBookContent content)
    {
        Content = content;
        Units = new UnitTable(content.StandaloneUnits());
        Lookup = new PriceLookup(content);
        _tenants = content.Contracts.Select(contract => contract.Tenant).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _providers = content.Providers.Select(provider => provider.Id).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _models = content.Providers.SelectMany(provider => provider.Models).SelectMany(model => model.LiteralNames)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>A book without any price: everything is unpriced.</summary>
    public static PriceBook Empty { get; } = new(PriceBookContent.Empty);

    /// <summary>What the book calls itself.</summary>
    public string Name => Content.Name;

    /// <summary>The day whose prices it holds.</summary>
    public DateOnly Effective => Content.Effective;

    /// <summary>Where its figures come from.</summary>
    public string Source => Content.Source;

    /// <summary>SHA-256 of its canonical text, 64 hexadecimal digits: equal books have equal hashes, whatever their layout.</summary>
    public string Hash => Content.Hash;

    public UnitTable Units { get; }

    internal PriceBookContent Content { get; }

    internal PriceLookup Lookup { get; }

    /// <summary>Whether a contract names the tenant. What a book names keeps its own name in rollups, whatever their bounds.</summary>
    public bool NamesTenant(string tenant) => _tenants.Contains(tenant);

    /// <summary>Whether the book has the provider, by its id.</summary>
    public bool NamesProvider(string provider) => _providers.Contains(provider);

    /// <summary>Whether the book has the model, by its id or a name without wildcards.</summary>
    public bool NamesModel(string model) => _models.Contains(model);

    /// <summary>The prices for such requests. Names are case-blind; absent region and service tier are empty.</summary>
    public PricePlan Plan(string tenant, string provider, string model, string region, string serviceTier) =>
        PricePlanner.Plan(this, new PriceRequest(tenant, provider, model, region, serviceTier), trace: null);

    /// <summary>
    /// The providers that a model may be meant of where none is named: the one that makes it, or all that have it in their own list. For
    /// people who ask for a price; events always name their provider.
    /// </summary>
    public IReadOnlyList<string> ProvidersOf(string model)
    {
        var listing = Content.Providers.Where(provider => Lookup.Lists(provider, model)).ToList();
        var makers = listing.Where(provider => provider.Makes.Any(pattern => pattern.Matches(model))).ToList();
        return [.. (makers.Count > 0 ? makers : listing).Select(provider => provider.Id)];
    }

    /// <summary>
    /// The id of a cell, as it goes into a rollup's key: derived from what the row is, so the same in every process and every book that has
    /// the row; empty for <see cref="PricedUsage.NoCell"/>.
    /// </summary>
    public string CellId(int cell) => Volatile.Read(ref _cells)[cell];

    /// <summary>
    /// A book in which every entry of <paramref name="user"/> wins over those of <paramref name="defaults"/>: a model that both have is the
    /// user's alone, with its names; fallbacks and service tiers that the user's provider states replace the default's.
    /// </summary>
    public static PriceBook Overlay(PriceBook defaults, PriceBook user) => new(PriceBookContent.Overlay(defaults.Content, user.Content));

    /// <summary>The regions and tiers that a model, or the tenant's contract, has prices of its own for at a time, in order.</summary>
    internal IReadOnlyList<string> Variants(string tenant, string provider, string model, long timeMs)
    {
        var found = Lookup.FindProvider(provider, trace: null) is { } listed ? Lookup.FindModel(listed, model, trace: null) : null;
        var entries = (found?.Model.Prices ?? []).Where(entry => entry.SinceMs <= timeMs && timeMs < entry.UntilMs);
        var contracts = Content.Contracts.Where(
            contract => contract.Tenant == tenant && contract.SinceMs <= timeMs && timeMs < contract.UntilMs);
        return [.. entries.Select(entry => $"{entry.Region}|{entry.ServiceTier}")
            .Concat(contracts.Select(contract => $"{contract.Region}|{contract.ServiceTier}").Where(variant => variant != "|"))
            .Select(variant => variant.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Numbers are given in the order of first use and mean nothing outside this book in this process.</summary>
    internal int CellOf(string id)
    {
        lock (_lock)
        {
            if (!_cellsById.TryGetValue(id, out var cell))
            {
                cell = _cells.Length;
                _cellsById.Add(id, cell);
                string[] grown = [.. _cells, id];
                Volatile.Write(ref _cells, grown);
            }

            return cell;
        }
    }
}
