namespace TokenStream.Mapping.LiteLlm;

/// <summary>
/// Turns LiteLLM's StandardLoggingPayload (one, an array, or lines), as its SDK callbacks and its proxy's <c>generic_api</c> callback send
/// it, into native events. Depends on the payload alone, never throws, whatever the bytes, and allocates nothing once its tables have
/// grown. One mapper belongs to one thread.
/// </summary>
public sealed class LiteLlmMapper : IPayloadMapper
{
    private readonly LiteLlmPaths _paths;
    private readonly JsonPathReader _values;

    /// <param name="attribution">Where to find who and what for; null for <see cref="DefaultAttribution"/>.</param>
    /// <exception cref="FormatException">A path is none.</exception>
    public LiteLlmMapper(AttributionPaths? attribution = null)
    {
        _paths = new LiteLlmPaths(attribution ?? DefaultAttribution);
        _values = new JsonPathReader(_paths.Names);
    }

    /// <summary>Where LiteLLM's users put who and what for.</summary>
    public static AttributionPaths DefaultAttribution => LiteLlmPaths.DefaultAttribution;

    public void Map(in Payload payload, MappedEvents events)
    {
        events.Clear();
        events.SetEmitterOfAgent(payload.Header("user-agent"u8), "litellm"u8);
        var items = new PayloadItems(payload.Body);
        while (items.MoveNext(events.Count))
        {
            var start = items.Scanner.At;
            if (!_values.TryRead(ref items.Scanner, items.Depth, out var duplicate))
            {
                items.Fail();
                continue;
            }

            ref var item = ref events.Add();
            var reading = new LiteLlmReading(payload.Body, _paths, _values, events.Writer, start);
            var error = duplicate >= 0
                ? new MappingError(MappingReason.DuplicateField, duplicate, "")
                : reading.Map(payload.Body[start..items.Scanner.At], ref item);
            events.End(ref item, error);
        }

        items.End(events);
    }
}
