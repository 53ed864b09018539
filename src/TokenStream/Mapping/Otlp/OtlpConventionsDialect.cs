using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// The <c>gen_ai.*</c> attributes of OpenTelemetry's semantic conventions, of all their generations and with the aliases that
/// instrumentations have for them. What each emitter means by its counts is told by <see cref="OtlpEmitters"/>.
/// </summary>
internal sealed class OtlpConventionsDialect : OtlpDialect
{
    private readonly OtlpConventionKeys _keys;
    private readonly OtlpResults _results;
    private readonly int[][] _markers;

    public OtlpConventionsDialect(OtlpKeys keys)
    {
        (_keys, _results) = (new OtlpConventionKeys(keys), new OtlpResults(keys));
        _markers = [.. OtlpEmitters.OfConventions.Select(emitter => keys.AddAll(emitter.Markers))];
    }

    /// <summary>Two of: what was done, by whom, with which model, at what use.</summary>
    public override bool Recognises(in OtlpSpanView span)
    {
        var signs = (span.Has(_keys.Operation) ? 1 : 0) + (span.HasAny(_keys.Provider) ? 1 : 0) + (HasModel(in span) ? 1 : 0);
        return signs >= 2 || (signs == 1 && HasUsage(in span));
    }

    public override void Read(in OtlpSpanView span, ref OtlpRequest request)
    {
        var operation = span.Text(span[_keys.Operation]);
        operation = operation.IsEmpty ? span.Text(span[_keys.RequestType]) : operation;
        if (span.Is(_keys.LogfireType, "pending_span"u8) || !IsRequest(in span, operation))
        {
            return;
        }

        request.Role = OtlpRole.Request;
        request.Emitter = EmitterOf(in span, OtlpEmitters.OfConventions, _markers);
        (request.Provider, request.ResponseId) = (span.First(_keys.Provider), span[_keys.ResponseId]);
        (request.Model, request.ModelRequested) = (Named(in span, _keys.ResponseModel), Named(in span, _keys.RequestModel));
        (request.Tier, request.Region) = (span.First(_keys.Tier), span.First(_keys.Region));
        request.MaxTokens = Optional(in span, span[_keys.MaxTokens]);
        request.TtftMs = OtlpCounts.Milliseconds(span.First(_keys.FirstChunk));
        _results.Read(in span, ref request);
        ReadUsage(in span, operation, ref request);
        JudgeStream(in span, ref request);
    }

    /// <summary>Spring writes <c>none</c> where there is none.</summary>
    private static OtlpValue Named(in OtlpSpanView span, int[] keys)
    {
        var model = span.First(keys);
        return span.Text(in model).SequenceEqual("none"u8) ? default : model;
    }

    private bool HasModel(in OtlpSpanView span) => span.HasAny(_keys.ResponseModel) || span.HasAny(_keys.RequestModel);

    private bool HasUsage(in OtlpSpanView span) => span.HasAny(_keys.Input) || span.HasAny(_keys.Output);

    /// <summary>
    /// Agents, tools and workflows sum up the requests within them. A name that is not known may be anything, and is a request where it
    /// used tokens or was answered.
    /// </summary>
    private bool IsRequest(in OtlpSpanView span, ReadOnlySpan<byte> operation)
    {
        foreach (var name in OtlpConventionKeys.ContextOperations)
        {
            if (operation.SequenceEqual(name))
            {
                return false;
            }
        }

        foreach (var name in OtlpConventionKeys.RequestOperations)
        {
            if (operation.SequenceEqual(name))
            {
                return HasModel(in span) || HasUsage(in span);
            }
        }

        return HasUsage(in span) || (HasModel(in span) && (span.Has(_keys.ResponseId) || span.HasAny(_keys.Provider)));
    }

    private void ReadUsage(in OtlpSpanView span, ReadOnlySpan<byte> operation, ref OtlpRequest request)
    {
        ref var usage = ref request.Usage;
        usage.Input = Count(in span, _keys.Input, ref request, out request.From.Input);
        usage.Output = Count(in span, _keys.Output, ref request, out request.From.Output);
        usage.Total = Count(in span, _keys.Total, ref request, out _);
        usage.CacheRead = Count(in span, _keys.CacheRead, ref request, out request.From.CacheRead);
        usage.CacheWrite = Count(in span, _keys.CacheWrite, ref request, out request.From.CacheWrite);
        usage.CacheWrite5m = Count(in span, _keys.CacheWrite5m, ref request, out _);
        usage.CacheWrite1h = Count(in span, _keys.CacheWrite1h, ref request, out request.From.CacheWrite1h);
        usage.Reasoning = Count(in span, _keys.Reasoning, ref request, out request.From.Reasoning);
        usage.ToolInput = Count(in span, _keys.ToolInput, ref request, out _);
        usage.HasInputDetails = usage.CacheRead.IsKnown || usage.CacheWrite.IsKnown;
        request.Searches = Count(in span, _keys.Searches, ref request, out _);
        var emitter = request.Emitter;
        request.HasNoOutput = operation.SequenceEqual("embeddings"u8) || operation.SequenceEqual("embedding"u8);
        usage.IsNeverCached = request.HasNoOutput;
        if (request.HasNoOutput)
        {
            usage.Output = usage.Input.IsKnown ? usage.Output.Or(TokenCount.Of(0)) : usage.Output;
            usage.CacheRead = emitter.Has(OtlpHabits.InventsCacheOfEmbeddings) ? usage.CacheRead.UnlessZero() : usage.CacheRead;
        }

        if (emitter.Has(OtlpHabits.LeavesOutZeros) && usage.Input.IsKnown != usage.Output.IsKnown)
        {
            (usage.Input, usage.Output) = (usage.Input.Or(TokenCount.Of(0)), usage.Output.Or(TokenCount.Of(0)));
        }

        if (usage.CacheWrite1h.IsKnown && !usage.CacheWrite5m.IsKnown && usage.CacheWrite.OrZero >= usage.CacheWrite1h.OrZero)
        {
            // There are two lifetimes, and one of them is told.
            usage.CacheWrite5m = TokenCount.Of(usage.CacheWrite.OrZero - usage.CacheWrite1h.OrZero);
        }

        if (emitter.Has(OtlpHabits.StreamedOutputIsOneTooHigh) && IsStreamed(in span) && usage.Output.OrZero > 0)
        {
            usage.Total = default;
            usage.Output = TokenCount.Of(usage.Output.OrZero - 1);
            request.AtBest = Standing.Assumed;
        }
    }

    private bool IsStreamed(in OtlpSpanView span) => span.First(_keys.Stream).IsTrue;

    /// <summary>
    /// A stream that nobody read to its end has neither a reason to have finished nor its output, where the emitter tells these of others.
    /// </summary>
    private void JudgeStream(in OtlpSpanView span, ref OtlpRequest request)
    {
        var isLeft = request.Result == ResultType.Ok && request.Emitter.Has(OtlpHabits.TellsEndOfStream)
            && request.Emitter.IsShown(span.ScopeVersion) && IsStreamed(in span) && !request.Usage.Output.IsKnown
            && !span.HasAny(_keys.FinishReasons);
        if (isLeft)
        {
            request.Result = ResultType.Cancelled;
            request.AtBest = Standing.Cut;
        }
    }

    /// <summary>A count that no request is lost for.</summary>
    private static TokenCount Optional(in OtlpSpanView span, in OtlpValue value) =>
        OtlpCounts.Read(in span, in value, out var count) == MappingReason.None ? count : default;
}
