using System.Text;

namespace TokenStream.Mapping;

/// <summary>
/// How each emitter counts, by provider: the one table that the mappers read. Attribute names say nothing about it, so a row names the
/// capture that proves it. A provider without a row gets its emitter's default, which is an assumption and is counted as one.
/// </summary>
internal static class Conventions
{
    /// <summary>LiteLLM writes the answers of all providers in the shape of OpenAI's, and zeros where a provider told nothing.</summary>
    private const UnknownZeros Normalised = UnknownZeros.Reasoning | UnknownZeros.CacheWithoutSplit | UnknownZeros.TotalsWithoutDetails;

    private const UnknownZeros OnlyTotals = UnknownZeros.TotalsWithoutDetails;

    /// <summary>OpenAI keeps no prompt of fewer tokens in its cache.</summary>
    public const long OpenAiCachesFrom = 1024;

    private const UnknownZeros OnlySplit = UnknownZeros.CacheWithoutSplit;

    private const string LiteLlm = "litellm/1.106";

    private const string Sdk = "litellm-sdk-1.106.2";

    private const string Proxy = "litellm-proxy-1.106.2-generic-api";

    private const string Answers = "raw-provider-usage";

    private const string Provider = "provider";

    private const string Ingestion = "langfuse-2.60.10-ingestion";

    private const string CloudEvents = "cloudevents";

    private const string Totals = "cloudevents-totals";

    private const string Classes = "cloudevents-classes";

    private const string Events = "cloudevents-1.13.0";

    private const string OpenMeter = "openmeter-1.0.0b236";

    /// <summary>LiteLLM, whose counts are inclusive whatever the provider's are.</summary>
    public static readonly ConventionTable OfLiteLlm = new(
    [
        new(LiteLlm, "openai", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.OfOneKind, OnlyTotals, Sdk),
        new(LiteLlm, "anthropic", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, Normalised, Proxy),
        new(LiteLlm, "gemini", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.OfOneKind, OnlyTotals, Sdk),
        new(LiteLlm, "bedrock", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, Normalised, Sdk),
        new(LiteLlm, "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, Normalised, ""),
    ]);

    /// <summary>LiteLLM of 2024, which passed on the input of Anthropic and Bedrock without their cache.</summary>
    public static readonly Convention OfFormerLiteLlm =
        new("litellm", "", Includes.No, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, Normalised, "");

    /// <summary>The providers' own answers. Those of OpenAI's shape from somebody else are read like OpenAI's, as an assumption.</summary>
    public static readonly ConventionTable OfProviders = new(
    [
        new(Provider, "openai", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.OfOneKind, UnknownZeros.None, Answers),
        new(Provider, "anthropic", Includes.No, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, Answers),
        new(Provider, "gemini", Includes.Yes, Includes.No, Includes.No, CacheWrites.OfOneKind, UnknownZeros.None, Answers),
        new(Provider, "bedrock", Includes.No, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, Answers),
        new(Provider, "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, ""),
    ]);

    /// <summary>Langfuse's batches, up to version 2 of its SDK.</summary>
    public static readonly UsageMapConventions OfLangfuseBatches = OfLangfuse("2.60", Ingestion);

    /// <summary>Langfuse's spans, from version 3 of its SDK on.</summary>
    public static readonly UsageMapConventions OfLangfuseSpans = OfLangfuse("3.15", "langfuse-3.15.0-otlp");

    /// <summary>The providers' own answers as LiteLLM's spans quote them.</summary>
    public static readonly UsageMapConventions OfLiteLlmAnswers = new(OfProviders, OfProviders, OfProviders, areObjectsShown: true);

    /// <summary>CloudEvents with a provider's own usage object: it counts as the provider does.</summary>
    public static readonly ConventionTable OfCloudEvents = new(
    [
        new(CloudEvents, "openai", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.OfOneKind, UnknownZeros.None, Events),
        new(CloudEvents, "anthropic", Includes.No, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, Events),
        new(CloudEvents, "gemini", Includes.Yes, Includes.No, Includes.No, CacheWrites.OfOneKind, UnknownZeros.None, Answers),
        new(CloudEvents, "bedrock", Includes.No, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, Answers),
        new(CloudEvents, "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, ""),
    ]);

    /// <summary>CloudEvents with totals that people wrote themselves: the input is what the provider calls so.</summary>
    public static readonly ConventionTable OfCloudEventTotals = new(
    [
        new(Totals, "openai", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.OfOneKind, UnknownZeros.None, OpenMeter),
        new(Totals, "anthropic", Includes.No, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, OpenMeter),
        new(Totals, "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, ""),
    ]);

    /// <summary>CloudEvents of one class of tokens each, which do not overlap.</summary>
    public static readonly ConventionTable OfTokenClasses = new(
    [
        new(Classes, "openai", Includes.No, Includes.Yes, Includes.No, CacheWrites.OfOneKind, UnknownZeros.None, OpenMeter),
        new(Classes, "anthropic", Includes.No, Includes.Yes, Includes.No, CacheWrites.ByLifetime, UnknownZeros.None, OpenMeter),
        new(Classes, "", Includes.No, Includes.Yes, Includes.No, CacheWrites.ByLifetime, UnknownZeros.None, ""),
    ]);

    /// <summary>
    /// Kong's audit log, which gives everybody's counts OpenAI's names, and Envoy's access log, whose counts follow OpenTelemetry: both as
    /// they are documented. No capture shows either.
    /// </summary>
    public static readonly ConventionTable OfKong = new(
    [
        new("kong", "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, ""),
    ]);

    public static readonly ConventionTable OfEnvoy = new(
    [
        new("envoy", "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, ""),
    ]);

    /// <summary>
    /// Observations of Langfuse. Its wrapper of OpenAI's client passes OpenAI's objects on, though without what chat completions wrote to
    /// the cache. Maps that people write themselves have Langfuse's own names, of which none overlap; Anthropic's answers have them apart
    /// as well, and a zero is what a program writes where there was nothing.
    /// </summary>
    private static UsageMapConventions OfLangfuse(string version, string capture) => new(
        new(
        [
            new(
                $"langfuse/{version}", "openai", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.OfOneKind, UnknownZeros.None,
                capture)
            {
                Lost = Losses.CacheWrite,
                CachesFrom = OpenAiCachesFrom,
            },
            new($"langfuse/{version}", "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, ""),
        ]),
        new(
        [
            new(
                $"langfuse/{version}", "openai", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.OfOneKind, UnknownZeros.None,
                capture),
            new($"langfuse/{version}", "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, ""),
        ]),
        new(
        [
            new($"langfuse-map/{version}", "anthropic", Includes.No, Includes.Yes, Includes.No, CacheWrites.ByLifetime, OnlySplit, capture),
            new($"langfuse-map/{version}", "", Includes.No, Includes.Yes, Includes.No, CacheWrites.ByLifetime, OnlySplit, ""),
        ]));
}

/// <summary>The rows of one emitter, the default last.</summary>
internal sealed class ConventionTable(IReadOnlyList<Convention> rows)
{
    private readonly (byte[] Provider, Convention Convention)[] _rows =
        [.. rows.Select(row => (Encoding.UTF8.GetBytes(row.Provider), row))];

    public IReadOnlyList<Convention> Rows => rows;

    /// <summary>The row of a provider; the default where it has none.</summary>
    public Convention Of(ReadOnlySpan<byte> provider)
    {
        foreach (var (name, convention) in _rows)
        {
            if (provider.SequenceEqual(name))
            {
                return convention;
            }
        }

        return _rows[^1].Convention;
    }
}
