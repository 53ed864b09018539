using System.Security.Cryptography;
using System.Text;

namespace TokenStream.Pricing;

/// <summary>What a request with a service tier pays that its model has no price for.</summary>
internal enum UnlistedTiers
{
    /// <summary>Nothing is known, so it is unpriced.</summary>
    Unpriced,

    /// <summary>The standard price.</summary>
    Standard,
}

/// <summary>A price book as it was written, checked but not yet compiled: what the loaders make and the differ compares.</summary>
internal sealed record PriceBookContent
{
    public static PriceBookContent Empty { get; } = new()
    {
        Name = "empty",
        Effective = DateOnly.MinValue,
        Source = string.Empty,
        Providers = [],
        Contracts = [],
    };

    public required string Name { get; init; }

    public required DateOnly Effective { get; init; }

    public required string Source { get; init; }

    public UnlistedTiers UnlistedTiers { get; init; }

    public required IReadOnlyList<ProviderPrices> Providers { get; init; }

    public required IReadOnlyList<ContractPrices> Contracts { get; init; }

    public string Hash => field ??= Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(PriceBookWriter.Write(this))));

    /// <summary>Names of all units that a price is given for and that are not token units.</summary>
    public IEnumerable<string> StandaloneUnits()
    {
        var listed = Providers.SelectMany(provider => provider.Models).SelectMany(model => model.Prices).SelectMany(entry => entry.Bands);
        var contracted = Contracts.SelectMany(contract => contract.Bands);
        return listed.Concat(contracted).SelectMany(band => band.Rates.UnitNames).Distinct(StringComparer.Ordinal);
    }

    /// <summary>See <see cref="PriceBook.Overlay"/>.</summary>
    public static PriceBookContent Overlay(PriceBookContent defaults, PriceBookContent user)
    {
        // No name may stand for two providers, so that the overlaid book can be written and read again: ids keep theirs, then the user's.
        var claimed = user.Providers.SelectMany(provider => provider.Names).Select(name => name.Text).ToHashSet(StringComparer.Ordinal);
        var ids = user.Providers.Concat(defaults.Providers)
            .Select(provider => provider.Id.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);
        var overlaid = user.Providers
            .Select(provider => provider with { Names = [.. provider.Names.Where(name => !ids.Contains(name.Text))] })
            .Select(provider => provider.Over(defaults.Find(provider.Id), claimed)).ToList();
        var untouched = defaults.Providers.Where(provider => user.Find(provider.Id) is null)
            .Select(provider => provider with { Names = [.. provider.Names.Where(name => !claimed.Contains(name.Text))] });
        return user with
        {
            Name = $"{user.Name} over {defaults.Name}",
            Effective = user.Effective > defaults.Effective ? user.Effective : defaults.Effective,
            Source = $"{user.Source} over {defaults.Source}",
            Providers = [.. overlaid, .. untouched],
            Contracts =
            [
                .. user.Contracts,
                .. defaults.Contracts.Where(contract => user.Contracts.All(own => own.Tenant != contract.Tenant)),
            ],
        };
    }

    public ProviderPrices? Find(string providerId) =>
        Providers.FirstOrDefault(provider => string.Equals(provider.Id, providerId, StringComparison.OrdinalIgnoreCase));
}

/// <summary>
/// The models of one provider. Names and fallbacks are those of <c>docs/prices.md</c>; <see cref="Makes"/> are the models that people mean
/// of this provider when they name none.
/// </summary>
internal sealed record ProviderPrices(
    string Id,
    IReadOnlyList<NamePattern> Names,
    IReadOnlyList<NamePattern> Makes,
    IReadOnlyList<string> Fallback,
    IReadOnlyList<ModelPrices> Models)
{
    /// <summary>Whether nobody is paid for what it serves: what has no price costs nothing, and is not unpriced.</summary>
    public bool IsSelfHosted { get; init; }

    /// <summary>
    /// This provider's entries over another's: a model of the other stays, without the names that are taken, if its id is not taken too.
    /// <paramref name="claimed"/> are the names of all providers of the book that wins.
    /// </summary>
    public ProviderPrices Over(ProviderPrices? other, HashSet<string> claimed)
    {
        if (other is null)
        {
            return this;
        }

        var taken = Models.SelectMany(model => model.Names.Select(name => name.Text).Prepend(model.Id))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var kept = other.Models.Where(model => !taken.Contains(model.Id)).Select(model => model with
        {
            Names = [.. model.Names.Where(name => !taken.Contains(name.Text))],
        });
        return this with
        {
            Names = [.. Names, .. other.Names.Where(name => !claimed.Contains(name.Text))],
            Makes = Makes.Count > 0 ? Makes : other.Makes,
            Fallback = Fallback.Count > 0 ? Fallback : other.Fallback,
            IsSelfHosted = IsSelfHosted || other.IsSelfHosted,
            Models = [.. Models, .. kept],
        };
    }
}

internal sealed record ModelPrices(string Id, IReadOnlyList<NamePattern> Names, IReadOnlyList<PriceEntry> Prices)
{
    /// <summary>As of its provider, for this model alone.</summary>
    public bool IsSelfHosted { get; init; }

    /// <summary>The id and every name without a wildcard.</summary>
    public IEnumerable<string> LiteralNames => Names.Where(name => name.IsLiteral).Select(name => name.Text).Prepend(Id);
}

/// <summary>A price of one model: when, where and for which tier it holds, and its rates by context band.</summary>
internal sealed record PriceEntry
{
    /// <summary>Inclusive, milliseconds since the Unix epoch; <c>long.MinValue</c> for since ever.</summary>
    public long SinceMs { get; init; } = long.MinValue;

    /// <summary>Exclusive; <c>long.MaxValue</c> for open.</summary>
    public long UntilMs { get; init; } = long.MaxValue;

    /// <summary>Empty for all regions without an entry of their own.</summary>
    public string Region { get; init; } = string.Empty;

    /// <summary>Empty for the standard tier.</summary>
    public string ServiceTier { get; init; } = string.Empty;

    public DailyHours Hours { get; init; }

    /// <summary>Ascending; the first has no lower bound, and each later one takes from it what it does not state.</summary>
    public required IReadOnlyList<PriceBand> Bands { get; init; }

    public bool HoldsDuring(long sinceMs, long untilMs) => SinceMs <= sinceMs && untilMs <= UntilMs;
}

/// <summary>Rates of requests with more than <see cref="AboveTokens"/> input tokens; -1 for all.</summary>
internal sealed record PriceBand(long AboveTokens, RateSet Rates)
{
    public const long Everything = -1;
}

/// <summary>What one tenant pays: rates of its own, a factor on the list's rates, or both.</summary>
internal sealed record ContractPrices
{
    public required string Tenant { get; init; }

    /// <summary>Matches the provider that the event names or its id in the book.</summary>
    public required NamePattern Provider { get; init; }

    /// <summary>Matches the model that the event names or its id in the book.</summary>
    public required NamePattern Model { get; init; }

    public long SinceMs { get; init; } = long.MinValue;

    public long UntilMs { get; init; } = long.MaxValue;

    public string Region { get; init; } = string.Empty;

    public string ServiceTier { get; init; } = string.Empty;

    /// <summary>What list rates are multiplied with where the contract states none; unknown for no discount.</summary>
    public Rate Factor { get; init; }

    public required IReadOnlyList<PriceBand> Bands { get; init; }

    public bool HoldsDuring(long sinceMs, long untilMs) => SinceMs <= sinceMs && untilMs <= UntilMs;
}
