using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Vercel's AI SDK: a span around each call of the SDK, and within it one for each request to a provider, whose operation has
/// <c>.do</c> in its name. Both carry the usage; tries that failed are spans of their own.
/// </summary>
internal sealed class VercelDialect : OtlpDialect
{
    private const string Details = "ai.usage.inputTokenDetails.";

    private readonly OtlpResults _results;
    private readonly int _operation;
    private readonly int[] _provider;
    private readonly int[] _model;
    private readonly int[] _requested;
    private readonly int[] _id;
    private readonly int _finish;
    private readonly int _firstChunk;
    private readonly int[] _most;
    private readonly int _metadata;
    private readonly int[] _input;
    private readonly int[] _output;
    private readonly int[] _total;
    private readonly int[] _cacheRead;
    private readonly int[] _cacheWrite;
    private readonly int[] _reasoning;
    private readonly int[] _fresh;
    private readonly int[] _embedded;
    private readonly OtlpJsonText _json;
    private readonly int _jsonUsage;
    private readonly int[] _jsonTier;
    private readonly int[] _json5m;
    private readonly int[] _json1h;
    private readonly int[] _jsonRead;
    private readonly int[] _jsonWrite;
    private readonly int[] _jsonThinking;
    private readonly int[] _jsonSearches;

    public VercelDialect(OtlpKeys keys)
    {
        _results = new OtlpResults(keys);
        (_operation, _finish, _metadata) =
            (keys.Add("ai.operationId"), keys.Add("ai.response.finishReason"), keys.Add("ai.response.providerMetadata"));
        _provider = keys.AddAll("gen_ai.system", "ai.model.provider");
        _model = keys.AddAll("ai.response.model", "gen_ai.response.model");
        _requested = keys.AddAll("ai.model.id", "gen_ai.request.model");
        (_id, _firstChunk) = (keys.AddAll("ai.response.id", "gen_ai.response.id"), keys.Add("ai.response.msToFirstChunk"));
        _most = keys.AddAll("ai.settings.maxOutputTokens", "ai.settings.maxTokens", "gen_ai.request.max_tokens");
        _input = keys.AddAll("ai.usage.inputTokens", "ai.usage.promptTokens", "gen_ai.usage.input_tokens");
        _output = keys.AddAll("ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens");
        _total = keys.AddAll("ai.usage.totalTokens");
        _cacheRead = keys.AddAll(Details + "cacheReadTokens", "ai.usage.cachedInputTokens");
        (_cacheWrite, _fresh) = (keys.AddAll(Details + "cacheWriteTokens"), keys.AddAll(Details + "noCacheTokens"));
        _reasoning = keys.AddAll("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens");
        _embedded = keys.AddAll("ai.usage.tokens");
        var paths = new JsonPaths();
        _jsonUsage = paths.Add("anthropic.usage");
        _jsonTier = paths.AddAll(["openai.serviceTier", "azure.serviceTier", "anthropic.usage.service_tier"]);
        _json5m = paths.AddAll(["anthropic.usage.cache_creation.ephemeral_5m_input_tokens"]);
        _json1h = paths.AddAll(["anthropic.usage.cache_creation.ephemeral_1h_input_tokens"]);
        _jsonRead = paths.AddAll(
            ["anthropic.usage.cache_read_input_tokens", "anthropic.cacheReadInputTokens", "openai.cachedPromptTokens"]);
        _jsonWrite = paths.AddAll(["anthropic.usage.cache_creation_input_tokens", "anthropic.cacheCreationInputTokens"]);
        _jsonThinking = paths.AddAll(["anthropic.usage.output_tokens_details.thinking_tokens", "openai.reasoningTokens"]);
        _jsonSearches = paths.AddAll(["anthropic.usage.server_tool_use.web_search_requests"]);
        _json = new OtlpJsonText(paths);
    }

    /// <summary>Its operation, and the model that it was given; calls of tools have none.</summary>
    public override bool Recognises(in OtlpSpanView span) =>
        span.Text(span[_operation]).StartsWith("ai."u8) && (span.ScopeName.SequenceEqual("ai"u8) || span.HasAny(_requested));

    public override void Read(in OtlpSpanView span, ref OtlpRequest request)
    {
        var operation = span.Text(span[_operation]);
        var isRequest = operation.IndexOf(".do"u8) >= 0;
        if (!isRequest && !IsLeftStream(in span, operation))
        {
            return;
        }

        request.Role = OtlpRole.Request;
        request.Emitter = OtlpEmitters.Vercel;
        request.Provider = Family(span.First(_provider), in span);
        (request.Model, request.ModelRequested, request.ResponseId) = (span.First(_model), span.First(_requested), span.First(_id));
        request.MaxTokens = OtlpCounts.Read(in span, span.First(_most), out var most) == MappingReason.None ? most : default;
        request.TtftMs = Milliseconds(span[_firstChunk]);
        _results.Read(in span, ref request);
        _json.TryRead(in span, span[_metadata]);
        request.Tier = _json.First(in span, _jsonTier);
        ReadUsage(in span, ref request);
        if (!isRequest)
        {
            (request.Result, request.AtBest) = (ResultType.Cancelled, Standing.Cut);
        }
    }

    /// <summary>
    /// The span within a call always ends before the call's own, unless the caller left its stream: then it never ends, and the call's
    /// own says neither how it ended nor what it used.
    /// </summary>
    private bool IsLeftStream(in OtlpSpanView span, ReadOnlySpan<byte> operation) =>
        operation.StartsWith("ai.stream"u8) && !span.Span.IsFailed && !span.Has(_finish) && !span.HasAny(_input) && !span.HasAny(_output);

    /// <summary><c>openai</c> of <c>openai.chat</c>.</summary>
    private static OtlpValue Family(OtlpValue provider, in OtlpSpanView span)
    {
        var dot = span.Text(in provider).IndexOf((byte)'.');
        return dot <= 0 ? provider : new OtlpValue(OtlpKind.Text, provider.Offset, dot, isCopy: provider.IsCopy);
    }

    private static TokenCount Milliseconds(in OtlpValue value) => value.Kind switch
    {
        OtlpKind.Double when value.Real is >= 0 and <= EventLimits.Count => TokenCount.Of((long)value.Real),
        OtlpKind.Integer when value.Number is >= 0 and <= EventLimits.Count => TokenCount.Of(value.Number),
        _ => default,
    };

    private void ReadUsage(in OtlpSpanView span, ref OtlpRequest request)
    {
        ref var usage = ref request.Usage;
        request.HasNoOutput = span.HasAny(_embedded);
        usage.Input = Count(in span, request.HasNoOutput ? _embedded : _input, ref request, out request.From.Input);
        usage.Output = request.HasNoOutput ? TokenCount.Of(0) : Count(in span, _output, ref request, out request.From.Output);
        usage.Total = Count(in span, _total, ref request, out _);

        // The SDK writes 0 where an answer had no details.
        usage.CacheRead = Count(in span, _cacheRead, ref request, out request.From.CacheRead).UnlessZero();
        usage.CacheWrite = Count(in span, _cacheWrite, ref request, out request.From.CacheWrite).UnlessZero();
        usage.Reasoning = Count(in span, _reasoning, ref request, out request.From.Reasoning).UnlessZero();
        if (!span.HasAny(_fresh) && !request.HasNoOutput)
        {
            ReadOlder(in span, ref request);
        }

        if (_json.Kind(_jsonUsage) != JsonKind.Object)
        {
            return;
        }

        // Anthropic's own object is beside them, with its nulls and lifetimes.
        usage.CacheRead = Json(in span, _jsonRead, ref request);
        usage.CacheWrite = Json(in span, _jsonWrite, ref request);
        (usage.CacheWrite5m, usage.CacheWrite1h) = (Json(in span, _json5m, ref request), Json(in span, _json1h, ref request));
        usage.Reasoning = usage.Reasoning.Or(Json(in span, _jsonThinking, ref request));
        request.Searches = Json(in span, _jsonSearches, ref request);
    }

    /// <summary>
    /// Before version 6 the input was what Anthropic and Bedrock call so, which is without their cache, and before version 5 only the
    /// provider's metadata told of cache and reasoning.
    /// </summary>
    private void ReadOlder(in OtlpSpanView span, ref OtlpRequest request)
    {
        ref var usage = ref request.Usage;
        usage.CacheRead = usage.CacheRead.Or(Json(in span, _jsonRead, ref request).UnlessZero());
        usage.CacheWrite = usage.CacheWrite.Or(Json(in span, _jsonWrite, ref request).UnlessZero());
        usage.Reasoning = usage.Reasoning.Or(Json(in span, _jsonThinking, ref request).UnlessZero());
        var provider = OtlpProviders.Canonical(span.Text(in request.Provider));
        var isAsTold = provider.SequenceEqual("anthropic"u8) || provider.SequenceEqual("bedrock"u8);
        request.Convention = isAsTold ? OtlpEmitters.VercelBefore6 : null;
        request.AtBest = Standing.Assumed;
    }

    private TokenCount Json(in OtlpSpanView span, int[] nodes, ref OtlpRequest request)
    {
        var reason = OtlpCounts.Read(in span, _json.First(in span, nodes), out var count);
        if (reason != MappingReason.None && request.Error.Reason == MappingReason.None)
        {
            request.Error = new MappingError(reason, span.Span.Offset, "ai.response.providerMetadata");
        }

        return count;
    }
}
