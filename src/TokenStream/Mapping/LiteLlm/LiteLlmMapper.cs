using TokenStream.Events;

namespace TokenStream.Mapping.LiteLlm;

/// <summary>
/// Turns LiteLLM's StandardLoggingPayload, one or an array of them, as its SDK callbacks and its proxy's <c>generic_api</c> callback send
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
        Map(payload.Body, events);
    }

    /// <summary>Maps each item of a payload. One that is not JSON from end to end is refused as a whole.</summary>
    private void Map(ReadOnlySpan<byte> payload, MappedEvents events)
    {
        var scanner = new JsonScanner(payload);
        if (payload.Length > MappingLimits.PayloadBytes || scanner.AtEnd())
        {
            var reason = payload.Length > MappingLimits.PayloadBytes ? MappingReason.PayloadTooLarge : MappingReason.EmptyPayload;
            events.RefuseAll(new MappingError(reason, 0, ""));
            return;
        }

        var read = scanner.Peek() == '[' ? TryItems(payload, ref scanner, events) : TryItem(payload, ref scanner, depth: 0, events);
        if (read && events.Count > MappingLimits.Items)
        {
            events.RefuseAll(new MappingError(MappingReason.PayloadTooLarge, scanner.At, ""));
        }
        else if (!read || !scanner.AtEnd())
        {
            var reason = scanner.Failure == DecodeReason.TooDeep ? MappingReason.TooDeep : MappingReason.InvalidJson;
            events.RefuseAll(new MappingError(reason, scanner.At, ""));
        }
    }

    private bool TryItems(ReadOnlySpan<byte> payload, ref JsonScanner scanner, MappedEvents events)
    {
        scanner.At++;
        if (scanner.Peek() == ']')
        {
            scanner.At++;
            return true;
        }

        while (events.Count <= MappingLimits.Items)
        {
            if (!TryItem(payload, ref scanner, depth: 1, events))
            {
                return false;
            }

            if (scanner.Peek() != ',')
            {
                return scanner.TryTake((byte)']');
            }

            scanner.At++;
        }

        return true;
    }

    private bool TryItem(ReadOnlySpan<byte> payload, ref JsonScanner scanner, int depth, MappedEvents events)
    {
        scanner.Peek();
        var start = scanner.At;
        if (!_values.TryRead(ref scanner, depth, out var duplicate))
        {
            return false;
        }

        ref var item = ref events.Add();
        var reading = new LiteLlmReading(payload, _paths, _values, events.Writer, start);
        var error = duplicate >= 0
            ? new MappingError(MappingReason.DuplicateField, duplicate, "")
            : reading.Map(payload.Slice(start, scanner.At - start), ref item);
        if (error.Reason != MappingReason.None)
        {
            MappedEvents.Refuse(ref item, events, error);
        }
        else
        {
            events.End(ref item);
        }

        return true;
    }
}
