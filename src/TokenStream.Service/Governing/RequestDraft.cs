using System.Globalization;
using System.Security.Cryptography;
using TokenStream.Commands;
using TokenStream.Scopes;

namespace TokenStream.Service.Governing;

/// <summary>A person's request before it is one: what the command line or the API was given, unchecked.</summary>
internal sealed record RequestDraft
{
    /// <summary>Longest that a request can be asked for; longer is until it is released.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public required CommandAction Action { get; init; }

    /// <summary>A value or a pattern for each dimension that is bound.</summary>
    public required IReadOnlyDictionary<ScopeDimension, string> Scope { get; init; }

    /// <summary>Whether all requests are meant; must be said where the scope binds nothing.</summary>
    public bool Everything { get; init; }

    public ActionParameters Parameters { get; init; } = ActionParameters.Nothing;

    /// <summary>How long, such as <c>2h</c>.</summary>
    public string? For { get; init; }

    public bool UntilReleased { get; init; }

    public string? Reason { get; init; }

    /// <summary>Makes the request, or says everything that is wrong with it.</summary>
    /// <param name="nowMs">Milliseconds since the Unix epoch.</param>
    /// <param name="name">How the caller spells a name: an option or a member.</param>
    public ManualRequest? Make(long nowMs, Func<string, string> name, out IReadOnlyList<string> errors)
    {
        var wrong = new List<string>();
        var scope = ReadScope(name, wrong);
        var until = ReadUntil(nowMs, name, wrong);
        if (string.IsNullOrWhiteSpace(Reason) || Reason.Length > 1000)
        {
            wrong.Add($"{name("reason")} must be said, in at most 1000 characters: it is shown to whoever is refused, and kept");
        }

        CheckParameters(name, wrong);
        errors = wrong;
        return wrong.Count > 0
            ? null
            : new ManualRequest
            {
                Id = $"{PeopleRequests.Name(Action).Replace('_', '-')}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}",
                Action = Action,
                Scope = scope,
                Parameters = Parameters,
                UntilMs = until,
                Reason = Reason!.Trim(),
                By = "",
                AtMs = nowMs,
            };
    }

    /// <summary>A span such as <c>90s</c>, <c>30m</c>, <c>2h</c> or <c>7d</c>; null where it is none.</summary>
    public static TimeSpan? ReadSpan(string text)
    {
        if (text.Length < 2 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        double? seconds = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => null };
        return seconds is { } unit && number > 0 && number * unit <= Longest.TotalSeconds ? TimeSpan.FromSeconds(number * unit) : null;
    }

    private Scope ReadScope(Func<string, string> name, List<string> wrong)
    {
        if (Scope.Any(pair => pair.Value.Length == 0))
        {
            wrong.Add("a dimension of the scope is empty: leave it out, or name a value");
            return Scopes.Scope.Everything;
        }

        if (Scope.Count == 0 != Everything)
        {
            wrong.Add(Everything
                ? $"{name("everything")} is said, but the scope names something: say one of both"
                : $"a scope must be named ({name("tenant")}, {name("feature")}, ..), or {name("everything")} said where all requests are meant");
        }

        return Scopes.Scope.Of([.. Scope.Select(pair =>
            (pair.Key, pair.Value.Contains('*', StringComparison.Ordinal) ? ScopeTerm.Glob(pair.Value) : ScopeTerm.Exact(pair.Value)))]);
    }

    private long? ReadUntil(long nowMs, Func<string, string> name, List<string> wrong)
    {
        if (For is null != UntilReleased)
        {
            wrong.Add($"one of {name("for")} and {name("until_released")} must be said, so that nothing lasts longer than was meant");
            return null;
        }

        if (UntilReleased && Action == CommandAction.Allow)
        {
            wrong.Add($"an exemption must end: say {name("for")}");
        }

        if (For is null)
        {
            return null;
        }

        if (ReadSpan(For) is not { } span)
        {
            wrong.Add($"{name("for")} is '{For}'; it must be a number of s, m, h or d such as 2h, of at most 366d");
            return null;
        }

        return nowMs + (long)span.TotalMilliseconds;
    }

    private void CheckParameters(Func<string, string> name, List<string> wrong)
    {
        if (Parameters.TokensPerMinute < 0 || Parameters.RequestsPerMinute < 0 || Parameters.MaxOutputTokens < 0)
        {
            wrong.Add("a limit must not be negative");
        }

        var (given, needed) = Action switch
        {
            CommandAction.Throttle => (
                Parameters.TokensPerMinute is not null || Parameters.RequestsPerMinute is not null,
                $"{name("tokens_per_minute")} or {name("requests_per_minute")} must be said"),
            CommandAction.TrimOutput => (Parameters.MaxOutputTokens is not null, $"{name("max_output_tokens")} must be said"),
            CommandAction.RouteTo => (!string.IsNullOrEmpty(Parameters.Model), $"{name("model")} to route to must be said"),
            CommandAction.None => (false, "a request must ask for something"),
            _ => (true, ""),
        };
        if (!given)
        {
            wrong.Add(needed);
        }
    }
}
