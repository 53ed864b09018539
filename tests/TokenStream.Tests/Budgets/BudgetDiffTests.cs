using TokenStream.Budgets;
using Xunit;

namespace TokenStream.Tests.Budgets;

public sealed class BudgetDiffTests
{
    private const string Before = """
        version: 1
        budgets:
          - {name: a, scope: all, amount: 5 USD, period: day}
          - {name: b, scope: {tenant: t}, amount: 5 tokens, period: month, mode: enforce, ladder: [{at: exhausted, action: kill}]}
        """;

    private const string After = """
        version: 1
        unpriced_bound: {input: 3}
        budgets:
          - {name: b, scope: {tenant: t}, amount: 6 tokens, period: month, ladder: [{at: spent 90%, action: cache_only}, {at: exhausted, action: kill}]}
          - {name: c, scope: {user: each}, amount: 0.5 USD, period: rolling, hours: 5, mode: alert}
        """;

    [Fact]
    public void What_changes_is_said_a_line_each()
    {
        Assert.Equal(
            [
                "- a: all, 5 USD a day, observe",
                "~ b: amount 5 tokens -> 6 tokens",
                "~ b: mode enforce -> (default)",
                "~ b: ladder - {at: exhausted, action: kill, hold: 10m} -> - {at: spent 90%, action: cache_only, hold: 10m} - {at: exhausted, action: kill, hold: 10m}"
                    .Replace("- {", "{", StringComparison.Ordinal),
                "+ c: user=<each>, 0.5 USD a rolling, alert",
                "~ unpriced_bound: {} -> {input: 3}",
            ],
            BudgetDiff.Of(Load(Before), Load(After)));
    }

    [Fact]
    public void The_same_changes_nothing() => Assert.Empty(BudgetDiff.Of(Load(Before), Load(BudgetWriter.Write(Load(Before)))));

    [Fact]
    public void Tenants_that_are_new_gone_or_changed_are_named()
    {
        var before = DirectoryFile.Load("tenants: {a: [{owner: x}], b: [{owner: x}], d: [{owner: x}]}").Directory!;
        var after = DirectoryFile.Load("tenants: {b: [{owner: y}], c: [{owner: x}], d: [{owner: x}]}").Directory!;
        Assert.Equal(["- directory: a", "~ directory: b", "+ directory: c"], BudgetDiff.Of(before, after));
    }

    // 30 days: 2 % of 5 USD in 60 min and a twelfth of that in 5 min.
    [Fact]
    public void A_description_tells_the_pairs_in_minutes_and_dollars()
    {
        var budget = Load(Before.Replace("period: day", "period: month", StringComparison.Ordinal)).Budgets[0];
        var text = BudgetDescription.Of(budget, 1_795_219_200_000);
        Assert.Contains("# this period: 2026-11-01 00:00:00Z to 2026-12-01 00:00:00Z, 720 hours\n", text, StringComparison.Ordinal);
        Assert.Contains("# burn 14.4: more than 0.10 USD in 60 min, and 0.008333 USD in 5 min (2 %)\n", text, StringComparison.Ordinal);
        Assert.Contains("# burn 1: more than 0.50 USD in 4320 min, and 0.041667 USD in 360 min (10 %, informs only)\n", text, StringComparison.Ordinal);
    }

    private static BudgetDocument Load(string text)
    {
        var load = BudgetFile.Load(text);
        Assert.Equal([], load.Errors);
        return load.Document!;
    }
}
