using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// OpenInference, Arize's conventions: kinds of spans, and <c>llm.*</c> attributes whose counts are inclusive. Ids and tiers stand only in
/// the JSON of requests and answers that it puts into attributes.
/// </summary>
internal sealed class OpenInferenceDialect : OtlpDialect
{
    private const string Counts = "llm.token_count.";

    private readonly OtlpResults _results;
    private readonly int _kind;
    private readonly int[] _provider;
    private readonly int[] _model;
    private readonly int _finish;
    private readonly int _firstToken;
    private readonly int[] _input;
    private readonly int[] _output;
    private readonly int[] _total;
    private readonly int[] _cacheRead;
    private readonly int[] _cacheWrite;
    private readonly int[] _reasoning;
    private readonly int[] _parameters;
    private readonly int _answer;
    private readonly OtlpJsonText _json;
    private readonly int _jsonId;
    private readonly int _jsonModel;
    private readonly int _jsonTier;
    private readonly int _jsonStream;
    private readonly int[] _jsonMost;

    public OpenInferenceDialect(OtlpKeys keys)
    {
        _results = new OtlpResults(keys);
        (_kind, _finish) = (keys.Add("openinference.span.kind"), keys.Add("llm.finish_reason"));
        _firstToken = keys.AddEvent("First Token Stream Event");
        (_provider, _model) = (keys.AddAll("llm.provider", "llm.system"), keys.AddAll("llm.model_name", "embedding.model_name"));
        (_input, _output) = (keys.AddAll(Counts + "prompt"), keys.AddAll(Counts + "completion"));
        _total = keys.AddAll(Counts + "total");
        _cacheRead = keys.AddAll(Counts + "prompt_details.cache_read");
        _cacheWrite = keys.AddAll(Counts + "prompt_details.cache_write");
        _reasoning = keys.AddAll(Counts + "completion_details.reasoning");
        _parameters = keys.AddAll("llm.invocation_parameters", "embedding.invocation_parameters");
        _answer = keys.Add("output.value");
        var paths = new JsonPaths();
        (_jsonId, _jsonModel, _jsonTier) = (paths.Add("id"), paths.Add("model"), paths.Add("service_tier"));
        _jsonStream = paths.Add("stream");
        _jsonMost = paths.AddAll(["max_completion_tokens", "max_output_tokens", "max_tokens"]);
        _json = new OtlpJsonText(paths);
    }

    /// <summary>Its kind of span, and anything else of its own; agents, chains and tools are context.</summary>
    public override bool Recognises(in OtlpSpanView span) =>
        span.Has(_kind) && (span.ScopeName.StartsWith("openinference."u8) || span.HasAny(_model) || span.HasAny(_provider)
            || span.HasAny(_input) || span.HasAny(_output));

    public override void Read(in OtlpSpanView span, ref OtlpRequest request)
    {
        request.HasNoOutput = span.Is(_kind, "EMBEDDING"u8);
        if (!request.HasNoOutput && !span.Is(_kind, "LLM"u8))
        {
            return;
        }

        request.Role = OtlpRole.Request;
        request.Emitter = EmitterOf(in span, OtlpEmitters.OfOpenInference);
        (request.Provider, request.Model) = (span.First(_provider), span.First(_model));
        _results.Read(in span, ref request);
        var first = span[_firstToken];
        request.TtftMs = first.IsThere ? OtlpCounts.Milliseconds(span.Span.StartNs, (ulong)first.Number) : default;
        var isStreamed = ReadJson(in span, ref request) || first.IsThere;
        ReadUsage(in span, ref request);

        // It sets every span that ended well to ok, and leaves those alone whose stream nobody read to its end.
        if (isStreamed && request.Result == ResultType.Ok && span.Span.Status == 0 && !span.Has(_finish)
            && span.ScopeName.StartsWith("openinference."u8))
        {
            (request.Result, request.AtBest) = (ResultType.Cancelled, Standing.Cut);
        }
    }

    /// <summary>Reads what only requests and answers say; true where a stream was asked for.</summary>
    private bool ReadJson(in OtlpSpanView span, ref OtlpRequest request)
    {
        _json.TryRead(in span, span.First(_parameters));
        request.ModelRequested = _json.First(in span, _jsonModel);
        var asked = _json.First(in span, _jsonTier);
        var isStreamed = _json.First(in span, _jsonStream).IsTrue;
        _ = OtlpCounts.Read(in span, _json.First(in span, _jsonMost), out request.MaxTokens);
        _json.TryRead(in span, span[_answer]);
        request.ResponseId = _json.First(in span, _jsonId);
        var served = _json.First(in span, _jsonTier);
        request.Tier = served.IsText ? served : asked;
        return isStreamed;
    }

    private void ReadUsage(in OtlpSpanView span, ref OtlpRequest request)
    {
        ref var usage = ref request.Usage;
        usage.Input = Count(in span, _input, ref request, out request.From.Input);
        usage.Output = Count(in span, _output, ref request, out request.From.Output);
        usage.Total = Count(in span, _total, ref request, out _);
        usage.CacheRead = Count(in span, _cacheRead, ref request, out request.From.CacheRead);
        usage.CacheWrite = Count(in span, _cacheWrite, ref request, out request.From.CacheWrite);
        usage.Reasoning = Count(in span, _reasoning, ref request, out request.From.Reasoning);
        usage.HasInputDetails = usage.CacheRead.IsKnown || usage.CacheWrite.IsKnown;
        if (request.HasNoOutput && usage.Input.IsKnown)
        {
            usage.Output = usage.Output.Or(TokenCount.Of(0));
        }
    }
}
