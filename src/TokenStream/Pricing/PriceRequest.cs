namespace TokenStream.Pricing;

/// <summary>What a price is looked up by. Absent region and service tier are empty; the names of the standard tier are too.</summary>
internal readonly record struct PriceRequest(string Tenant, string Provider, string Model, string Region, string ServiceTier)
{
    /// <summary>What providers call the tier that a request has when it asks for none.</summary>
    public static IReadOnlyList<string> StandardTiers { get; } = ["standard", "default", "auto", "on_demand", "on-demand"];

    /// <summary>The tier with the names of the standard one taken away.</summary>
    public string PricedTier => StandardTiers.Contains(ServiceTier, StringComparer.OrdinalIgnoreCase) ? string.Empty : ServiceTier;
}

/// <summary>One step of a look-up, for people: what was tried and what came of it.</summary>
public sealed record PriceLookupStep(string Tried, string Outcome);
