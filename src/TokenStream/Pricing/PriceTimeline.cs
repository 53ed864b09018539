using TokenStream.Yaml;

namespace TokenStream.Pricing;

/// <summary>
/// Orders prices for the same requests in time: one that does not say when it ends does so where the next begins, and two that hold at the
/// same time are an error, since no rule could choose between them.
/// </summary>
internal static class PriceTimeline
{
    public static IReadOnlyList<PriceEntry> Close(IReadOnlyList<(YamlReader At, PriceEntry Entry)> entries)
    {
        var closed = entries
            .GroupBy(entry => (entry.Entry.Region.ToLowerInvariant(), entry.Entry.ServiceTier.ToLowerInvariant(), entry.Entry.Hours))
            .SelectMany(
                group => Close([.. group], entry => (entry.SinceMs, entry.UntilMs), (entry, until) => entry with { UntilMs = until }))
            .ToList();
        foreach (var (at, entry) in closed.Where(entry => !entry.Entry.Hours.IsWholeDay))
        {
            var clash = closed.Find(
                other => !ReferenceEquals(other.Entry, entry) && other.At.Map.Line < at.Map.Line && Clash(entry, other.Entry));
            if (clash.Entry is not null)
            {
                at.Error($"the hours {entry.Hours} overlap {clash.Entry.Hours} of the entry in line {clash.At.Map.Line}");
            }
        }

        return [.. closed.Select(entry => entry.Entry)];
    }

    public static IReadOnlyList<ContractPrices> Close(IReadOnlyList<(YamlReader At, ContractPrices Contract)> contracts) =>
        [.. contracts
            .GroupBy(contract => (
                contract.Contract.Tenant,
                contract.Contract.Provider,
                contract.Contract.Model,
                contract.Contract.Region.ToLowerInvariant(),
                contract.Contract.ServiceTier.ToLowerInvariant()))
            .SelectMany(group => Close(
                [.. group],
                contract => (contract.SinceMs, contract.UntilMs),
                (contract, until) => contract with { UntilMs = until }))
            .Select(contract => contract.Item2)];

    private static List<(YamlReader At, T Entry)> Close<T>(
        List<(YamlReader At, T Entry)> entries,
        Func<T, (long SinceMs, long UntilMs)> times,
        Func<T, long, T> end)
    {
        var ordered = entries.OrderBy(entry => times(entry.Entry).SinceMs).ToList();
        for (var index = 0; index < ordered.Count; index++)
        {
            var (at, entry) = ordered[index];
            var (since, until) = times(entry);
            if (until <= since)
            {
                at.Error($"the entry ends ({PriceCell.Time(until)}) before it begins ({PriceCell.Time(since)})");
            }

            if (index + 1 == ordered.Count)
            {
                break;
            }

            var next = times(ordered[index + 1].Entry).SinceMs;
            if (next == since || (until != long.MaxValue && until > next))
            {
                var later = ordered[index + 1].At;
                later.Error($"the entry holds at the same time as the one in line {at.Map.Line}");
            }
            else if (until == long.MaxValue)
            {
                ordered[index] = (at, end(entry, next));
            }
        }

        return ordered;
    }

    private static bool Clash(PriceEntry left, PriceEntry right) =>
        !right.Hours.IsWholeDay &&
        string.Equals(left.Region, right.Region, StringComparison.OrdinalIgnoreCase) &&
        string.Equals(left.ServiceTier, right.ServiceTier, StringComparison.OrdinalIgnoreCase) &&
        left.SinceMs < right.UntilMs && right.SinceMs < left.UntilMs &&
        left.Hours.Overlaps(right.Hours);
}
