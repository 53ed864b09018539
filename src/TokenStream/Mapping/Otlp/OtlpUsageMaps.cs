using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>Reads maps of usage that stand as JSON, or as Python literals, in the texts of attributes.</summary>
internal static class OtlpUsageMaps
{
    /// <summary>Reads a map; what is none tells nothing, and what tells it wrongly makes the request's error.</summary>
    public static UsageMap Read(in OtlpSpanView span, in OtlpValue text, string name, ref OtlpRequest request)
    {
        var json = IsJson(span.Text(in text)) || text.Kind != OtlpKind.Text ? text : span.Traces.Literal(span.Payload, in text);
        var bytes = span.Text(in json);
        if (!IsJson(bytes))
        {
            return default;
        }

        var at = bytes.IndexOf((byte)'{');
        var map = new JsonValue(at < 0 || !bytes[..at].Trim(" \t\r\n"u8).IsEmpty ? JsonKind.Null : JsonKind.Object, at, bytes.Length - at);
        var reason = UsageMap.Read(bytes, in map, out var usage, out _);
        if (reason != MappingReason.None && request.Error.Reason == MappingReason.None)
        {
            request.Error = new MappingError(reason, span.Span.Offset, name);
        }

        return usage;
    }

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        var scanner = new JsonScanner(text);
        return !scanner.AtEnd() && scanner.TrySkip(0) && scanner.AtEnd();
    }
}
