using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Langfuse's SDKs from version 3 on: an observation is a span, and generations and embeddings are requests, whose usage is a map in JSON.
/// Clients that speak for themselves, as Anthropic's does, are traced within them and exported as well.
/// </summary>
internal sealed class LangfuseDialect : OtlpDialect
{
    private const string Observation = "langfuse.observation.";

    private readonly OtlpResults _results;
    private readonly int _type;
    private readonly int _model;
    private readonly int _usage;
    private readonly int _level;
    private readonly int _started;
    private readonly int _parameters;
    private readonly OtlpJsonText _json;
    private readonly int[] _most;
    private readonly int _tier;

    public LangfuseDialect(OtlpKeys keys)
    {
        _results = new OtlpResults(keys);
        (_type, _model) = (keys.Add(Observation + "type"), keys.Add(Observation + "model.name"));
        (_usage, _level) = (keys.Add(Observation + "usage_details"), keys.Add(Observation + "level"));
        (_started, _parameters) = (keys.Add(Observation + "completion_start_time"), keys.Add(Observation + "model.parameters"));
        var paths = new JsonPaths();
        _most = paths.AddAll(["max_tokens", "max_completion_tokens", "max_output_tokens"]);
        _tier = paths.Add("service_tier");
        _json = new OtlpJsonText(paths);
    }

    /// <summary>Every observation has a type; spans of others that Langfuse exports, too, have none.</summary>
    public override bool Recognises(in OtlpSpanView span) =>
        span.Has(_type) && (span.ScopeName.StartsWith("langfuse"u8) || span.Has(_model) || span.Has(_usage));

    public override void Read(in OtlpSpanView span, ref OtlpRequest request)
    {
        request.HasNoOutput = span.Is(_type, "embedding"u8);
        if (!request.HasNoOutput && !span.Is(_type, "generation"u8))
        {
            return;
        }

        request.Role = OtlpRole.Request;
        request.Emitter = EmitterOf(in span, OtlpEmitters.OfLangfuse);
        (request.Model, request.MayLackModel) = (span[_model], true);
        _results.Read(in span, ref request);
        request.Result = request.Result == ResultType.Ok && span.Is(_level, "ERROR"u8) ? ResultType.Error : request.Result;
        _json.TryRead(in span, span[_parameters]);
        request.Tier = _json.First(in span, _tier);
        request.MaxTokens = OtlpCounts.Read(in span, _json.First(in span, _most), out var most) == MappingReason.None ? most : default;
        request.TtftMs = FirstToken(in span);
        request.From.Input = _usage;
        var told = OtlpUsageMaps.Read(in span, span[_usage], span.Traces.Keys.Name(_usage), ref request);
        request.Maker = ModelMakers.Of(span.Text(in request.Model), told.Names);
        request.Convention = Conventions.OfLangfuseSpans.Of(in told, request.Maker, request.HasNoOutput, out request.AtBest);
        request.Usage = UsageMapConventions.Reported(in told, request.HasNoOutput);
    }

    /// <summary>A time in JSON, which is a text in quotes.</summary>
    private TokenCount FirstToken(in OtlpSpanView span)
    {
        var text = span.Text(span[_started]).Trim((byte)'"');
        return EventTime.TryParse(text, out var timeMs) && timeMs >= 0
            ? OtlpCounts.Milliseconds(span.Span.StartNs, (ulong)timeMs * 1_000_000)
            : default;
    }
}
