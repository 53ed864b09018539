using TokenStream.Pricing;
using TokenStream.Yaml;

namespace TokenStream.Budgets;

/// <summary>
/// Reads budgets, strictly: an unknown key, a bad amount, an unknown zone or budgets that contradict each other are errors, and all of them
/// are named at once, with line, column and path. The format is described in <c>docs/budgets.md</c>.
/// </summary>
internal static class BudgetFile
{
    /// <summary>Longest text that is read, in characters: ten thousand budgets and more.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    public static BudgetLoad Load(string text)
    {
        if (text.Length > MaxLength)
        {
            return new BudgetLoad(null, [new TextError(1, 1, $"the text is longer than {MaxLength} characters")]);
        }

        var errors = new TextErrors();
        var document = YamlTree.Parse(text, "budget file", errors) is { } tree ? Read(tree, errors) : null;
        return document is null || errors.Any ? new BudgetLoad(null, errors.ToList()) : new BudgetLoad(document, []);
    }

    private static BudgetDocument? Read(YamlTree tree, TextErrors errors)
    {
        errors.NamePaths(tree);
        if (YamlReader.Open(tree, "the budget file", errors) is not { } root)
        {
            return null;
        }

        var version = root.Scalar("version");
        if (version is null)
        {
            root.Missing("version");
        }
        else if (version.Text != "1")
        {
            root.Error(version, $"version '{version.Text}' is not known; this program reads version 1");
        }

        var bound = ReadBound(root.Child("unpriced_bound"));
        if (root.Value("budgets") is null)
        {
            root.Missing("budgets");
        }

        List<(YamlReader At, Budget Budget)> budgets = [];
        foreach (var item in root.Value("budgets") is YamlScalar { Text: "" } ? [] : root.Items("budgets"))
        {
            if (BudgetReader.Read(item, errors) is { } budget)
            {
                budgets.Add((item, budget));
            }
        }

        root.Close();
        Compare(budgets);
        return new BudgetDocument([.. budgets.Select(entry => entry.Budget)], bound);
    }

    private static RateSet ReadBound(YamlReader? bound)
    {
        if (bound is null)
        {
            return RateSet.None;
        }

        List<KeyValuePair<string, Rate>> rates = [];
        foreach (var key in RateSet.ClassKeys)
        {
            if (bound.Scalar(key) is not { } scalar)
            {
                continue;
            }

            if (PriceText.TryParse(scalar.Text, RateUnits.Million, out var rate, out var reason))
            {
                rates.Add(KeyValuePair.Create(key, rate));
            }
            else
            {
                bound.Error(scalar, $"'{scalar.Text}' {reason}");
            }
        }

        bound.Close();
        return new RateSet(rates);
    }

    /// <summary>Refuses two budgets of one name, and two limits for the same spend in the same period.</summary>
    private static void Compare(List<(YamlReader At, Budget Budget)> budgets)
    {
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var limits = new Dictionary<(string Scope, BudgetPeriod Period, bool IsTokens), Budget>();
        foreach (var (at, budget) in budgets)
        {
            if (!names.TryAdd(budget.Name, at.Map.Line))
            {
                at.Error(at.Value("name")!, $"'{budget.Name}' is the name of the budget of line {names[budget.Name]} too");
            }

            var key = (budget.Scope.Text, budget.Period, budget.Amount.IsTokens);
            if (!limits.TryAdd(key, budget) && limits[key].Amount != budget.Amount)
            {
                at.Error(
                    at.Value("amount")!,
                    $"'{budget.Name}' and '{limits[key].Name}' contradict each other: both limit {budget.Scope} in the same period, to " +
                    $"{BudgetText.FormatAmount(budget.Amount)} and to {BudgetText.FormatAmount(limits[key].Amount)}");
            }
        }
    }
}
