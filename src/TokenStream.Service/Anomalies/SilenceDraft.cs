using System.Security.Cryptography;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Anomalies;
using TokenStream.Scopes;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Anomalies;

/// <summary>A silence before it is one: what the command line or the API was given, unchecked.</summary>
internal sealed record SilenceDraft
{
    /// <summary>Longest that a silence can be: one that is meant for longer is a change of what is expected.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    public const int MostReasonCharacters = 1000;

    /// <summary>A value or a pattern for each dimension that is bound.</summary>
    public required IReadOnlyDictionary<ScopeDimension, string> Scope { get; init; }

    /// <summary>Whether all anomalies are meant; must be said where the scope binds nothing.</summary>
    public bool Everything { get; init; }

    /// <summary>A measure's name as records have it; null for every measure.</summary>
    public string? Measure { get; init; }

    /// <summary>How long, such as <c>2h</c>.</summary>
    public string? For { get; init; }

    public string? Reason { get; init; }

    /// <summary>The names of measures.</summary>
    public static string Measures { get; } = string.Join(", ", Enum.GetValues<SeriesMeasure>().Select(AnomalyFigures.Word));

    /// <summary>Makes the silence, or says everything that is wrong with it.</summary>
    /// <param name="nowMs">Milliseconds since the Unix epoch.</param>
    /// <param name="name">How the caller spells a name: an option or a member.</param>
    public AnomalySilence? Make(long nowMs, Func<string, string> name, out IReadOnlyList<string> errors)
    {
        var wrong = new List<string>();
        var scope = ReadScope(name, wrong);
        var measure = ReadMeasure(name, wrong);
        var span = For is null ? null : RequestDraft.ReadSpan(For);
        if (span is null || span > Longest)
        {
            wrong.Add($"{name("for")} must be a number of s, m, h or d such as 4h, of at most {Longest.TotalDays:0}d: a silence ends");
        }

        if (string.IsNullOrWhiteSpace(Reason) || Reason.Length > MostReasonCharacters)
        {
            wrong.Add($"{name("reason")} must be said, in at most {MostReasonCharacters} characters: it is shown beside what is silenced, and kept");
        }

        errors = wrong;
        return wrong.Count > 0
            ? null
            : new AnomalySilence
            {
                Id = $"silence-{RandomNumberGenerator.GetHexString(8, lowercase: true)}",
                Scope = scope,
                Measure = measure,
                UntilMs = nowMs + (long)span!.Value.TotalMilliseconds,
                Reason = Reason!.Trim(),
                By = "",
                AtMs = nowMs,
            };
    }

    private Scope ReadScope(Func<string, string> name, List<string> wrong)
    {
        var foreign = Scope.Keys.Except(AnomalySilence.Dimensions).Select(Word).ToList();
        if (foreign.Count > 0)
        {
            wrong.Add($"anomalies do not know {string.Join(", ", foreign)}; their places have {string.Join(", ", AnomalySilence.Dimensions.Select(Word))}");
        }

        if (Scope.Any(pair => pair.Value.Length == 0))
        {
            wrong.Add("a dimension of the scope is empty: leave it out, or name a value");
            return Scopes.Scope.Everything;
        }

        if (Scope.Count == 0 != Everything)
        {
            wrong.Add(Everything
                ? $"{name("everything")} is said, but the scope names something: say one of both"
                : $"a scope must be named ({name("tenant")}, {name("feature")}, ..), or {name("everything")} said where all anomalies are meant");
        }

        return Scopes.Scope.Of([.. Scope.Select(pair =>
            (pair.Key, pair.Value.Contains('*', StringComparison.Ordinal) ? ScopeTerm.Glob(pair.Value) : ScopeTerm.Exact(pair.Value)))]);
    }

    private SeriesMeasure? ReadMeasure(Func<string, string> name, List<string> wrong)
    {
        if (Measure is null)
        {
            return null;
        }

        foreach (var measure in Enum.GetValues<SeriesMeasure>())
        {
            if (AnomalyFigures.Word(measure) == Measure)
            {
                return measure;
            }
        }

        wrong.Add($"{name("measure")} is '{Measure}'; possible are {Measures}");
        return null;
    }

    private static string Word(ScopeDimension dimension) => dimension.ToString().ToLowerInvariant();
}
