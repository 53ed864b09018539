namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Who is known to write spans, and how each counts: rows of the table that <see cref="Conventions"/> begins. The same attribute is counted
/// differently by each, so a row names the capture that shows it. Everybody else is read as the semantic conventions ask for, which is an
/// assumption and is counted as one.
/// </summary>
internal static class OtlpEmitters
{
    private const string VercelCaptures = "vercel-ai-6.0.326";

    /// <summary>What OpenLLMetry says of every request, today and in former versions.</summary>
    private static readonly string[] TraceloopMarkers = ["gen_ai.is_streaming", "llm.is_streaming"];

    /// <summary>
    /// Who is unknown: inclusive totals, as the semantic conventions have it.
    /// </summary>
    public static readonly OtlpEmitter Unknown = new("*", "semconv", "", OtlpHabits.None, new ConventionTable([Default("semconv")]));

    /// <summary>Those that write <c>gen_ai.*</c>; the first that a span is of counts.</summary>
    public static IReadOnlyList<OtlpEmitter> OfConventions { get; } =
    [
        Of("com.anthropic.sdk.python", "anthropic-sdk", "2.11", OtlpHabits.IsClientLibrary | OtlpHabits.TellsEndOfStream,
            Row("anthropic", CacheWrites.ByLifetime, "anthropic-sdk-2.11.0-native")),
        Of("com.anthropic.sdk.*", "anthropic-sdk", "", OtlpHabits.IsClientLibrary | OtlpHabits.TellsEndOfStream),
        Of("opentelemetry.instrumentation.openai_v2", "otel-openai-v2", "", OtlpHabits.None,
            Row("openai", CacheWrites.OfOneKind, "otel-openai-v2-2.1b0", Losses.CacheRead, Mapping.Conventions.OpenAiCachesFrom)),
        Of("opentelemetry.util.genai.handler", "otel-genai-util", "1.0", OtlpHabits.None,
            Row("openai", CacheWrites.OfOneKind, "otel-openai-v2-2.4b0", Losses.CacheRead, Mapping.Conventions.OpenAiCachesFrom)),
        Of("opentelemetry.instrumentation.google_genai", "otel-google-genai", "1.3", OtlpHabits.None,
            Row("gemini", CacheWrites.OfOneKind, "otel-google-genai-1.3b0", Losses.ToolInput)),
        Of("opentelemetry.instrumentation.openai.*", "traceloop-openai", "0.62",
            OtlpHabits.TellsEndOfStream | OtlpHabits.InventsCacheOfEmbeddings,
            Row("openai", CacheWrites.OfOneKind, "traceloop-openai-0.62.4", Losses.CacheWrite, Mapping.Conventions.OpenAiCachesFrom)),
        Of("opentelemetry.instrumentation.anthropic", "traceloop-anthropic", "0.62", OtlpHabits.StreamedOutputIsOneTooHigh,
            Row("anthropic", CacheWrites.ByLifetime, "traceloop-anthropic-0.62.4") with { Zeros = UnknownZeros.CacheWithoutSplit })
            with { Markers = TraceloopMarkers },
        Of("opentelemetry.instrumentation.google_generativeai", "traceloop-google", "0.21", OtlpHabits.None,
            Row("gemini", CacheWrites.OfOneKind, "traceloop-google-generativeai-0.62.4", Losses.RestOfTotal)),
        Of("pydantic-ai", "pydantic-ai", "2.68", OtlpHabits.LeavesOutZeros,
            Row("openai", CacheWrites.OfOneKind, "pydantic-ai-2.68.0"), Row("anthropic", CacheWrites.ByLifetime, "pydantic-ai-2.68.0")),
        Apart("gcp.vertex.agent", "google-adk", Default("google-adk") with { Reasoning = Includes.No })
            with { Markers = [OtlpConventionKeys.FormerReasoningOfAdk] },
        Unknown,
    ];

    /// <summary>Those that write <c>llm.token_count.*</c>.</summary>
    public static IReadOnlyList<OtlpEmitter> OfOpenInference { get; } =
    [
        Of("openinference.instrumentation.openai", "openinference-openai", "0.1", OtlpHabits.None,
            Row("openai", CacheWrites.OfOneKind, "openinference-openai-0.1.66")),
        Apart("openinference.instrumentation.bedrock", "openinference-bedrock", ExclusiveBedrock),
        Apart("@arizeai/openinference-instrumentation-bedrock", "openinference-bedrock", ExclusiveBedrock),
        Of("*", "openinference", "", OtlpHabits.None),
    ];

    /// <summary>Those that write <c>langfuse.observation.*</c>.</summary>
    public static IReadOnlyList<OtlpEmitter> OfLangfuse { get; } =
    [
        Of("langfuse-sdk", "langfuse", "3.15", OtlpHabits.IsAroundRequests),
        Of("*", "langfuse", "", OtlpHabits.IsAroundRequests),
    ];

    /// <summary>
    /// Vercel's AI SDK, which does not say its version; from 6 on its input is inclusive, and told apart into what it is made of.
    /// </summary>
    public static readonly OtlpEmitter Vercel = Of("ai", "vercel-ai", "", OtlpHabits.TriesAreSiblings,
        Row("openai", CacheWrites.OfOneKind, VercelCaptures), Row("anthropic", CacheWrites.ByLifetime, VercelCaptures));

    /// <summary>Its versions before 6 with Anthropic and Bedrock: the input is what these call so.</summary>
    public static readonly Convention VercelBefore6 =
        new("vercel-ai", "", Includes.No, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, "");

    /// <summary>LiteLLM's own account of a request, on whatever span was open.</summary>
    public static readonly OtlpEmitter LiteLlm = new(
        "*", "litellm", "", OtlpHabits.IsAroundRequests | OtlpHabits.UsesSpansOfOthers, Mapping.Conventions.OfLiteLlm);

    /// <summary>The provider's answer as LiteLLM quotes it.</summary>
    public static readonly OtlpEmitter LiteLlmRaw = new(
        "litellm*", "litellm", "", OtlpHabits.QuotesAnswers, Mapping.Conventions.OfProviders);

    /// <summary>Every table, for those who check them.</summary>
    public static IEnumerable<ConventionTable> Tables =>
        OfConventions.Concat(OfOpenInference).Append(Vercel).Select(emitter => emitter.Conventions);

    private static OtlpEmitter Of(string scope, string name, string from, OtlpHabits habits, params Convention[] rows)
    {
        var emitter = from.Length > 0 ? $"{name}/{from}" : name;
        return new OtlpEmitter(
            scope, name, from, habits, new ConventionTable([.. rows.Select(row => row.By(emitter)), Default(name)]));
    }

    /// <summary>Who is documented to leave parts out of its totals, though no capture shows it.</summary>
    private static OtlpEmitter Apart(string scope, string name, Convention convention) =>
        new(scope, name, "", OtlpHabits.None, new ConventionTable([convention]));

    /// <summary>OpenInference passes on what Bedrock calls input, which is without its cache.</summary>
    private static Convention ExclusiveBedrock => Default("openinference-bedrock") with { Cache = Includes.No };

    /// <summary>A row whose totals are inclusive: those who write spans all add what providers leave out, or lose it.</summary>
    private static Convention Row(string provider, CacheWrites writes, string provenBy, Losses lost = Losses.None, long cachesFrom = 0) =>
        new("", provider, Includes.Yes, Includes.Yes, Includes.Yes, writes, UnknownZeros.None, provenBy)
        {
            Lost = lost,
            CachesFrom = cachesFrom,
        };

    private static Convention Default(string emitter) =>
        new(emitter, "", Includes.Yes, Includes.Yes, Includes.Yes, CacheWrites.ByLifetime, UnknownZeros.None, "");
}
