using System.Buffers.Text;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.CloudEvents;

/// <summary>One CloudEvent on its way to be a native event.</summary>
internal ref struct CloudEventReading(
    ReadOnlySpan<byte> payload, CloudEventPaths paths, JsonPathReader values, NativeEventWriter writer, int start, long receivedMs)
{
    /// <summary>How the types of CloudEvents begin whose data are a native event.</summary>
    private static ReadOnlySpan<byte> NativeType => "tokenstream."u8;

    private readonly ReadOnlySpan<byte> _payload = payload;
    private ItemReading _item = new(payload, paths.Names, values, writer, start);

    /// <summary>Whether the data are a native event, which nobody has looked at yet.</summary>
    public bool IsNative { get; private set; }

    /// <summary>Writes the event, or says why there is none.</summary>
    public MappingError Map(ref MappedItem mapped)
    {
        if (!values[paths.SpecVersion].Of(_payload).StartsWith("1."u8) || !values[paths.Type].IsText)
        {
            _item.Refuse(MappingReason.NotOfThisSource);
            return _item.Error;
        }

        IsNative = values[paths.Type].Of(_payload).StartsWith(NativeType) && values[paths.DataNode].Kind == JsonKind.Object;
        _ = IsNative ? TryNative(ref mapped) : TryForeign(ref mapped);
        return _item.Error;
    }

    private bool TryNative(ref MappedItem mapped)
    {
        if ((values[paths.EventId].Kind == JsonKind.Absent && !TryIdentity())
            || (values[paths.EventTime].Kind == JsonKind.Absent && !TryTime()))
        {
            return false;
        }

        var data = values[paths.DataNode];
        var tenant = values[paths.EventTenant];
        var place = tenant.IsText ? (tenant.Offset - data.Offset - 1, tenant.Length) : (-1, 0);
        if (tenant.Kind == JsonKind.Absent && !paths.Attribution.TryWriteTenant(writer, _payload, values, ref mapped, out var refused))
        {
            return _item.Refuse(MappingReason.TextUnusable, refused);
        }

        writer.Members(data.Of(_payload)[1..^1], place, "data, a native event");
        mapped.Standing = Standing.Exact;
        return true;
    }

    private bool TryForeign(ref MappedItem mapped)
    {
        var usage = CloudEventUsage.Find(ref _item, paths, values);
        if (_item.Error.Reason != MappingReason.None)
        {
            return false;
        }

        if (!usage.IsThere)
        {
            return _item.Refuse(MappingReason.NotOfThisSource);
        }

        if (!TryIdentity() || !TryTime())
        {
            return false;
        }

        if (!paths.Attribution.TryWrite(writer, _payload, values, ref mapped, out var refused))
        {
            return _item.Refuse(MappingReason.TextUnusable, refused);
        }

        return TryModel(in usage) && TryUsage(in usage, ref mapped) && Finish();
    }

    /// <summary>
    /// CloudEvents are told apart by source and id: an id alone is unique within its source only. Where an event cannot carry both, a hash
    /// of both stands for them.
    /// </summary>
    private bool TryIdentity()
    {
        var (source, id) = (values[paths.Source], values[paths.Id]);
        if (!id.IsText || !source.IsText)
        {
            return _item.Refuse(MappingReason.MissingField, id.IsText ? paths.Source : paths.Id);
        }

        Span<byte> name = stackalloc byte[EventLimits.TextBytes];
        var first = source.Of(_payload);
        var last = id.Of(_payload);
        if (first.Length + 1 + last.Length <= EventLimits.TextBytes
            && NativeEventWriter.IsUsable(_payload, in source) && NativeEventWriter.IsUsable(_payload, in id))
        {
            first.CopyTo(name);
            name[first.Length] = (byte)' ';
            writer.Plain("event_id"u8, name[..(first.Length + 1)], "source and id", last);
            return true;
        }

        Utf8Formatter.TryFormat(StableHash.Hash(first, last), name, out var digits, new System.Buffers.StandardFormat('x', 16));
        writer.Plain("event_id"u8, name[..digits], "a hash of source and id, which are too long for an event");
        return true;
    }

    /// <summary>What has no time is of when it came.</summary>
    private bool TryTime()
    {
        ref readonly var time = ref values[paths.Time];
        if (!time.IsThere)
        {
            writer.Number("time"u8, receivedMs, "when it was received: it has no time");
            return receivedMs is >= EventLimits.EarliestTimeMs and <= EventLimits.LatestTimeMs
                || _item.Refuse(MappingReason.TimeUnusable, paths.Time);
        }

        if (time.Kind != JsonKind.Text || !EpochTime.TryRead(_payload, in time, out var microseconds))
        {
            return _item.Refuse(MappingReason.TimeUnusable, paths.Time);
        }

        writer.Number("time"u8, microseconds / 1000, "time");
        return true;
    }

    private bool TryModel(in CloudEventUsage usage)
    {
        if (values.FirstWithValue(paths.Provider) != 0)
        {
            if (!_item.TryRequired("provider"u8, paths.Provider))
            {
                return false;
            }
        }
        else
        {
            var name = usage.Provider == Maker.None ? "unknown"u8 : usage.Provider.Name();
            writer.Plain("provider"u8, name, "the names of the model or the counts: no provider is named");
        }

        if (!_item.TryRequired("model"u8, paths.Model))
        {
            return false;
        }

        _item.Optional("model_requested"u8, paths.ModelRequested);
        return true;
    }

    private bool TryUsage(in CloudEventUsage found, ref MappedItem mapped)
    {
        var reported = found.Reported;
        if (!found.Convention.TryApply(in reported, out var usage))
        {
            return _item.Refuse(MappingReason.ConventionContradicted, paths.UsageNode);
        }

        var isOk = Result().SequenceEqual("ok"u8);
        usage.Standing = usage.Standing == Standing.Unknown ? Standing.Unknown : Convention.Later(usage.Standing, found.AtBest);
        mapped.Standing = usage.Standing;
        _item.Usage(in usage, found.Paths, found.Convention);
        if (found.Class is not (TokenClass.None or TokenClass.Input))
        {
            // Each class is an event of its own, and every request has input: that event is the request, the others add to it.
            writer.Plain("completeness"u8, "partial"u8, "tokens of one class beside others");
        }
        else if (isOk && !(usage.TokensIn.IsKnown && usage.TokensOut.IsKnown))
        {
            writer.Plain("completeness"u8, "estimated"u8, "no usage is told, or a part of it");
        }

        var searches = default(TokenCount);
        if (!_item.TryCount(paths.Usage.Searches, ref searches))
        {
            return false;
        }

        writer.Unit("web_searches"u8, searches, "data.usage.server_tool_use.web_search_requests");
        writer.Plain("result_type"u8, Result(), "data.status, data.error");
        return true;
    }

    private readonly ReadOnlySpan<byte> Result()
    {
        var text = _item.Text(paths.Status);
        if (Ascii.EqualsIgnoreCase(text, "timeout"u8))
        {
            return "timeout"u8;
        }

        if (Ascii.EqualsIgnoreCase(text, "cancelled"u8) || Ascii.EqualsIgnoreCase(text, "canceled"u8)
            || Ascii.EqualsIgnoreCase(text, "aborted"u8))
        {
            return "cancelled"u8;
        }

        var node = values.FirstWithValue(paths.HttpStatus);
        var status = node == 0 ? default : CountText.Duration(_payload, in values[node]);
        var error = values[paths.Error];
        var isError = error.Kind is JsonKind.Object or JsonKind.True || error.IsText || status.OrZero is >= 400 and < 600
            || Ascii.EqualsIgnoreCase(text, "error"u8) || Ascii.EqualsIgnoreCase(text, "failed"u8)
            || Ascii.EqualsIgnoreCase(text, "failure"u8);
        return status.OrZero is 408 or 504 ? "timeout"u8 : isError ? "error"u8 : "ok"u8;
    }

    private readonly bool Finish()
    {
        _item.Optional("error_type"u8, paths.ErrorType);
        _item.Optional("service_tier"u8, paths.Tier);
        _item.Optional("region"u8, paths.Region);
        _item.Optional("request_id"u8, paths.RequestId);
        _item.Duration("latency_ms"u8, paths.Latency);
        _item.Duration("ttft_ms"u8, paths.FirstToken);
        return true;
    }
}
