namespace TokenStream.Mapping.Envoy;

/// <summary>
/// Turns the lines of Envoy AI Gateway's access log (JSON; one, an array, or lines) into native events: one a request, however many
/// backends were tried. Lines of requests that asked no model are none of ours and give nothing. Depends on the payload alone and never
/// throws, whatever the bytes. One mapper belongs to one thread.
/// </summary>
public sealed class EnvoyMapper : IPayloadMapper
{
    private readonly EnvoyPaths _paths;
    private readonly JsonPathReader _values;

    /// <param name="attribution">Where to find who and what for; null for <see cref="DefaultAttribution"/>.</param>
    /// <exception cref="FormatException">A path is none.</exception>
    public EnvoyMapper(AttributionPaths? attribution = null)
    {
        _paths = new EnvoyPaths(attribution ?? DefaultAttribution);
        _values = new JsonPathReader(_paths.Names, isDashNothing: true);
    }

    /// <summary>Where Envoy's users put who and what for.</summary>
    public static AttributionPaths DefaultAttribution => EnvoyPaths.DefaultAttribution;

    public void Map(in Payload payload, MappedEvents events)
    {
        events.Clear();
        events.SetEmitter("envoy"u8);
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
            else if (!IsOfEnvoy())
            {
                MappedEvents.Refuse(ref events.Add(), events, new MappingError(MappingReason.NotOfThisSource, start, ""));
            }
            else if (IsAsked())
            {
                MapLine(payload.Body, start, items.Scanner.At, events);
            }
        }

        items.End(events);
    }

    /// <summary>Several fields together, which every line of an access log has.</summary>
    private bool IsOfEnvoy() =>
        _values[_paths.StartTime].Kind == JsonKind.Text
        && (_values.FirstWithValue(_paths.Status) != 0 || _values.FirstWithValue(_paths.Flags) != 0)
        && (_values.FirstWithValue(_paths.Duration) != 0 || _values.FirstWithValue(_paths.RequestId) != 0);

    private bool IsAsked() =>
        _values.FirstWithValue(_paths.Model) != 0 || _values.FirstWithValue(_paths.Usage.Input) != 0
        || _values.FirstWithValue(_paths.Usage.Output) != 0 || _values.FirstWithValue(_paths.Usage.Total) != 0;

    private void MapLine(ReadOnlySpan<byte> payload, int start, int end, MappedEvents events)
    {
        ref var item = ref events.Add();
        var reading = new EnvoyReading(payload, _paths, _values, events.Writer, start);
        var error = reading.Map(payload[start..end], ref item);
        events.End(ref item, error);
    }
}
