namespace TokenStream.Mapping.Kong;

/// <summary>
/// Turns Kong's log entries, as http-log, file-log and their like write them (one, an array, or lines), into native events: one for the
/// client's request, however many providers were tried, and one for each model that a plugin asked beside it. Entries of requests that
/// asked no model are none of ours and give nothing. Depends on the payload alone and never throws, whatever the bytes. One mapper belongs
/// to one thread.
/// </summary>
public sealed class KongMapper : IPayloadMapper
{
    private readonly KongPaths _paths;
    private readonly JsonPathReader _values;

    /// <param name="attribution">Where to find who and what for; null for <see cref="DefaultAttribution"/>.</param>
    /// <exception cref="FormatException">A path is none.</exception>
    public KongMapper(AttributionPaths? attribution = null)
    {
        _paths = new KongPaths(attribution ?? DefaultAttribution);
        _values = new JsonPathReader(_paths.Names);
    }

    /// <summary>Where Kong's users put who and what for.</summary>
    public static AttributionPaths DefaultAttribution => KongPaths.DefaultAttribution;

    public void Map(in Payload payload, MappedEvents events)
    {
        events.Clear();
        events.SetEmitterOfAgent(payload.Header("user-agent"u8), "kong"u8);
        var items = new PayloadItems(payload.Body);
        while (items.MoveNext(events.Count))
        {
            var start = items.Scanner.At;
            if (!_values.TryRead(ref items.Scanner, items.Depth, out var duplicate))
            {
                items.Fail();
                continue;
            }

            if (duplicate >= 0)
            {
                MappedEvents.Refuse(ref events.Add(), events, new MappingError(MappingReason.DuplicateField, duplicate, ""));
            }
            else if (!IsOfKong())
            {
                MappedEvents.Refuse(ref events.Add(), events, new MappingError(MappingReason.NotOfThisSource, start, ""));
            }
            else if (_values[_paths.Ai].Kind == JsonKind.Object)
            {
                MapCalls(payload.Body, start, items.Scanner.At, events);
            }
        }

        items.End(events);
    }

    /// <summary>Several fields together, which every entry of Kong's logs has.</summary>
    private bool IsOfKong() =>
        _values[_paths.StartedAt].Kind == JsonKind.Number
        && (_values[_paths.Request].Kind == JsonKind.Object || _values[_paths.Response].Kind == JsonKind.Object);

    private void MapCalls(ReadOnlySpan<byte> payload, int start, int end, MappedEvents events)
    {
        var isAsked = false;
        foreach (var call in _paths.Calls)
        {
            // Both names of the proxy are the same request: an entry has one of them.
            if (_values[call.Node].Kind != JsonKind.Object || (call.IsRequest && isAsked))
            {
                continue;
            }

            isAsked |= call.IsRequest;
            ref var item = ref events.Add();
            var reading = new KongReading(payload, _paths, _values, events.Writer, start);
            var error = reading.Map(payload[start..end], call, ref item);
            events.End(ref item, error);
        }
    }
}
