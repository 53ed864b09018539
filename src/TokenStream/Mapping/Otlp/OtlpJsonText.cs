using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Reads JSON that stands in the text of an attribute, or a Python literal instead of it. Such a text may have been cut at a limit of its
/// exporter: what was read until there counts.
/// </summary>
internal sealed class OtlpJsonText(JsonPaths paths)
{
    private readonly JsonPathReader _values = new(paths);
    private OtlpValue _text;

    /// <summary>Reads the text of an attribute; false where it is none, or no JSON from end to end.</summary>
    public bool TryRead(in OtlpSpanView span, in OtlpValue text)
    {
        if (TryReadJson(in span, in text) || text.Kind != OtlpKind.Text)
        {
            return text.Kind == OtlpKind.Text;
        }

        // Instrumentations in Python write dicts as Python shows them.
        var literal = span.Traces.Literal(span.Payload, in text);
        return literal.IsThere ? TryReadJson(in span, in literal) : TryReadJson(in span, in text);
    }

    private bool TryReadJson(in OtlpSpanView span, in OtlpValue text)
    {
        _text = text;
        var scanner = new JsonScanner(span.Text(in text));
        return _values.TryRead(ref scanner, 0, out var duplicate) && duplicate < 0 && scanner.AtEnd();
    }

    /// <summary>The first of some paths that has a value: a text that is not empty, a number or a boolean.</summary>
    public OtlpValue First(in OtlpSpanView span, params ReadOnlySpan<int> nodes)
    {
        foreach (var node in nodes)
        {
            var value = Value(in span, in _values[node]);
            if (value.HasText || value.Kind is OtlpKind.Double or OtlpKind.Boolean)
            {
                return value;
            }
        }

        return default;
    }

    /// <summary>What kind of value stands at a path, for those who tell an object from nothing.</summary>
    public JsonKind Kind(int node) => _values[node].Kind;

    private OtlpValue Value(in OtlpSpanView span, in JsonValue value)
    {
        var (offset, number) = (_text.Offset + value.Offset, value.Number);
        switch (value.Kind)
        {
            case JsonKind.Text:
                return span.Traces.Unescape(value.Of(span.Text(in _text)), offset, value.IsPlain, _text.IsCopy);
            case JsonKind.Number when value.IsPlain:
                return new OtlpValue(OtlpKind.Integer, offset, value.Length, number, _text.IsCopy);
            case JsonKind.Number:
                var isReal = System.Buffers.Text.Utf8Parser.TryParse(value.Of(span.Text(in _text)), out double real, out _);
                var bits = BitConverter.DoubleToInt64Bits(real);
                return new OtlpValue(isReal ? OtlpKind.Double : OtlpKind.Unusable, offset, value.Length, bits, _text.IsCopy);
            case JsonKind.True or JsonKind.False:
                return new OtlpValue(OtlpKind.Boolean, offset, value.Length, value.Kind == JsonKind.True ? 1 : 0, _text.IsCopy);
            default:
                return default;
        }
    }
}
