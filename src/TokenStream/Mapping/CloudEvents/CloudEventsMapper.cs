using TokenStream.Events;

namespace TokenStream.Mapping.CloudEvents;

/// <summary>
/// Turns CloudEvents 1.0 into native events: structured ones, alone, in a batch or one after another, and binary ones, whose attributes are
/// headers. Their data are a provider's usage object, totals, one class of tokens (as OpenMeter has them), or a native event. Depends on
/// the payload alone and never throws, whatever the bytes. One mapper belongs to one thread.
/// </summary>
public sealed class CloudEventsMapper : IPayloadMapper
{
    private readonly CloudEventPaths _paths;
    private readonly JsonPathReader _values;
    private readonly CloudEventEnvelope _binary = new();
    private readonly CloudEventEnvelope _unpacked = new();
    private readonly EventDecoder _decoder = new([]);
    private byte[] _judged = new byte[1024];

    /// <param name="attribution">Where to find who and what for; null for <see cref="DefaultAttribution"/>.</param>
    /// <exception cref="FormatException">A path is none.</exception>
    public CloudEventsMapper(AttributionPaths? attribution = null)
    {
        _paths = new CloudEventPaths(attribution ?? DefaultAttribution);
        _values = new JsonPathReader(_paths.Names);
    }

    /// <summary>Where users of CloudEvents put who and what for.</summary>
    public static AttributionPaths DefaultAttribution => CloudEventPaths.DefaultAttribution;

    public void Map(in Payload payload, MappedEvents events)
    {
        events.Clear();
        SetEmitter(payload.Header("user-agent"u8), events);
        if (payload.Body.Length > MappingLimits.PayloadBytes)
        {
            events.RefuseAll(new MappingError(MappingReason.PayloadTooLarge, 0, ""));
        }
        else if (!CloudEventEnvelope.IsBinary(in payload))
        {
            Map(payload.Body, payload.ReceivedMs, events, bodyStart: 0, bodyLength: payload.Body.Length);
        }
        else if (_binary.TryWrap(in payload, out var dataStart, out var error))
        {
            Map(_binary.Written, payload.ReceivedMs, events, dataStart, payload.Body.Length);
        }
        else
        {
            events.RefuseAll(error);
        }
    }

    /// <summary>OpenMeter's clients name themselves; everybody else's events are CloudEvents of whoever sent them.</summary>
    private static void SetEmitter(ReadOnlySpan<byte> userAgent, MappedEvents events)
    {
        var product = userAgent[..(userAgent.IndexOf((byte)' ') is >= 0 and var space ? space : userAgent.Length)];
        var slash = product.IndexOf((byte)'/');
        if (product.IndexOf("openmeter"u8) >= 0)
        {
            events.SetEmitter("openmeter"u8, slash < 0 ? default : product[(slash + 1)..]);
        }
        else
        {
            events.SetEmitter("cloudevents"u8);
        }
    }

    private void Map(ReadOnlySpan<byte> payload, long receivedMs, MappedEvents events, int bodyStart, int bodyLength)
    {
        var items = new PayloadItems(payload);
        while (items.MoveNext(events.Count))
        {
            var start = items.Scanner.At;
            if (!_values.TryRead(ref items.Scanner, items.Depth, out var duplicate))
            {
                items.Fail();
                continue;
            }

            var item = payload[start..items.Scanner.At];
            var error = duplicate >= 0
                ? Refuse(events, new MappingError(MappingReason.DuplicateField, duplicate, ""))
                : Map(payload, item, start, receivedMs, events);
            if (error.Reason != MappingReason.None)
            {
                // What was put together is not what was sent: the place is that of the body, or its beginning for what stood in headers.
                events.MoveError(events.Count - 1, Math.Clamp(error.Offset - bodyStart, 0, bodyLength));
            }
        }

        items.End(events);
    }

    private static MappingError Refuse(MappedEvents events, MappingError error)
    {
        MappedEvents.Refuse(ref events.Add(), events, error);
        return error;
    }

    private MappingError Map(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> item, int start, long receivedMs, MappedEvents events)
    {
        var isBase64 = _values[_paths.DataNode].Kind == JsonKind.Absent && _values[_paths.DataBase64].IsText;
        var packed = isBase64 ? _values[_paths.DataBase64] : _values[_paths.DataNode];
        var isPacked = isBase64 || packed.Kind == JsonKind.Text;
        if (!isPacked)
        {
            return Write(payload, start, receivedMs, events);
        }

        // Packed data may be JSON all the same: some clients send bytes or texts.
        var read = _unpacked.TryUnpack(payload, item, start, in packed, isBase64);
        var scanner = new JsonScanner(_unpacked.Written);
        var isAgain = read && _values.TryRead(ref scanner, depth: 0, out var duplicate) && duplicate < 0;
        if (!isAgain || _values[_paths.DataNode].Kind == JsonKind.Text)
        {
            return Refuse(events, new MappingError(MappingReason.NotOfThisSource, packed.Offset, isBase64 ? "data_base64" : "data"));
        }

        var error = Write(_unpacked.Written, 0, receivedMs, events);
        return error.Reason == MappingReason.None ? error : error with { Offset = start };
    }

    private MappingError Write(ReadOnlySpan<byte> payload, int start, long receivedMs, MappedEvents events)
    {
        ref var item = ref events.Add();
        var reading = new CloudEventReading(payload, _paths, _values, events.Writer, start, receivedMs);
        var error = reading.Map(ref item);
        error = error.Reason == MappingReason.None && reading.IsNative ? Judge(events, in item) : error;
        events.End(ref item, error);

        return error;
    }

    /// <summary>A native event in an envelope is asked for what the stream asks of it: here its sender still hears of it.</summary>
    private MappingError Judge(MappedEvents events, in MappedItem item)
    {
        UsageEvent usage = default;
        var written = events.Writer.Since(item.Start);
        if (_judged.Length <= written.Length)
        {
            Array.Resize(ref _judged, written.Length + 1);
        }

        written.CopyTo(_judged);
        _judged[written.Length] = (byte)'}';
        return _decoder.TryDecode(_judged.AsSpan(0, written.Length + 1), ref usage, out var error)
            ? default
            : new MappingError(
                MappingReason.NoNativeEvent, _values[_paths.DataNode].Offset, $"data.{error.FieldName}: {error.Reason.Name()}");
    }
}
