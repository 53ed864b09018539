using System.Globalization;
using TokenStream.Commands;
using TokenStream.Scopes;

namespace TokenStream.Tests.Commands;

/// <summary>Commands and requests, written shortly or drawn from a small world where everything meets everything.</summary>
internal static class CompositionSamples
{
    private static readonly string[] Values = ["a", "b", "ab", "abba"];
    private static readonly string[] Patterns = ["a*", "*b", "*", "a*a", "b*"];

    public static Command Command(
        string scope, CommandAction action, string source = "budget/one", ActionParameters? parameters = null, long? expiresMs = null,
        IReadOnlyList<string>? tenants = null, CommandVersion? version = null, long? retryAtMs = null)
    {
        if (!Scope.TryParse(scope, out var parsed, out var error))
        {
            throw new ArgumentException(error, nameof(scope));
        }

        return new Command
        {
            Id = $"{action}-{scope}-{source}",
            Scope = parsed,
            Source = source,
            Version = version ?? new CommandVersion(1, 1),
            Action = action,
            Parameters = parameters ?? ActionParameters.Nothing,
            IssuedMs = 0,
            ExpiresMs = expiresMs,
            RetryAtMs = retryAtMs,
            Reason = "because",
            Tenants = tenants ?? [],
        };
    }

    public static Command RouteTo(string scope, string model, string source = "budget/one", string? provider = null) =>
        Command(scope, CommandAction.RouteTo, source, new ActionParameters { Model = model, Provider = provider });

    public static Command Trim(string scope, long tokens, string source = "budget/one") =>
        Command(scope, CommandAction.TrimOutput, source, new ActionParameters { MaxOutputTokens = tokens });

    public static Command Throttle(string scope, long? tokens, long? requests = null, string source = "budget/one") =>
        Command(scope, CommandAction.Throttle, source, new ActionParameters { TokensPerMinute = tokens, RequestsPerMinute = requests });

    /// <summary>A lease of a budget, whose slices the tests fill in.</summary>
    public static Command Lease(string scope, CommandVersion version, bool isTokens, params LeaseSlice[] slices) => Command(
        scope, CommandAction.Lease, "lease/one", new ActionParameters { IsTokens = isTokens, Slices = slices }, version: version);

    public static RequestDimensions Request(
        string tenant = "a", string model = "a", string? servedModel = null, string feature = "", string provider = "a", string user = "") =>
        new("prod", tenant, "", feature, provider, model, user, null, servedModel);

    /// <summary>A world of commands: few values, so that most requests meet several.</summary>
    public static List<Command> AnyCommands(Random random, int most) =>
        [.. Enumerable.Range(0, random.Next(most + 1)).Select(i => AnyCommand(random, i))];

    public static RequestDimensions AnyRequest(Random random) => new(
        Value(random), Value(random), Value(random), Value(random), Value(random), Value(random), Value(random),
        random.Next(4) == 0 ? Value(random) : null, random.Next(3) == 0 ? Value(random) : null);

    private static string Value(Random random) => random.Next(6) == 0 ? "" : Values[random.Next(Values.Length)];

    private static Command AnyCommand(Random random, int number)
    {
        var terms = new List<(ScopeDimension, ScopeTerm)>();
        foreach (var dimension in Enum.GetValues<ScopeDimension>())
        {
            var draw = random.Next(12);
            if (draw < 3)
            {
                terms.Add((dimension, draw == 0 ? ScopeTerm.Glob(Patterns[random.Next(Patterns.Length)]) : ScopeTerm.Exact(Values[random.Next(Values.Length)])));
            }
        }

        var scope = Scope.Of(terms.ToArray()).Text;
        return Command(
            scope,
            (CommandAction)random.Next(8) is var action && action is CommandAction.CacheOnly or CommandAction.Kill && random.Next(3) > 0 ? CommandAction.RouteTo : action,
            (random.Next(3) == 0 ? "manual/" : "budget/") + number.ToString(CultureInfo.InvariantCulture),
            new ActionParameters
            {
                MaxOutputTokens = random.Next(1, 5),
                TokensPerMinute = 10,
                Model = Values[random.Next(Values.Length)],
                Provider = random.Next(3) == 0 ? Values[random.Next(Values.Length)] : null,
                AbortStreams = random.Next(2) == 0,
            },
            random.Next(3) == 0 ? random.Next(100) : null,
            [.. Values.Where(_ => random.Next(2) == 0)]);
    }
}
