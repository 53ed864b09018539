using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.Kong;

/// <summary>One model that was asked, of an entry of Kong's log, on its way to be an event.</summary>
internal ref struct KongReading(
    ReadOnlySpan<byte> payload, KongPaths paths, JsonPathReader values, NativeEventWriter writer, int start)
{
    /// <summary>What Kong logs where the client left before the answer.</summary>
    private const int ClientClosed = 499;

    private const int FirstError = 400;

    private readonly ReadOnlySpan<byte> _payload = payload;
    private ItemReading _item = new(payload, paths.Names, values, writer, start);
    private long _status;

    /// <summary>Writes the event, or says why there is none.</summary>
    public MappingError Map(ReadOnlySpan<byte> item, KongCall call, ref MappedItem mapped)
    {
        _status = Status(paths.Status);
        _ = TryTime(item, call) && TryAttribution(ref mapped) && TryModel(call) && TryUsage(call, ref mapped) && Finish(call);
        return _item.Error;
    }

    /// <summary>The status that a count can be read of; 0 where there is none.</summary>
    private readonly long Status(int[] candidates)
    {
        var node = values.FirstWithValue(candidates);
        return node == 0 ? 0 : CountText.Duration(_payload, in values[node]).OrZero;
    }

    /// <summary>An entry says when the request began and how long it took.</summary>
    private bool TryTime(ReadOnlySpan<byte> item, KongCall call)
    {
        var began = values[paths.StartedAt];
        var took = CountText.Duration(_payload, in values[paths.Latency[0]]).OrZero;
        if (!began.IsPlain || began.Number is < EventLimits.EarliestTimeMs or > EventLimits.LatestTimeMs
            || began.Number + took > EventLimits.LatestTimeMs)
        {
            return _item.Refuse(MappingReason.TimeUnusable, paths.StartedAt);
        }

        _item.Identity(paths.RequestId, item, call.Suffix);
        writer.Number("time"u8, began.Number + took, "started_at + latencies.request");
        writer.Number("started_at"u8, began.Number, "started_at");
        return true;
    }

    private bool TryAttribution(ref MappedItem mapped) =>
        paths.Attribution.TryWrite(writer, _payload, values, ref mapped, out var refused)
        || _item.Refuse(MappingReason.TextUnusable, refused);

    private bool TryModel(KongCall call)
    {
        if (!_item.TryRequired("provider"u8, call.Provider) || !_item.TryRequired("model"u8, call.Model))
        {
            return false;
        }

        _item.Optional("model_requested"u8, call.ModelRequested);
        return true;
    }

    private bool TryUsage(KongCall call, ref MappedItem mapped)
    {
        var convention = Conventions.OfKong.Of(default);
        ReportedUsage reported = default;
        if (!_item.TryReport(call.Usage, ref reported))
        {
            return false;
        }

        if (!convention.TryApply(in reported, out var usage))
        {
            return _item.Refuse(MappingReason.ConventionContradicted, call.Usage.Input[0]);
        }

        var isHit = Ascii.EqualsIgnoreCase(values[call.CacheStatus].Of(_payload), "hit"u8);
        if (!isHit && _status == ClientClosed && usage.Standing != Standing.Unknown)
        {
            usage.Standing = Standing.Cut;
        }

        mapped.Standing = usage.Standing;
        _item.Usage(in usage, call.Usage, convention);
        var isEstimated = usage.Standing == Standing.Cut
            || (_status < FirstError && !(usage.TokensIn.IsKnown && usage.TokensOut.IsKnown));
        if (isEstimated || !call.IsRequest)
        {
            writer.Plain(
                "completeness"u8, isEstimated ? "estimated"u8 : "partial"u8,
                isEstimated ? "no usage is told, or a part of it" : "a plugin asked this model beside the request's");
        }

        if (isHit)
        {
            var isSemantic = values.FirstWithValue(call.Embeddings) != 0;
            writer.Plain("cache_status"u8, isSemantic ? "semantic"u8 : "exact"u8, paths.Names.Path(call.CacheStatus));
        }

        return true;
    }

    private readonly bool Finish(KongCall call)
    {
        writer.Plain("result_type"u8, Result(), "response.status");
        _item.Duration("latency_ms"u8, call.IsRequest ? paths.Latency : call.Latency);
        _item.Duration("ttft_ms"u8, call.FirstToken);
        _item.Optional("request_id"u8, paths.RequestId);
        return true;
    }

    /// <summary>Too many requests, said by Kong and not by the provider, is a limit of Kong's.</summary>
    private readonly ReadOnlySpan<byte> Result() => _status switch
    {
        408 or 504 => "timeout"u8,
        ClientClosed => "cancelled"u8,
        429 when values[paths.Source].Is(_payload, "exit"u8) || values[paths.Source].Is(_payload, "kong"u8) => "blocked_policy"u8,
        >= FirstError => "error"u8,
        _ => "ok"u8,
    };
}
