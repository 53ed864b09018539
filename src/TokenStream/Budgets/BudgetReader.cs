using System.Globalization;
using System.Text.RegularExpressions;
using TokenStream.Scopes;
using TokenStream.Yaml;

namespace TokenStream.Budgets;

/// <summary>Reads one budget of a file.</summary>
internal static partial class BudgetReader
{
    public const int MaxEachLimit = 20_000;
    private const int MaxText = 256;
    private const int MaxThresholds = 20;
    private const int MaxFactors = 8;
    private const decimal MostPercent = 1000;
    private const decimal MostFactor = 1000;

    private static readonly string[] Dimensions = [.. Enum.GetNames<ScopeDimension>().Select(name => name.ToLowerInvariant())];

    /// <summary>The budget; null where so much is wrong that comparing it with others would only confuse.</summary>
    public static Budget? Read(YamlReader item, TextErrors errors)
    {
        var name = ReadName(item);
        var scope = ReadScope(item);
        var amount = ReadAmount(item);
        var period = PeriodReader.Read(item);
        var factors = ReadFactors(item);
        var budget = new Budget
        {
            Name = name ?? "",
            Scope = scope ?? ScopePattern.Of(),
            Amount = amount ?? new BudgetAmount(1, IsTokens: false),
            Period = period ?? new BudgetPeriod(PeriodKind.Month),
            Mode = Choice(item, "mode", [("observe", BudgetMode.Observe), ("alert", BudgetMode.Alert), ("enforce", BudgetMode.Enforce)]),
            CarryOver = Bool(item, "carry_over"),
            EnforceUnpriced = Choice(item, "unpriced", [("alert", false), ("enforce", true)]),
            BatchInBurnRates = Bool(item, "batch_in_burn_rates"),
            Thresholds = ReadThresholds(item),
            BurnFactors = factors,
            Owner = ReadText(item, "owner"),
            Route = ReadText(item, "route"),
            EachLimit = ReadEachLimit(item, scope),
            PassesBreaker = Bool(item, "passes_breaker"),
            Leases = Bool(item, "leases"),
        };
        budget = budget with { Ladder = LadderReader.Read(item.Items("ladder"), budget) };
        if (period is { Kind: PeriodKind.Rolling } && budget.CarryOver)
        {
            item.Error(item.Value("carry_over")!, "a rolling period leaves nothing over that could be carried");
        }

        item.Close();
        return name is null || scope is null || amount is null || period is null ? null : budget;
    }

    public static bool Bool(YamlReader item, string key) => Choice(item, key, [("false", false), ("true", true)]);

    /// <summary>A whole number of a range; null where it is absent or wrong.</summary>
    public static long? Number(YamlReader item, string key, long least, long most)
    {
        if (item.Scalar(key) is not { } scalar)
        {
            return null;
        }

        if (long.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least &&
            number <= most)
        {
            return number;
        }

        item.Error(scalar, string.Create(CultureInfo.InvariantCulture, $"'{scalar.Text}' is no whole number from {least} to {most}"));
        return null;
    }

    public static string? ReadText(YamlReader item, string key)
    {
        var scalar = item.Scalar(key);
        if (scalar is not null && (scalar.Text.Length > MaxText || scalar.Text.Any(char.IsControl)))
        {
            item.Error(scalar, $"'{key}' is longer than {MaxText} characters or holds a control character");
        }

        return scalar?.Text;
    }

    /// <summary>One of some words; the first where it is absent.</summary>
    private static T Choice<T>(YamlReader item, string key, ReadOnlySpan<(string Word, T Value)> choices)
    {
        var scalar = item.Scalar(key);
        List<string> words = [];
        foreach (var (word, value) in choices)
        {
            if (scalar?.Text == word)
            {
                return value;
            }

            words.Add(word);
        }

        if (scalar is not null)
        {
            item.Error(scalar, $"'{scalar.Text}' is none of {string.Join(", ", words)}");
        }

        return choices[0].Value;
    }

    private static string? ReadName(YamlReader item)
    {
        if (item.Scalar("name") is not { } scalar)
        {
            item.Missing("name");
            return null;
        }

        if (!NamePattern().IsMatch(scalar.Text))
        {
            item.Error(
                scalar, $"'{scalar.Text}' is no name: lower-case letters, digits, '.', '_' and '-', at most 100, a letter or digit first");
            return null;
        }

        return scalar.Text;
    }

    private static BudgetAmount? ReadAmount(YamlReader item)
    {
        if (item.Scalar("amount") is not { } scalar)
        {
            item.Missing("amount");
            return null;
        }

        if (BudgetText.TryParseAmount(scalar.Text, out var amount, out var reason))
        {
            return amount;
        }

        item.Error(scalar, $"'{scalar.Text}' {reason}");
        return null;
    }

    /// <summary>A mapping of dimensions, or the text of a pattern.</summary>
    private static ScopePattern? ReadScope(YamlReader item)
    {
        switch (item.Value("scope"))
        {
            case null:
                item.Error("'scope' is missing; 'scope: all' is everything");
                return null;
            case YamlScalar text:
                if (ScopePattern.TryParse(text.Text, out var pattern, out var error))
                {
                    return pattern;
                }

                item.Error(text, $"'{text.Text}' {error}");
                return null;
            default:
                return item.Child("scope") is { } scope ? ReadDimensions(scope) : null;
        }
    }

    private static ScopePattern ReadDimensions(YamlReader scope)
    {
        List<(ScopeDimension, ScopeTerm)> terms = [];
        for (var i = 0; i < Dimensions.Length; i++)
        {
            if (ReadText(scope, Dimensions[i]) is { } value)
            {
                var term = value == "each" ? ScopeTerm.Each
                    : value.Contains('*', StringComparison.Ordinal) ? ScopeTerm.Glob(value)
                    : ScopeTerm.Exact(value);
                terms.Add(((ScopeDimension)i, term));
            }
        }

        if (scope.Map.Entries.Count == 0)
        {
            scope.Error("names nothing; 'scope: all' is everything");
        }

        scope.Close();
        return ScopePattern.Of([.. terms]);
    }

    private static List<decimal> ReadThresholds(YamlReader item)
    {
        if (item.Value("thresholds") is null)
        {
            return [50, 80, 100];
        }

        List<decimal> thresholds = [];
        foreach (var scalar in item.Texts("thresholds"))
        {
            if (!BudgetText.TryParsePercent(scalar.Text, out var percent) || percent <= 0 || percent > MostPercent)
            {
                item.Error(scalar, $"'{scalar.Text}' is no percentage above 0 and up to {MostPercent}");
            }
            else if (thresholds.Count > 0 && percent <= thresholds[^1])
            {
                item.Error(scalar, $"'{scalar.Text}' is not above the one before it");
            }
            else
            {
                thresholds.Add(percent);
            }
        }

        if (thresholds.Count > MaxThresholds)
        {
            item.Error(item.Value("thresholds")!, $"more than {MaxThresholds} thresholds");
        }

        return thresholds;
    }

    private static IReadOnlyList<BurnFactor> ReadFactors(YamlReader item)
    {
        if (item.Value("burn_rates") is not { } value)
        {
            return BurnFactor.Defaults;
        }

        List<BurnFactor> factors = [];
        foreach (var pair in item.Items("burn_rates"))
        {
            var factor = ReadRatio(pair, "factor", MostFactor);
            var share = ReadRatio(pair, "share", 100);
            var informs = pair.Value("informs") is null ? factor <= 1 : Bool(pair, "informs");
            if (factors.Any(other => other.Factor == factor))
            {
                pair.Error(pair.Value("factor")!, $"the factor {BudgetText.FormatNumber(factor)} stands here a second time");
            }

            factors.Add(new BurnFactor(factor, share, informs));
            pair.Close();
        }

        if (factors.Count > MaxFactors)
        {
            item.Error(value, $"more than {MaxFactors} burn rates");
        }

        return factors;
    }

    private static decimal ReadRatio(YamlReader pair, string key, decimal most)
    {
        if (pair.Scalar(key) is not { } scalar)
        {
            pair.Missing(key);
            return 1;
        }

        if (BudgetText.TryParsePercent(scalar.Text, out var ratio) && ratio >= 0.01m && ratio <= most)
        {
            return ratio;
        }

        pair.Error(scalar, $"'{scalar.Text}' is no number from 0.01 to {most}");
        return 1;
    }

    private static int ReadEachLimit(YamlReader item, ScopePattern? scope)
    {
        var limit = Number(item, "each_limit", 1, MaxEachLimit);
        if (item.Value("each_limit") is { } value && scope is { HasEach: false })
        {
            item.Error(value, "the scope has no 'each' that could be limited");
        }

        return (int)(limit ?? Budget.DefaultEachLimit);
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,99}$")]
    private static partial Regex NamePattern();
}
