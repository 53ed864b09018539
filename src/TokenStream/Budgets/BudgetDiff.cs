using TokenStream.Scopes;

namespace TokenStream.Budgets;

/// <summary>What differs between two budget files, for people: one line a budget that is new or gone, one a value that changed.</summary>
internal static class BudgetDiff
{
    public static IReadOnlyList<string> Of(BudgetDocument before, BudgetDocument after)
    {
        var lines = new List<string>();
        var old = before.Budgets.ToDictionary(budget => budget.Name, StringComparer.Ordinal);
        var names = after.Budgets.Select(budget => budget.Name).ToHashSet(StringComparer.Ordinal);
        lines.AddRange(
            before.Budgets.Where(budget => !names.Contains(budget.Name)).Select(budget => $"- {budget.Name}: {Summary(budget)}"));
        foreach (var budget in after.Budgets)
        {
            if (old.TryGetValue(budget.Name, out var known))
            {
                lines.AddRange(Changes(Values(known), Values(budget)).Select(change => $"~ {budget.Name}: {change}"));
            }
            else
            {
                lines.Add($"+ {budget.Name}: {Summary(budget)}");
            }
        }

        var (bound, wanted) = (BudgetWriter.Bound(before.UnpricedBound), BudgetWriter.Bound(after.UnpricedBound));
        return bound == wanted ? lines : [.. lines, $"~ unpriced_bound: {bound} -> {wanted}"];
    }

    public static IReadOnlyList<string> Of(TenantDirectory before, TenantDirectory after)
    {
        var (old, wanted) = (before.Entries.ToLookup(entry => entry.Tenant), after.Entries.ToLookup(entry => entry.Tenant));
        return [.. old.Select(group => group.Key).Union(wanted.Select(group => group.Key)).Order(StringComparer.Ordinal)
            .Where(tenant => !old[tenant].SequenceEqual(wanted[tenant]))
            .Select(tenant => $"{(!old.Contains(tenant) ? "+" : wanted.Contains(tenant) ? "~" : "-")} directory: {tenant}")];
    }

    public static string Summary(Budget budget) =>
        $"{budget.Scope}, {BudgetText.FormatAmount(budget.Amount)} a {Values(budget)["period"]}, " +
        $"{budget.Mode.ToString().ToLowerInvariant()}";

    private static IEnumerable<string> Changes(Dictionary<string, string> before, Dictionary<string, string> after) =>
        before.Keys.Union(after.Keys).Where(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key))
            .Select(key => $"{key} {before.GetValueOrDefault(key, "(default)")} -> {after.GetValueOrDefault(key, "(default)")}");

    /// <summary>What the canonical text says of a budget, by key; a ladder's steps together.</summary>
    private static Dictionary<string, string> Values(Budget budget)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var last = "";
        foreach (var line in BudgetWriter.Lines(budget))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (line.StartsWith("  - ", StringComparison.Ordinal))
            {
                values[last] += (values[last].Length > 0 ? " " : "") + line[4..];
            }
            else
            {
                last = line[..colon];
                values[last] = line[(colon + 1)..].Trim();
            }
        }

        return values;
    }
}
