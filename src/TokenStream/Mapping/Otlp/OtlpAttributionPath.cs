using System.Globalization;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>One place where a trace may say who asked, or what for.</summary>
/// <param name="written">The path as people write it.</param>
/// <param name="json">The reader of an attribute that holds JSON, and <paramref name="node"/> what is read of it; null for none.</param>
/// <param name="tag">The name of a tag among an attribute's texts; empty for none.</param>
internal sealed class OtlpAttributionPath(string written, int key, bool isOfResource, OtlpJsonText? json, int node, string tag)
{
    private readonly byte[] _tag = Encoding.UTF8.GetBytes(tag + ":");
    private readonly byte[] _digits = new byte[24];

    public string Written => written;

    public int Key => key;

    /// <summary>Finds the text; false where there is none that says something.</summary>
    public bool TryFind(scoped in OtlpSpanView span, out ReadOnlySpan<byte> text)
    {
        var value = isOfResource ? span.OfResource(key) : span.Inherited(key);
        if (tag.Length > 0)
        {
            return TryTag(in span, in value, out text);
        }

        if (json is not null)
        {
            json.TryRead(in span, in value);
            value = json.First(in span, node);
        }

        if (value.Kind == OtlpKind.Integer)
        {
            value.Number.TryFormat(_digits, out var length, default, CultureInfo.InvariantCulture);
            text = _digits.AsSpan(0, length);
            return true;
        }

        text = span.Text(in value);
        return !text.IsEmpty;
    }

    /// <summary>Looks for the tag in a text with commas, or in the texts of an array.</summary>
    private bool TryTag(scoped in OtlpSpanView span, scoped in OtlpValue value, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (value.Kind == OtlpKind.Text)
        {
            foreach (var part in span.Text(in value).Split((byte)','))
            {
                if (TryTag(span.Text(in value)[part], out text))
                {
                    return true;
                }
            }

            return false;
        }

        if (value.Kind != OtlpKind.Array)
        {
            return false;
        }

        return span.Traces.IsProtobuf ? TryProtobufTag(in span, in value, out text) : TryJsonTag(in span, in value, out text);
    }

    private bool TryTag(ReadOnlySpan<byte> part, out ReadOnlySpan<byte> text)
    {
        var trimmed = part.Trim((byte)' ');
        text = trimmed.StartsWith(_tag) ? trimmed[_tag.Length..].Trim((byte)' ') : default;
        return !text.IsEmpty;
    }

    private bool TryProtobufTag(scoped in OtlpSpanView span, scoped in OtlpValue array, out ReadOnlySpan<byte> text)
    {
        text = default;
        var values = new ProtobufScanner(span.Payload, array.Offset, array.Offset + array.Length);
        while (values.TryField(out var field, out var type))
        {
            if (field != 1 || type != WireType.Bytes)
            {
                values.TrySkip(type);
                continue;
            }

            if (!values.TryBytes(out var start, out var length))
            {
                return false;
            }

            var any = new ProtobufScanner(span.Payload, start, start + length);
            if (any.TryField(out var kind, out type) && kind == 1 && type == WireType.Bytes && any.TryBytes(out start, out length)
                && TryTag(span.Payload.Slice(start, length), out text))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Looks into <c>{"values":[{"stringValue":"feature:search"}]}</c>, which was found to be JSON.</summary>
    private bool TryJsonTag(scoped in OtlpSpanView span, scoped in OtlpValue array, out ReadOnlySpan<byte> text)
    {
        text = default;
        var scanner = new JsonScanner(span.Payload[..(array.Offset + array.Length)]) { At = array.Offset };
        while (!scanner.AtEnd())
        {
            if (scanner.Peek() != '"')
            {
                scanner.At++;
                continue;
            }

            if (!scanner.TryString(out var start, out var length, out var isPlain))
            {
                return false;
            }

            // Neither name of a member begins like a tag with its colon.
            var part = span.Traces.Unescape(span.Payload.Slice(start, length), start, isPlain);
            if (part.IsText && TryTag(span.Text(in part), out text))
            {
                return true;
            }
        }

        return false;
    }
}
