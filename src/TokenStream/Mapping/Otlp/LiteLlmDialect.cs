using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// LiteLLM's <c>otel</c> callback, which writes onto a span of its own (<c>litellm_request</c>) or, without its switch, onto whatever span
/// is open: the web server's. Usage stands there as a Python dict, in LiteLLM's inclusive way whatever the provider.
/// </summary>
internal sealed class LiteLlmDialect : OtlpDialect
{
    private const int MostAncestors = 64;

    private static readonly byte[] LeftByClient = "ConnectionError"u8.ToArray();

    private readonly OtlpResults _results;
    private readonly int _callId;
    private readonly int _usage;
    private readonly int _routed;
    private readonly int _system;
    private readonly int _group;
    private readonly int[] _model;
    private readonly int _id;
    private readonly int[] _tier;
    private readonly int _most;
    private readonly int _type;
    private readonly int _errorType;
    private readonly int _errorCode;
    private readonly int _errorMessage;
    private readonly int _hidden;
    private readonly int[] _input;
    private readonly int[] _output;
    private readonly int[] _total;
    private readonly OtlpJsonText _json;
    private readonly int _cacheKey;
    private readonly int _retries;
    private readonly int _fallbacks;

    public LiteLlmDialect(OtlpKeys keys)
    {
        _results = new OtlpResults(keys);
        (_callId, _usage, _routed) = (keys.Add("litellm.call_id"), keys.Add("metadata.usage_object"), keys.Add("litellm.provider.model"));
        (_system, _group, _id) = (keys.Add("gen_ai.system"), keys.Add("litellm.model_group"), keys.Add("gen_ai.response.id"));
        _model = keys.AddAll("gen_ai.response.model", "gen_ai.request.model");
        _tier = keys.AddAll("gen_ai.openai.response.service_tier", "gen_ai.cost.service_tier", "gen_ai.openai.request.service_tier");
        (_most, _type, _hidden) = (keys.Add("gen_ai.request.max_tokens"), keys.Add("llm.request.type"), keys.Add("hidden_params"));
        (_errorType, _errorCode, _errorMessage) = (keys.Add("error.type"), keys.Add("error.code"), keys.Add("error.message"));
        _input = keys.AddAll("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens");
        _output = keys.AddAll("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens");
        _total = keys.AddAll("gen_ai.usage.total_tokens");
        var paths = new JsonPaths();
        _cacheKey = paths.Add("cache_key");
        _retries = paths.Add("additional_headers.x-litellm-attempted-retries");
        _fallbacks = paths.Add("additional_headers.x-litellm-attempted-fallbacks");
        _json = new OtlpJsonText(paths);
    }

    /// <summary>The id that LiteLLM gives a call, and something else of its own; older versions tell no id.</summary>
    public override bool Recognises(in OtlpSpanView span) =>
        (span.Has(_callId) && (span.Has(_usage) || span.Has(_routed) || span.Has(_group) || span.Has(_type)))
        || (span.Has(_type) && span.HasAny(_model) && span.ScopeName.StartsWith("litellm"u8));

    public override void Read(in OtlpSpanView span, ref OtlpRequest request)
    {
        request.Role = OtlpRole.Request;
        request.Emitter = OtlpEmitters.LiteLlm;
        ReadModel(in span, ref request);
        (request.ResponseId, request.Tier) = (span[_id], span.First(_tier));
        request.MaxTokens = OtlpCounts.Read(in span, span[_most], out var most) == MappingReason.None ? most : default;
        _json.TryRead(in span, span[_hidden]);
        request.IsAvoided = _json.First(in span, _cacheKey).IsText;
        _ = OtlpCounts.Read(in span, _json.First(in span, _retries), out var retries);
        _ = OtlpCounts.Read(in span, _json.First(in span, _fallbacks), out var fallbacks);
        request.Attempt = retries.IsKnown || fallbacks.IsKnown ? TokenCount.Of(retries.OrZero + fallbacks.OrZero + 1) : default;
        ReadUsage(in span, ref request);
        ReadResult(in span, ref request);

        // A try that failed has the id of its call, as the try that follows; an answer of the cache has the id of the one that was stored.
        request.IsIdOfSpanOnly = request.IsAvoided || request.IsFailed;
    }

    /// <summary>The provider is what the way to the model begins with; the system is empty for some kinds of calls.</summary>
    private void ReadModel(in OtlpSpanView span, ref OtlpRequest request)
    {
        var routed = span[_routed];
        var slash = span.Text(in routed).IndexOf((byte)'/');
        request.Provider = slash > 0 ? new OtlpValue(OtlpKind.Text, routed.Offset, slash, isCopy: routed.IsCopy) : span[_system];
        request.ModelRequested = span[_group];
        var model = span.First(_model);
        var way = "converse/"u8;
        request.Model = span.Text(in model).StartsWith(way) && model.Length > way.Length
            ? new OtlpValue(OtlpKind.Text, model.Offset + way.Length, model.Length - way.Length, isCopy: model.IsCopy)
            : model;
        request.MayLackModel = true;
    }

    private void ReadUsage(in OtlpSpanView span, ref OtlpRequest request)
    {
        request.From.Input = _usage;
        var told = OtlpUsageMaps.Read(in span, span[_usage], span.Traces.Keys.Name(_usage), ref request);
        request.HasNoOutput = OtlpResults.Contains(span.Text(span[_type]), "embedding"u8);
        request.Searches = told.Searches;
        request.Usage = UsageMapConventions.Reported(in told, request.HasNoOutput);
        if (!told.IsThere)
        {
            ref var usage = ref request.Usage;
            usage.Input = Count(in span, _input, ref request, out request.From.Input);
            usage.Output = Count(in span, _output, ref request, out request.From.Output);
            usage.Total = Count(in span, _total, ref request, out _);
        }

        // Totals alone never had details, and a stream that was stored is answered without those of its first answer.
        var hasLostDetails = !told.IsThere || (request.IsAvoided && !told.HasDetails);
        request.AtBest = hasLostDetails ? Standing.BoundCached : Standing.Exact;
        request.Convention = Conventions.OfLiteLlm.Of(span.Text(in request.Provider));
    }

    private void ReadResult(in OtlpSpanView span, ref OtlpRequest request)
    {
        if (IsLeft(in span))
        {
            // LiteLLM ends a stream that its client left, and counts, by itself.
            (request.Result, request.AtBest) = (ResultType.Cancelled, Standing.Counted);
            return;
        }

        // Google served it, but LiteLLM cannot read an answer without usage.
        var isGoogle = OtlpProviders.Canonical(span.Text(in request.Provider)).SequenceEqual("gemini"u8);
        if (!isGoogle || span.Text(span[_errorMessage]).IndexOf("usageMetadata not found in completion_response"u8) < 0)
        {
            _results.Read(in span, ref request);
        }
    }

    /// <summary>Whether the web server could not send to its end what LiteLLM did not fail to get.</summary>
    private bool IsLeft(in OtlpSpanView span)
    {
        if (span.Has(_errorCode))
        {
            return false;
        }

        var at = span.Index;
        for (var step = 0; at >= 0 && step < MostAncestors; step++)
        {
            var type = span.Traces.Find(at, _errorType);
            if (span.Text(in type).SequenceEqual(LeftByClient))
            {
                return true;
            }

            at = span.Traces.Parent(at);
        }

        return false;
    }
}
