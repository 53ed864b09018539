using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Events;

namespace TokenStream.Pricing;

/// <summary>
/// What requests cost, and can cost at most, by one published version of the rules: the same prices, and the same bounds for what has none,
/// that windows are summed with. For gateways that spend slices of a budget. Any number of threads may ask.
/// </summary>
public sealed class RequestPrices
{
    /// <summary>
    /// What no price and no bound is known for costs nothing, here as in a ledger; what is out of range costs this, 4.6 million dollars.
    /// </summary>
    public const long MostCost = long.MaxValue / 2;

    /// <summary>Different requests whose prices are kept; beyond it they are looked up anew.</summary>
    private const int MostKept = 10_000;

    private const string KeyPrefix = "rules/";

    private static readonly TokenClass[] InputClasses =
        [TokenClass.Input, TokenClass.CacheRead, TokenClass.CacheWrite5m, TokenClass.CacheWrite1h];

    private static readonly TokenClass[] OutputClasses = [TokenClass.Output, TokenClass.Reasoning];

    private readonly PriceBook _book;
    private readonly UnpricedBounds _bounds;
    private readonly ConcurrentDictionary<PriceRequest, RequestPrice> _known = new(new ByContent());

    internal RequestPrices(long version, PriceBook book, RateSet unpricedBound) =>
        (Version, _book, _bounds) = (version, book, new UnpricedBounds(book, unpricedBound));

    /// <summary>Of the rules: the highest one counts, and of two records of one version the first.</summary>
    public long Version { get; }

    /// <summary>
    /// Reads a record of the configuration topic; false where it is no version of the rules, or none that this program reads.
    /// </summary>
    public static bool TryRead(string key, ReadOnlySpan<byte> value, [NotNullWhen(true)] out RequestPrices? prices)
    {
        prices = null;
        if (!key.StartsWith(KeyPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            if (JsonSerializer.Deserialize(value, PublishedRulesContext.Default.PublishedRules) is not { Format: 1 or 2 } rules ||
                PriceBookLoader.Load(rules.Prices, "published").Book is not { } book ||
                !TryReadBound(rules.Scopes?.UnpricedBound ?? [], out var bound))
            {
                return false;
            }

            prices = new RequestPrices(rules.Version, book, bound);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// The most that a request can cost: its input at the dearest class that its model has a price for (a cache that is written costs more
    /// than input), and as much output as it may have.
    /// </summary>
    public long Estimate(string tenant, string provider, string model, string? serviceTier, long timeMs, long tokensIn, long tokensOut)
    {
        var price = Find(tenant, provider, model, serviceTier);
        ref readonly var row = ref price.Plan.At(timeMs, tokensIn);
        var cost = Dearest(in row, price.Bound, InputClasses, tokensIn, timeMs);
        cost += Dearest(in row, price.Bound, OutputClasses, tokensOut, timeMs);
        cost += row.RequestFee.IsKnown ? row.RequestFee.CostOfSum(1) : 0;
        return (long)Int128.Min(cost, MostCost);
    }

    /// <summary>What a request's event is going to cost, priced and at the bound, by its counts.</summary>
    public long Cost(string tenant, string provider, string model, string? serviceTier, long timeMs, in UsageEvent usage)
    {
        var price = Find(tenant, provider, model, serviceTier);
        PricedUsage priced = default;
        return Pricer.TryPrice(in usage, timeMs, price.Plan, [], [], ref priced)
            ? (long)Int128.Min(priced.TotalCost + price.Bound.Cost(in priced.Unpriced, timeMs, out _), MostCost)
            : MostCost;
    }

    /// <summary>
    /// The cost of tokens that may be of any of some classes, at the dearest one whose price is known, else at the dearest bound.
    /// </summary>
    private static Int128 Dearest(in PriceRow row, UnpricedBound bound, TokenClass[] classes, long tokens, long timeMs)
    {
        var (dearest, isPriced) = (Int128.Zero, false);
        foreach (var tokenClass in classes)
        {
            ref readonly var rate = ref row.Rates[(int)tokenClass];
            if (rate.IsKnown)
            {
                dearest = Int128.Max(dearest, rate.TryCost(tokens, out var cost) ? cost : MostCost);
                isPriced = true;
            }
        }

        foreach (var tokenClass in isPriced ? [] : classes)
        {
            PerTokenClass unpriced = default;
            unpriced[(int)tokenClass] = tokens;
            dearest = Int128.Max(dearest, bound.Cost(in unpriced, timeMs, out _));
        }

        return dearest;
    }

    private static bool TryReadBound(Dictionary<string, string> published, out RateSet bound)
    {
        var rates = new List<KeyValuePair<string, Rate>>();
        foreach (var (key, text) in published)
        {
            if (!PriceText.TryParse(text, RateUnits.Million, out var rate, out _))
            {
                bound = RateSet.None;
                return false;
            }

            rates.Add(KeyValuePair.Create(key, rate));
        }

        bound = new RateSet(rates);
        return true;
    }

    private RequestPrice Find(string tenant, string provider, string model, string? serviceTier)
    {
        // Only contracts name tenants: all others share what is known of a model.
        var request = new PriceRequest(_book.NamesTenant(tenant) ? tenant : "", provider, model, "", serviceTier ?? "");
        return _known.TryGetValue(request, out var known) ? known : LookUp(request);
    }

    private RequestPrice LookUp(PriceRequest request)
    {
        if (_known.Count >= MostKept)
        {
            _known.Clear();
        }

        var plan = _book.Plan(request.Tenant, request.Provider, request.Model, request.Region, request.ServiceTier);
        return _known.GetOrAdd(request, new RequestPrice(plan, _bounds.Of(request.Provider)));
    }

    private sealed record RequestPrice(PricePlan Plan, UnpricedBound Bound);

    /// <summary>Names as they are written: the same model in another case is looked up again.</summary>
    private sealed class ByContent : IEqualityComparer<PriceRequest>
    {
        public bool Equals(PriceRequest x, PriceRequest y) =>
            x.Model == y.Model && x.Provider == y.Provider && x.Tenant == y.Tenant && x.ServiceTier == y.ServiceTier;

        public int GetHashCode(PriceRequest request)
        {
            var hash = HashOf((ulong)request.Tenant.Length, request.Provider);
            hash = HashOf(hash, request.Model);
            hash = request.Tenant.Length > 0 ? HashOf(hash, request.Tenant) : hash;
            return unchecked((int)(request.ServiceTier.Length > 0 ? HashOf(hash, request.ServiceTier) : hash));
        }

        private static ulong HashOf(ulong seed, string text) =>
            StableHash.Hash(seed, System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));
    }
}

/// <summary>Of a version of the rules, what prices depend on.</summary>
internal sealed record PublishedRules
{
    public int Format { get; init; } = 2;

    public required long Version { get; init; }

    public required string Prices { get; init; }

    public PublishedScopes? Scopes { get; init; }
}

internal sealed record PublishedScopes(Dictionary<string, string>? UnpricedBound);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PublishedRules))]
internal sealed partial class PublishedRulesContext : JsonSerializerContext;
