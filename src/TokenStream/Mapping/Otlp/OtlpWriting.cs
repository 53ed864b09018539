using System.Globalization;
using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>One request of a payload of traces on its way to be an event.</summary>
internal readonly ref struct OtlpWriting(
    ReadOnlySpan<byte> payload, OtlpTraces traces, OtlpAttribution attribution, NativeEventWriter writer, long receivedMs)
{
    private const int NanosecondsPerMs = 1_000_000;

    /// <summary>Most spans of one request that are asked who it was for.</summary>
    private const int MostWitnesses = 8;

    private readonly ReadOnlySpan<byte> _payload = payload;

    /// <summary>Writes the event of the request that speaks for its group, or says why there is none.</summary>
    public MappingError Write(OtlpRequests requests, int speaker, ref MappedItem item)
    {
        ref readonly var request = ref requests[speaker];
        ref readonly var span = ref traces[request.Span];
        if (request.Error.Reason != MappingReason.None || span.Duplicate != 0)
        {
            return request.Error.Reason != MappingReason.None
                ? request.Error
                : new MappingError(MappingReason.DuplicateField, span.Duplicate, "");
        }

        var timeMs = span.EndNs == 0 ? receivedMs : (long)(span.EndNs / NanosecondsPerMs);
        if (timeMs is < EventLimits.EarliestTimeMs or > EventLimits.LatestTimeMs)
        {
            return new MappingError(MappingReason.TimeUnusable, span.Offset, "endTimeUnixNano");
        }

        if (!TryIdentity(requests, speaker))
        {
            return new MappingError(MappingReason.MissingField, span.Offset, "spanId");
        }

        writer.Number("time"u8, timeMs, span.EndNs == 0 ? "when it was received" : "endTimeUnixNano");
        Span<int> witnesses = stackalloc int[MostWitnesses];
        var count = Witnesses(requests, speaker, witnesses);
        if (!attribution.TryWrite(writer, _payload, traces, witnesses[..count], ref item, out var refused))
        {
            return new MappingError(MappingReason.TextUnusable, span.Offset, refused);
        }

        var error = WriteModel(in request, Answered(requests, speaker), span.Offset);
        if (error.Reason == MappingReason.None)
        {
            WriteUsage(in request, ref item);
            WriteRest(in request, in span);
        }

        return error;
    }

    /// <summary>The spans that tell of a request, the one that speaks first.</summary>
    private static int Witnesses(OtlpRequests requests, int speaker, Span<int> spans)
    {
        var count = 0;
        spans[count++] = requests[speaker].Span;
        for (var at = requests[speaker].Group; at >= 0 && count < spans.Length; at = requests[at].NextOfGroup)
        {
            if (at != speaker)
            {
                spans[count++] = requests[at].Span;
            }
        }

        return count;
    }

    /// <summary>
    /// The id of the response, which every span of a request has that comes in another payload; else that of the span. An id that may come
    /// twice counts within its trace.
    /// </summary>
    private bool TryIdentity(OtlpRequests requests, int speaker)
    {
        if (TryResponseId(in requests[speaker]))
        {
            return true;
        }

        for (var at = requests[speaker].Group; at >= 0; at = requests[at].NextOfGroup)
        {
            if (at != speaker && TryResponseId(in requests[at]))
            {
                return true;
            }
        }

        ref readonly var span = ref traces[requests[speaker].Span];
        if (span.SpanId == 0)
        {
            return false;
        }

        Span<byte> id = stackalloc byte[49];
        span.TraceId.TryFormat(id, out _, "x32", CultureInfo.InvariantCulture);
        id[32] = (byte)'-';
        span.SpanId.TryFormat(id[33..], out _, "x16", CultureInfo.InvariantCulture);
        writer.Plain("event_id"u8, id, "traceId and spanId");
        return true;
    }

    private bool TryResponseId(in OtlpRequest request)
    {
        if (!request.ResponseId.IsText || request.IsIdOfSpanOnly)
        {
            return false;
        }

        var id = traces.Bytes(_payload, in request.ResponseId);
        if (OtlpRequests.IsUnique(id))
        {
            return writer.TryText("event_id"u8, id, "the response's id");
        }

        Span<byte> both = stackalloc byte[33 + EventLimits.TextBytes];
        if (id.Length > EventLimits.TextBytes)
        {
            return false;
        }

        traces[request.Span].TraceId.TryFormat(both, out _, "x32", CultureInfo.InvariantCulture);
        both[32] = (byte)'-';
        id.CopyTo(both[33..]);
        return writer.TryText("event_id"u8, both[..(33 + id.Length)], "traceId and the response's id");
    }

    /// <summary>
    /// The model that answered: as the answer itself says where a span quotes it, since others may repeat what was asked for.
    /// </summary>
    private static OtlpValue Answered(OtlpRequests requests, int speaker)
    {
        for (var at = requests[speaker].Group; at >= 0; at = requests[at].NextOfGroup)
        {
            if (requests[at].Emitter.Has(OtlpHabits.QuotesAnswers) && requests[at].ResponseId.IsText && requests[at].Model.IsText)
            {
                return requests[at].Model;
            }
        }

        return requests[speaker].Model;
    }

    private MappingError WriteModel(in OtlpRequest request, OtlpValue answered, int offset)
    {
        var model = answered.IsText ? answered : request.ModelRequested;
        if (!model.IsText && !request.IsFailed && !request.MayLackModel)
        {
            return new MappingError(MappingReason.MissingField, offset, "gen_ai.request.model");
        }

        var named = Bytes(request.Provider);
        var isNamed = OtlpProviders.IsProvider(named);
        var name = model.IsText ? Bytes(model) : "unknown"u8;
        var route = isNamed ? default : OtlpProviders.RouteOf(name);
        var maker = !route.IsEmpty ? route : request.Maker ?? ModelMakers.Of(Bytes(model));
        if (!writer.TryText("provider"u8, isNamed ? named : maker, isNamed ? "provider" : "the model's name"))
        {
            return new MappingError(MappingReason.TextUnusable, request.Provider.IsCopy ? offset : request.Provider.Offset, "provider");
        }

        name = route.IsEmpty ? name : name[(route.Length + 1)..];
        if (!writer.TryText("model"u8, name, answered.IsText ? "response's model" : "request's model"))
        {
            return new MappingError(MappingReason.TextUnusable, model.IsCopy ? offset : model.Offset, "model");
        }

        writer.OptionalText("model_requested"u8, Bytes(request.ModelRequested), "request's model");
        return default;
    }

    private ReadOnlySpan<byte> Bytes(in OtlpValue value) => value.Kind == OtlpKind.Text ? traces.Bytes(_payload, in value) : default;

    private void WriteUsage(in OtlpRequest request, ref MappedItem item)
    {
        ref readonly var usage = ref request.Mapped;
        item.Standing = usage.Standing;
        var keys = traces.Keys;
        writer.Count("tokens_in"u8, usage.TokensIn, keys.Name(request.From.Input));
        writer.Count("tokens_out"u8, usage.TokensOut, keys.Name(request.From.Output));
        writer.Count("tokens_cached"u8, usage.Cached, keys.Name(request.From.CacheRead));
        writer.Count("tokens_cache_write_5m"u8, usage.CacheWrite5m, keys.Name(request.From.CacheWrite));
        writer.Count("tokens_cache_write_1h"u8, usage.CacheWrite1h, keys.Name(request.From.CacheWrite1h));
        writer.Count("tokens_reasoning"u8, usage.Reasoning, keys.Name(request.From.Reasoning));
        writer.Unit("web_searches"u8, request.Searches, "web searches");
        writer.Plain("usage_convention"u8, request.Convention!.Name(usage.Standing), request.Convention.Grounds);
        var isPart = !(usage.TokensIn.IsKnown && usage.TokensOut.IsKnown);
        var isEstimate = usage.IsOutputAtMost || usage.Standing is Standing.Counted or Standing.Cut or Standing.Mock
            || (isPart && request.Result == ResultType.Ok);
        if (isEstimate)
        {
            writer.Plain("completeness"u8, "estimated"u8, isPart ? "no usage was told, or a part of it" : "a part is a bound");
        }

        writer.Plain("result_type"u8, Name(request.Result), "status and error.type");
        if (request.IsAvoided)
        {
            writer.Plain("cache_status"u8, "exact"u8, "the gateway's own cache");
        }
    }

    private static ReadOnlySpan<byte> Name(ResultType result) => result switch
    {
        ResultType.Ok => "ok"u8,
        ResultType.Timeout => "timeout"u8,
        ResultType.Cancelled => "cancelled"u8,
        ResultType.BlockedBudget => "blocked_budget"u8,
        ResultType.BlockedPolicy => "blocked_policy"u8,
        _ => "error"u8,
    };

    /// <summary>Everything that is optional.</summary>
    private void WriteRest(in OtlpRequest request, in OtlpSpan span)
    {
        if (request.Result != ResultType.Ok)
        {
            writer.OptionalText("error_type"u8, Bytes(request.ErrorType), "error.type");
        }

        writer.OptionalText("service_tier"u8, Bytes(request.Tier), "service tier");
        writer.OptionalText("region"u8, Bytes(request.Region), "region");
        Number("attempt"u8, request.Attempt.OrZero > 0 ? request.Attempt : default, "attempt");
        Number("max_tokens"u8, request.MaxTokens, "max_tokens");
        var startMs = (long)(span.StartNs / NanosecondsPerMs);
        if (startMs is >= EventLimits.EarliestTimeMs and <= EventLimits.LatestTimeMs)
        {
            writer.Number("started_at"u8, startMs, "startTimeUnixNano");
        }

        Number("latency_ms"u8, OtlpCounts.Milliseconds(span.StartNs, span.EndNs), "endTimeUnixNano - startTimeUnixNano");
        Number("ttft_ms"u8, request.TtftMs, "time to the first chunk");
    }

    private void Number(ReadOnlySpan<byte> name, TokenCount count, string from)
    {
        if (count.IsKnown)
        {
            writer.Number(name, count.OrZero, from);
        }
    }
}
