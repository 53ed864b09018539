using System.Buffers.Text;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.CloudEvents;

/// <summary>
/// Writes what came in pieces as one JSON object, a CloudEvent in structured mode: the attributes of binary mode from headers, data that
/// are packed as base64 or as a text. Its memory is kept up to a bound.
/// </summary>
internal sealed class CloudEventEnvelope
{
    /// <summary>Most bytes that are kept from one payload to the next.</summary>
    private const int KeptBytes = 1024 * 1024;

    /// <summary>Most bytes of an attribute's name; longer ones are no names of attributes that anybody reads.</summary>
    private const int NameBytes = 64;

    private static readonly System.Buffers.SearchValues<byte> AttributeLetters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789"u8);

    private byte[] _bytes = new byte[4096];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>
    /// Whether the attributes stand in headers: <c>ce-*</c> of a request, <c>ce_*</c> of a record. The content type of a structured event
    /// decides, whatever else is there.
    /// </summary>
    public static bool IsBinary(in Payload payload)
    {
        var type = payload.Header("content-type"u8);
        var structured = "application/cloudevents"u8;
        var isStructured = type.Length >= structured.Length && Ascii.EqualsIgnoreCase(type[..structured.Length], structured);
        return !isStructured && (payload.Header("ce-specversion"u8).Length > 0 || payload.Header("ce_specversion"u8).Length > 0);
    }

    /// <summary>
    /// Puts a binary event together; false where its body is not one JSON value. <paramref name="dataStart"/>: the body's place.
    /// </summary>
    public bool TryWrap(in Payload payload, out int dataStart, out MappingError error)
    {
        (dataStart, error) = (0, default);
        var scanner = new JsonScanner(payload.Body);
        var isEmpty = scanner.AtEnd();
        if (!isEmpty && !(scanner.TrySkip(depth: 1) && scanner.AtEnd()))
        {
            var reason = scanner.Failure == DecodeReason.TooDeep ? MappingReason.TooDeep : MappingReason.InvalidJson;
            error = new MappingError(reason, scanner.At, "");
            return false;
        }

        Clear();
        Append("{"u8);
        for (var header = 0; header < payload.Headers!.Count; header++)
        {
            AppendAttribute(payload.Headers.Name(header), payload.Headers.Value(header));
        }

        if (!isEmpty)
        {
            Append(_length > 1 ? ",\"data\":"u8 : "\"data\":"u8);
            dataStart = _length;
            Append(payload.Body);
        }

        Append("}"u8);
        return true;
    }

    /// <summary>
    /// Writes an item again with its data unpacked; false where they are no JSON. <paramref name="data"/> is a text: what it says, or its
    /// base64 where <paramref name="isBase64"/>.
    /// </summary>
    public bool TryUnpack(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> item, int start, in JsonValue data, bool isBase64)
    {
        Clear();
        var text = data.Of(payload);

        // The value of data is replaced where it stands; base64 has a name of its own, so that the data come first.
        Append(isBase64 ? "{\"data\":"u8 : item[..(data.Offset - 1 - start)]);
        var from = _length;
        Ensure(text.Length);
        if (!TryDecode(text, isBase64, out var decoded))
        {
            return false;
        }

        _length += decoded;
        var scanner = new JsonScanner(Written) { At = from };
        if (!scanner.TrySkip(depth: 1) || !scanner.AtEnd())
        {
            return false;
        }

        Append(isBase64 ? ","u8 : default);
        Append(item[(isBase64 ? 1 : data.Offset + data.Length + 1 - start)..]);
        return true;
    }

    private bool TryDecode(ReadOnlySpan<byte> text, bool isBase64, out int decoded)
    {
        if (isBase64)
        {
            return Base64.DecodeFromUtf8(text, _bytes.AsSpan(_length), out _, out decoded) == System.Buffers.OperationStatus.Done;
        }

        return TextEscapes.Undo(text, _bytes.AsSpan(_length, text.Length), strict: false, out decoded) == DecodeReason.None;
    }

    private void AppendAttribute(ReadOnlySpan<byte> header, ReadOnlySpan<byte> value)
    {
        Span<byte> name = stackalloc byte[NameBytes];
        var isOfHttp = header.Length > 3 && Ascii.EqualsIgnoreCase(header[..3], "ce-"u8);
        var isOfKafka = header.Length > 3 && Ascii.EqualsIgnoreCase(header[..3], "ce_"u8);
        if (!(isOfHttp || isOfKafka) || header.Length - 3 > NameBytes || Ascii.ToLower(header[3..], name, out var length) != 0
            || name[..length].ContainsAnyExcept(AttributeLetters) || name[..length].SequenceEqual("data"u8))
        {
            return;
        }

        Append(_length > 1 ? ",\""u8 : "\""u8);
        Append(name[..length]);
        Append("\":\""u8);
        for (var at = 0; at < value.Length; at++)
        {
            // Over HTTP what is not printable ASCII is written as %XX, the percent sign included.
            if (isOfHttp && value[at] == '%' && at + 2 < value.Length
                && Utf8Parser.TryParse(value.Slice(at + 1, 2), out byte hex, out var digits, 'x') && digits == 2)
            {
                AppendEscaped(hex);
                at += 2;
            }
            else
            {
                AppendEscaped(value[at]);
            }
        }

        Append("\""u8);
    }

    private void AppendEscaped(byte letter)
    {
        if (letter is (byte)'"' or (byte)'\\')
        {
            Append([(byte)'\\', letter]);
        }
        else if (letter < 0x20)
        {
            Append("\\u00"u8);
            Append([Hex(letter >> 4), Hex(letter & 15)]);
        }
        else
        {
            Append([letter]);
        }
    }

    private static byte Hex(int digit) => (byte)(digit < 10 ? '0' + digit : 'a' + digit - 10);

    private void Clear()
    {
        _length = 0;
        _bytes = _bytes.Length > KeptBytes ? new byte[4096] : _bytes;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Ensure(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Ensure(int room)
    {
        if (_length + room > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + room));
        }
    }
}
