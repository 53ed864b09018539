namespace TokenStream.Pricing;

/// <summary>
/// Finds what a tenant has agreed for a request. Of several contract entries the most particular alone applies, they do not add up: one
/// with a region beats one without, then one with a service tier, then the one whose model fixes most characters, then whose provider does,
/// then the first in the book.
/// </summary>
internal static class ContractLookup
{
    /// <summary>
    /// The entries that could apply at some time, the most particular first. One without a service tier brings its discount to all tiers,
    /// but its stated rates are those of the standard tier alone.
    /// </summary>
    public static List<ContractPrices> Find(
        IReadOnlyList<ContractPrices> contracts,
        PriceRequest request,
        string? providerId,
        string? modelId,
        List<PriceLookupStep>? trace)
    {
        var found = contracts
            .Where(contract => contract.Tenant == request.Tenant)
            .Where(
                contract => contract.Provider.Matches(request.Provider) || (
                    providerId is not null && contract.Provider.Matches(providerId)))
            .Where(contract => contract.Model.Matches(request.Model) || (modelId is not null && contract.Model.Matches(modelId)))
            .Where(contract => contract.Region.Length == 0 || Same(contract.Region, request.Region))
            .Select(contract => ForTier(contract, request.PricedTier))
            .OfType<ContractPrices>()
            .OrderByDescending(contract => contract.Region.Length > 0)
            .ThenByDescending(contract => contract.ServiceTier.Length > 0)
            .ThenByDescending(contract => contract.Model.IsLiteral)
            .ThenByDescending(contract => contract.Model.Literals)
            .ThenByDescending(contract => contract.Provider.Literals)
            .ToList();
        if (request.Tenant.Length == 0)
        {
            return found;
        }

        trace?.Add(new PriceLookupStep(
            $"contract of tenant '{request.Tenant}'",
            found.Count == 0 ? "none for this request" : $"{found.Count} found, the most particular at the event's time applies"));
        return found;
    }

    public static ContractPrices? Best(List<ContractPrices> contracts, long since, long until) =>
        contracts.Find(contract => contract.HoldsDuring(since, until));

    private static ContractPrices? ForTier(ContractPrices contract, string tier)
    {
        if (Same(contract.ServiceTier, tier))
        {
            return contract;
        }

        return contract.ServiceTier.Length == 0 && contract.Factor.IsKnown ? contract with { Bands = [] } : null;
    }

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);
}
