using TokenStream.Events;

namespace TokenStream.Mapping.ProviderUsage;

/// <summary>
/// Turns a provider's own answer into a native event: the JSON of OpenAI's chat, responses and embeddings APIs, Anthropic's messages,
/// Gemini and Bedrock's Converse, or the transcript of its stream of server-sent events. Depends on the body and its context alone and
/// never throws, whatever the bytes. One mapper belongs to one thread.
/// </summary>
public sealed class ProviderUsageMapper
{
    private readonly ProviderPaths _paths = new();
    private readonly JsonPathReader _values;
    private readonly ProviderAnswer _answer;

    public ProviderUsageMapper()
    {
        _values = new JsonPathReader(_paths.Names);
        _answer = new ProviderAnswer(_paths, _values);
    }

    /// <summary>Whose answer was mapped last.</summary>
    public ProviderShape Shape => _answer.Shape;

    /// <summary>Maps an answer to one item.</summary>
    public void Map(ReadOnlySpan<byte> payload, ProviderContext context, MappedEvents events)
    {
        events.Clear();
        events.SetEmitter("provider"u8);
        _answer.Clear();
        var isTooLarge = payload.Length > MappingLimits.PayloadBytes;
        var error = isTooLarge ? new MappingError(MappingReason.PayloadTooLarge, 0, "") : Read(payload, context);
        if (error.Reason == MappingReason.None && _answer.Shape == ProviderShape.None)
        {
            error = new MappingError(MappingReason.NotOfThisSource, 0, "");
        }

        // What stands before a provider answers errors in its own way, often as a page for people: path and status are enough then.
        var asked = ProviderShapes.OfPath(context.Path);
        if (error.Reason != MappingReason.None && context.HttpStatus >= ProviderContext.FirstErrorStatus && asked != ProviderShape.None)
        {
            _answer.Fail(asked);
            error = default;
        }

        ref var item = ref events.Add();
        if (error.Reason == MappingReason.None)
        {
            error = new ProviderWriting(payload, _paths, _answer, context, events.Writer).Write(ref item);
        }

        events.End(ref item, error);
    }

    private MappingError Read(ReadOnlySpan<byte> payload, ProviderContext context)
    {
        var scanner = new JsonScanner(payload);
        if (scanner.AtEnd())
        {
            return new MappingError(MappingReason.EmptyPayload, 0, "");
        }

        var first = scanner.Peek();
        if (first is not ((byte)'{' or (byte)'['))
        {
            return ReadEvents(payload, context);
        }

        // Gemini streams an array of pieces where nobody asks it for server-sent events.
        var error = first == '[' ? ReadArray(payload, ref scanner, context) : ReadPiece(payload, ref scanner, depth: 0, context);
        if (error.Reason == MappingReason.None && !scanner.AtEnd())
        {
            return new MappingError(MappingReason.InvalidJson, scanner.At, "");
        }

        if (first == '{')
        {
            _answer.End();
        }

        return error;
    }

    private MappingError ReadArray(ReadOnlySpan<byte> payload, ref JsonScanner scanner, ProviderContext context)
    {
        scanner.At++;
        while (scanner.Peek() != ']')
        {
            var error = ReadPiece(payload, ref scanner, depth: 1, context);
            if (error.Reason != MappingReason.None)
            {
                return error;
            }

            if (scanner.Peek() == ',')
            {
                scanner.At++;
            }
            else if (scanner.Peek() != ']')
            {
                return new MappingError(MappingReason.InvalidJson, scanner.At, "");
            }
        }

        scanner.At++;
        return default;
    }

    private MappingError ReadPiece(ReadOnlySpan<byte> payload, ref JsonScanner scanner, int depth, ProviderContext context)
    {
        if (!_values.TryRead(ref scanner, depth, out var duplicate))
        {
            var reason = scanner.Failure == DecodeReason.TooDeep ? MappingReason.TooDeep : MappingReason.InvalidJson;
            return new MappingError(reason, scanner.At, "");
        }

        return duplicate >= 0 ? new MappingError(MappingReason.DuplicateField, duplicate, "") : _answer.Take(payload, context.Path);
    }

    /// <summary>
    /// Reads the lines of server-sent events that carry data. A transcript may break off in its last line, and nowhere else.
    /// </summary>
    private MappingError ReadEvents(ReadOnlySpan<byte> payload, ProviderContext context)
    {
        for (var at = 0; at < payload.Length;)
        {
            var length = payload[at..].IndexOf((byte)'\n');
            var end = length < 0 ? payload.Length : at + length;
            var line = payload[at..end].TrimEnd((byte)'\r');
            var data = line.StartsWith("data:"u8) ? line["data:"u8.Length..].TrimStart((byte)' ') : default;
            if (data.SequenceEqual("[DONE]"u8))
            {
                _answer.End();
            }
            else if (!data.IsEmpty)
            {
                var scanner = new JsonScanner(payload[..(at + line.Length)]) { At = at + line.Length - data.Length };
                var error = ReadPiece(payload, ref scanner, depth: 0, context);
                var hasMore = error.Reason == MappingReason.None && !scanner.AtEnd();
                error = hasMore ? new MappingError(MappingReason.InvalidJson, scanner.At, "") : error;
                if (error.Reason != MappingReason.None)
                {
                    return error.Reason == MappingReason.InvalidJson && length < 0 ? default : error;
                }
            }

            at = end + 1;
        }

        return default;
    }
}
