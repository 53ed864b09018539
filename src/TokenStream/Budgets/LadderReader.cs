using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Scopes;
using TokenStream.Yaml;

namespace TokenStream.Budgets;

/// <summary>Reads the ladder of a budget.</summary>
internal static class LadderReader
{
    public const int MaxSteps = 10;
    private const long LeastHoldMs = 60_000;
    private const long MostHoldMs = 7 * 86_400_000L;
    private const long MostTokens = 1_000_000_000_000;
    private const decimal MostPercent = 1000;

    public static readonly IReadOnlyList<(string Word, CommandAction Action, int Hardness)> Actions =
    [
        ("trim_output", CommandAction.TrimOutput, 1),
        ("route_to", CommandAction.RouteTo, 1),
        ("cache_only", CommandAction.CacheOnly, 2),
        ("throttle", CommandAction.Throttle, 2),
        ("kill", CommandAction.Kill, 3),
    ];

    /// <summary>What a step may ask for besides its trigger, from mild to severe.</summary>
    public static readonly IReadOnlyList<(string Word, AnomalySeverity Severity)> Severities =
        [("warning", AnomalySeverity.Warning), ("critical", AnomalySeverity.Critical)];

    public static IReadOnlyList<LadderStep> Read(IReadOnlyList<YamlReader> items, Budget budget)
    {
        List<LadderStep> steps = [];
        foreach (var item in items)
        {
            if (ReadStep(item, budget) is { } step)
            {
                CheckOrder(item, steps, step);
                steps.Add(step);
            }

            item.Close();
        }

        if (items.Count > MaxSteps)
        {
            items[MaxSteps].Error($"a ladder has at most {MaxSteps} steps");
        }

        return steps;
    }

    private static LadderStep? ReadStep(YamlReader item, Budget budget)
    {
        var trigger = ReadTrigger(item, budget);
        var action = ReadAction(item);
        var parameters = ReadParameters(item, action, budget);
        var hold = ReadHold(item);
        var anomaly = ReadAnomaly(item);
        return trigger is { } at && action != CommandAction.None
            ? new LadderStep { Trigger = at.Trigger, Level = at.Level, Action = action, Parameters = parameters, HoldMs = hold, WhenAnomaly = anomaly }
            : null;
    }

    /// <summary><c>burn 14.4</c>, <c>spent 80%</c>, <c>exhausted</c>.</summary>
    private static (LadderTrigger Trigger, decimal Level)? ReadTrigger(YamlReader item, Budget budget)
    {
        if (item.Scalar("at") is not { } scalar)
        {
            item.Missing("at");
            return null;
        }

        var words = scalar.Text.Split(' ', 2);
        switch (words)
        {
            case ["exhausted"]:
                return (LadderTrigger.Exhausted, 0);
            case ["spent", var text] when BudgetText.TryParsePercent(text, out var percent):
                if (percent > 0 && percent <= MostPercent)
                {
                    return (LadderTrigger.Spent, percent);
                }

                item.Error(scalar, $"'{scalar.Text}' is no percentage above 0 and up to {MostPercent}");
                return null;
            case ["burn", var text] when BudgetText.TryParseNumber(text, out var factor):
                var pair = budget.BurnFactors.FirstOrDefault(candidate => candidate.Factor == factor);
                if (pair is { Informs: false })
                {
                    return (LadderTrigger.BurnRate, factor);
                }

                item.Error(scalar, pair is null
                    ? $"'{scalar.Text}' is none of the budget's burn rates, " +
                        $"{string.Join(", ", budget.BurnFactors.Select(f => BudgetText.FormatNumber(f.Factor)))}"
                    : $"the burn rate {text} only informs: it never acts");
                return null;
            default:
                item.Error(scalar, $"'{scalar.Text}' is none of 'burn 14.4', 'spent 80%', 'exhausted'");
                return null;
        }
    }

    private static CommandAction ReadAction(YamlReader item)
    {
        if (item.Scalar("action") is not { } scalar)
        {
            item.Missing("action");
            return CommandAction.None;
        }

        var action = Actions.FirstOrDefault(candidate => candidate.Word == scalar.Text).Action;
        if (action == CommandAction.None)
        {
            item.Error(scalar, $"'{scalar.Text}' is none of {string.Join(", ", Actions.Select(candidate => candidate.Word))}");
        }

        return action;
    }

    private static ActionParameters ReadParameters(YamlReader item, CommandAction action, Budget budget)
    {
        var model = item.Scalar("model");
        var parameters = new ActionParameters
        {
            MaxOutputTokens = BudgetReader.Number(item, "max_output_tokens", 1, MostTokens),
            Model = BudgetReader.ReadText(item, "model"),
            Provider = BudgetReader.ReadText(item, "provider"),
            TokensPerMinute = BudgetReader.Number(item, "tokens_per_minute", 1, MostTokens),
            RequestsPerMinute = BudgetReader.Number(item, "requests_per_minute", 1, MostTokens),
            AbortStreams = BudgetReader.Bool(item, "abort_streams"),
        };
        Only(item, action, CommandAction.TrimOutput, "max_output_tokens");
        Only(item, action, CommandAction.RouteTo, "model");
        Only(item, action, CommandAction.RouteTo, "provider");
        Only(item, action, CommandAction.Throttle, "tokens_per_minute");
        Only(item, action, CommandAction.Throttle, "requests_per_minute");
        Only(item, action, CommandAction.Kill, "abort_streams");
        if (action == CommandAction.TrimOutput && item.Value("max_output_tokens") is null)
        {
            item.Error("trim_output needs 'max_output_tokens'");
        }

        if (action == CommandAction.Throttle && !item.Has(["tokens_per_minute", "requests_per_minute"]))
        {
            item.Error("throttle needs 'tokens_per_minute', 'requests_per_minute' or both");
        }

        if (action == CommandAction.RouteTo)
        {
            CheckRoute(item, model, parameters, budget.Scope);
        }

        return parameters;
    }

    private static void Only(YamlReader item, CommandAction action, CommandAction owner, string key)
    {
        if (action != owner && action != CommandAction.None && item.Value(key) is { } value)
        {
            item.Error(value, $"'{key}' means nothing for {Actions.First(candidate => candidate.Action == action).Word}");
        }
    }

    private static void CheckRoute(YamlReader item, YamlScalar? model, ActionParameters parameters, ScopePattern scope)
    {
        if (model is null)
        {
            item.Error("route_to needs the 'model' to serve from");
            return;
        }

        var provider = scope[ScopeDimension.Provider];
        if (scope[ScopeDimension.Model] == ScopeTerm.Exact(model.Text) &&
            (parameters.Provider is null || provider == ScopeTerm.Exact(parameters.Provider)))
        {
            item.Error(model, $"routes '{model.Text}' to itself");
        }
    }

    private static long ReadHold(YamlReader item)
    {
        const long Default = 10 * 60_000;
        if (item.Scalar("hold") is not { } scalar)
        {
            return Default;
        }

        if (BudgetText.TryParseDuration(scalar.Text, out var hold) && hold is >= LeastHoldMs and <= MostHoldMs)
        {
            return hold;
        }

        item.Error(scalar, $"'{scalar.Text}' is no duration from 1m to 7d, such as 10m");
        return Default;
    }

    /// <summary>A condition beside the trigger, never alone: without <c>at</c> the step is refused.</summary>
    private static AnomalySeverity? ReadAnomaly(YamlReader item)
    {
        if (item.Scalar("when_anomaly") is not { } scalar)
        {
            return null;
        }

        var severity = Severities.FirstOrDefault(candidate => candidate.Word == scalar.Text);
        if (severity.Word is null)
        {
            item.Error(scalar, $"'{scalar.Text}' is none of {string.Join(", ", Severities.Select(candidate => candidate.Word))}");
            return null;
        }

        return severity.Severity;
    }

    /// <summary>
    /// Steps go from mild to hard; those of the same trigger go from low to high, or the lower one would never be in force.
    /// </summary>
    private static void CheckOrder(YamlReader item, List<LadderStep> before, LadderStep step)
    {
        if (before.Count > 0 && Hardness(step) < Hardness(before[^1]))
        {
            item.Error(item.Value("action")!, $"{Word(step)} is milder than {Word(before[^1])} before it: a ladder goes from mild to hard");
        }

        // A step may ask for an anomaly that an earlier one of no lower level does not ask for: that one acts where there is none.
        if (before.LastOrDefault(other => other.Trigger == step.Trigger && other.Level >= step.Level && !AsksForMore(step, other)) is { } last)
        {
            item.Error(
                item.Value("at")!,
                $"'{Trigger(step)}' is reached no later than '{Trigger(last)}' of the step before it, which would never act");
        }
    }

    private static bool AsksForMore(LadderStep step, LadderStep before) =>
        step.WhenAnomaly is { } severity && !(before.WhenAnomaly >= severity);

    public static string Trigger(LadderStep step) => step.Trigger switch
    {
        LadderTrigger.BurnRate => $"burn {BudgetText.FormatNumber(step.Level)}",
        LadderTrigger.Spent => $"spent {BudgetText.FormatNumber(step.Level)}%",
        _ => "exhausted",
    };

    public static string Word(LadderStep step) => Actions.First(candidate => candidate.Action == step.Action).Word;

    private static int Hardness(LadderStep step) => Actions.First(candidate => candidate.Action == step.Action).Hardness;
}
