using System.Buffers.Text;
using System.Globalization;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>
/// Writes native events, one after another, into one buffer that grows and is kept. Texts are copied as they stand in the payload, escapes
/// and all, once it is sure that an event can carry them.
/// </summary>
internal sealed class NativeEventWriter
{
    private const int LongestNumber = 20;

    private byte[] _bytes = new byte[4096];
    private int _length;
    private int _event;
    private bool _isFirst;

    public MappingTrace? Trace { get; set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    /// <summary>Optional texts of this event that it cannot carry.</summary>
    public int OmittedTexts { get; private set; }

    /// <summary>Where the text of this event's tenant begins, and its length.</summary>
    public (int Start, int Length) Tenant { get; private set; }

    /// <summary>Whether this event is of a request that failed or was refused, so that nobody expects it to tell usage.</summary>
    public bool IsFailed { get; private set; }

    public void Clear() => (_length, _event) = (0, -1);

    public void Rewind(int length) => _length = length;

    public void BeginEvent()
    {
        _event++;
        _isFirst = true;
        (OmittedTexts, Tenant, IsFailed) = (0, default, false);
        Append("{"u8);
    }

    public void EndEvent() => Append("}"u8);

    public void Number(ReadOnlySpan<byte> name, long value, string from)
    {
        Name(name);
        Ensure(LongestNumber);
        Utf8Formatter.TryFormat(value, _bytes.AsSpan(_length), out var written);
        _length += written;
        Trace?.Add(new MappedField(_event, Encoding.UTF8.GetString(name), from, value.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>A count, left out where it is unknown.</summary>
    public void Count(ReadOnlySpan<byte> name, TokenCount count, string from)
    {
        if (count.IsKnown)
        {
            Number(name, count.OrZero, from);
        }
        else
        {
            Trace?.Add(new MappedField(_event, Encoding.UTF8.GetString(name), from, ""));
        }
    }

    /// <summary>Whose event it is: a text that was judged before.</summary>
    public void TenantId(ReadOnlySpan<byte> tenant, string from)
    {
        Plain("tenant_id"u8, tenant, from);
        Tenant = (_length - 1 - tenant.Length, tenant.Length);
    }

    /// <summary>The members of an object that is a native event already, as they stand between its braces.</summary>
    /// <param name="tenant">Where its tenant stands in them, and its length; a negative place where they have none.</param>
    public void Members(ReadOnlySpan<byte> members, (int Start, int Length) tenant, string from)
    {
        if (members.Trim(" \r\n\t"u8).IsEmpty)
        {
            return;
        }

        Append(_isFirst ? default : ","u8);
        _isFirst = false;
        Tenant = tenant.Start < 0 ? Tenant : (_length + tenant.Start, tenant.Length);
        Append(members);
        Trace?.Add(new MappedField(_event, "all other fields", from, "as they are"));
    }

    /// <summary>A text that is ours, or made of parts that were judged before.</summary>
    public void Plain(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, string from, ReadOnlySpan<byte> more = default)
    {
        Name(name);
        IsFailed |= name.SequenceEqual("result_type"u8) && !text.SequenceEqual("ok"u8) && !text.SequenceEqual("cancelled"u8);
        Append("\""u8);
        Append(text);
        Append(more);
        Append("\""u8);
        Trace?.Add(new MappedField(
            _event, Encoding.UTF8.GetString(name), from, Encoding.UTF8.GetString(text) + Encoding.UTF8.GetString(more)));
    }

    /// <summary>An optional text of the payload, or a number as text; left out and counted where an event cannot carry it.</summary>
    public void Optional(ReadOnlySpan<byte> name, ReadOnlySpan<byte> payload, in JsonValue value, string from)
    {
        if (!value.IsText && value.Kind != JsonKind.Number)
        {
            return;
        }

        if (IsUsable(payload, in value))
        {
            Plain(name, value.Of(payload), from);
            return;
        }

        OmittedTexts++;
        Trace?.Add(new MappedField(_event, Encoding.UTF8.GetString(name), from + ", which an event cannot carry", ""));
    }

    /// <summary>
    /// A text as raw bytes, which is escaped for JSON; false, with nothing written, where an event cannot carry it.
    /// </summary>
    public bool TryText(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, string from)
    {
        Span<byte> escaped = stackalloc byte[2 * EventLimits.TextBytes];
        if (!TryEscape(text, escaped, out var length))
        {
            return false;
        }

        Plain(name, escaped[..length], from);
        return true;
    }

    /// <summary>An optional text as raw bytes; left out and counted where an event cannot carry it.</summary>
    public void OptionalText(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, string from)
    {
        if (!text.IsEmpty && !TryText(name, text, from))
        {
            OmittedTexts++;
            Trace?.Add(new MappedField(_event, Encoding.UTF8.GetString(name), from + ", which an event cannot carry", ""));
        }
    }

    /// <summary>Whose event it is, as raw bytes; false, with nothing written, where an event cannot carry it.</summary>
    public bool TryTenantText(ReadOnlySpan<byte> tenant, string from)
    {
        Span<byte> escaped = stackalloc byte[2 * EventLimits.TextBytes];
        if (tenant.IsEmpty || !TryEscape(tenant, escaped, out var length))
        {
            return false;
        }

        TenantId(escaped[..length], from);
        return true;
    }

    /// <summary>Writes a text as JSON has it between quotes; false where it is too long, no UTF-8, or has a control character.</summary>
    private static bool TryEscape(ReadOnlySpan<byte> text, Span<byte> escaped, out int length)
    {
        length = 0;
        if (text.Length > EventLimits.TextBytes || text.ContainsAnyInRange((byte)0, (byte)0x1F)
            || !System.Text.Unicode.Utf8.IsValid(text))
        {
            return false;
        }

        foreach (var letter in text)
        {
            if (letter is (byte)'"' or (byte)'\\')
            {
                escaped[length++] = (byte)'\\';
            }

            escaped[length++] = letter;
        }

        return true;
    }

    /// <summary>One unit beside the tokens.</summary>
    public void Unit(ReadOnlySpan<byte> name, TokenCount count, string from)
    {
        if (count.OrZero == 0)
        {
            return;
        }

        Name("units"u8);
        Append("{\""u8);
        Append(name);
        Append("\":"u8);
        Ensure(LongestNumber);
        Utf8Formatter.TryFormat(count.OrZero, _bytes.AsSpan(_length), out var written);
        _length += written;
        Append("}"u8);
        Trace?.Add(new MappedField(
            _event, "units", from, string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetString(name)}: {count.OrZero}")));
    }

    /// <summary>Whether an event can carry a text: at most its bytes once escapes are undone, UTF-8, no control characters.</summary>
    public static bool IsUsable(ReadOnlySpan<byte> payload, in JsonValue value)
    {
        if (value.Kind == JsonKind.Number || value.IsPlain)
        {
            return value.Length <= EventLimits.TextBytes;
        }

        Span<byte> undone = stackalloc byte[EventLimits.TextBytes];
        return TextEscapes.Undo(value.Of(payload), undone, strict: true, out _) == DecodeReason.None;
    }

    /// <summary>The event that is being written, without its end.</summary>
    public ReadOnlySpan<byte> Since(int start) => _bytes.AsSpan(start, _length - start);

    private void Name(ReadOnlySpan<byte> name)
    {
        Append(_isFirst ? "\""u8 : ",\""u8);
        _isFirst = false;
        Append(name);
        Append("\":"u8);
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
