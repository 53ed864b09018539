using System.Buffers;
using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>
/// Reads JSON that comes piece by piece, cut anywhere, and keeps of it what a tree of paths leads to: the result is the same JSON without
/// the rest, whatever the rest's size. Long texts are cut. What is left out is not checked but for its brackets and quotes.
/// </summary>
/// <param name="wholes">Nodes whose objects and arrays are kept as they stand.</param>
internal sealed class JsonCondenser(JsonPaths paths, params int[] wholes)
{
    /// <summary>Most bytes that are kept of one value of the outermost level; what needs more is none of ours.</summary>
    private const int MostKept = 64 * 1024;

    /// <summary>Most bytes that are kept of a text: no event can carry more than 256.</summary>
    private const int MostText = 1024;

    /// <summary>A name with all its bytes written as escapes.</summary>
    private const int MostName = JsonPathNode.NameBytes * 6;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);

    private readonly (JsonPathNode Node, bool IsArray)[] _open = new (JsonPathNode, bool)[EventLimits.Depth];
    private readonly byte[] _name = new byte[MostName];
    private byte[] _kept = new byte[512];
    private int _length;
    private int _depth;
    private int _nameLength;
    private int _textLength;
    private int _skipped;
    private bool _isEscaped;
    private bool _isKept;
    private bool _isFirst;
    private JsonPathNode? _node = paths.Root;
    private Place _place = Place.Value;

    private enum Place : byte
    {
        Value,
        Text,
        Scalar,
        Name,
        NameText,
        Colon,
        After,
        Nested,
        NestedText,
        Done,
        Failed,
    }

    /// <summary>Whether a value came to its end.</summary>
    public bool IsDone => _place == Place.Done;

    public bool IsFailed => _place == Place.Failed;

    /// <summary>What is kept of the value; JSON where it is done.</summary>
    public ReadOnlySpan<byte> Kept => _kept.AsSpan(0, _length);

    /// <summary>Begins a new value.</summary>
    public void Clear()
    {
        (_length, _depth, _skipped) = (0, 0, 0);
        (_isEscaped, _isKept, _isFirst) = (false, false, false);
        (_node, _place) = (paths.Root, Place.Value);
    }

    /// <summary>Reads on to the value's end, or to that of the bytes; the number of bytes read.</summary>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && _place < Place.Done)
        {
            switch (_place)
            {
                case Place.Text or Place.NestedText or Place.NameText:
                    at += TakeText(bytes[at..]);
                    break;
                case Place.Scalar:
                    at += TakeScalar(bytes[at..]);
                    break;
                case Place.Nested:
                    at += TakeNested(bytes[at..]);
                    break;
                default:
                    TakeMark(bytes[at++]);
                    break;
            }
        }

        return at;
    }

    /// <summary>Says that nothing follows: a number that stands alone ends only so.</summary>
    public void End() => _place = _place == Place.Scalar && _depth == 0 ? Place.Done : _place;

    /// <summary>Everything that is neither within a text nor a number, nor skipped.</summary>
    private void TakeMark(byte next)
    {
        if (next is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            return;
        }

        switch (_place)
        {
            case Place.Value:
                BeginValue(next);
                break;
            case Place.Name when next == '"':
                (_place, _nameLength) = (Place.NameText, 0);
                break;
            case Place.Name when next == '}' && _isFirst:
                Close(next);
                break;
            case Place.Colon when next == ':':
                BeginMember();
                break;
            case Place.After when next == ',':
                _place = _open[_depth - 1].IsArray ? Place.Value : Place.Name;
                break;
            case Place.After when next == (_open[_depth - 1].IsArray ? ']' : '}'):
                Close(next);
                break;
            default:
                _place = Place.Failed;
                break;
        }
    }

    private void BeginValue(byte next)
    {
        if (next == ']' && _isFirst && _depth > 0 && _open[_depth - 1].IsArray)
        {
            Close(next);
            return;
        }

        BeginElement();
        _isKept = _node is not null;
        switch (next)
        {
            case (byte)'"':
                (_place, _textLength) = (Place.Text, 0);
                Keep(next);
                break;
            case (byte)'{' when _node is { HasMembers: true } && !IsWhole(_node):
                Open(next, isArray: false);
                break;
            case (byte)'[' when _node is { First: not null } && !IsWhole(_node):
                Open(next, isArray: true);
                break;
            case (byte)'{' or (byte)'[':
                Keep(next);
                if (_isKept && !IsWhole(_node!))
                {
                    // Somebody may want to know that it is there, nobody what is in it.
                    Keep(next == '{' ? (byte)'}' : (byte)']');
                    _isKept = false;
                }

                (_place, _skipped) = (Place.Nested, 1);
                break;
            case (byte)',' or (byte)':' or (byte)']' or (byte)'}':
                _place = Place.Failed;
                break;
            default:
                _place = Place.Scalar;
                Keep(next);
                break;
        }
    }

    private bool IsWhole(JsonPathNode node) => Array.IndexOf(wholes, node.Index) >= 0;

    /// <summary>Of an array only the first element is looked at.</summary>
    private void BeginElement()
    {
        if (_depth > 0 && _open[_depth - 1] is { IsArray: true } array)
        {
            _node = _isFirst ? array.Node.First : null;
            _isFirst = false;
        }
    }

    private void Open(byte bracket, bool isArray)
    {
        if (_depth == _open.Length)
        {
            _place = Place.Failed;
            return;
        }

        Keep(bracket);
        _open[_depth++] = (_node!, isArray);
        _isFirst = true;
        _place = isArray ? Place.Value : Place.Name;
    }

    private void Close(byte bracket)
    {
        _isKept = true;
        Keep(bracket);
        _depth--;
        // Whatever is open around this one is past its first.
        _isFirst = false;
        EndValue();
    }

    private void BeginMember()
    {
        var name = _name.AsSpan(0, Math.Min(_nameLength, MostName));
        _node = _nameLength <= MostName ? Member(_open[_depth - 1].Node, name) : null;
        _isFirst = false;
        _place = Place.Value;
        if (_node is null)
        {
            return;
        }

        _isKept = true;
        if (_kept[_length - 1] != '{')
        {
            Keep((byte)',');
        }

        Keep((byte)'"');
        foreach (var letter in name)
        {
            Keep(letter);
        }

        Keep((byte)'"');
        Keep((byte)':');
    }

    private static JsonPathNode? Member(JsonPathNode node, ReadOnlySpan<byte> name)
    {
        if (!name.Contains((byte)'\\'))
        {
            return node.Member(name);
        }

        // Only what is JSON's can be undone.
        Span<byte> quoted = stackalloc byte[MostName + 2];
        quoted[0] = (byte)'"';
        name.CopyTo(quoted[1..]);
        quoted[name.Length + 1] = (byte)'"';
        if (!new JsonScanner(quoted[..(name.Length + 2)]).TryString(out _, out _, out _))
        {
            return null;
        }

        Span<byte> undone = stackalloc byte[JsonPathNode.NameBytes];
        return TextEscapes.Undo(name, undone, strict: false, out var length) == DecodeReason.None ? node.Member(undone[..length]) : null;
    }

    /// <summary>A part of a text, up to its end or its next escape.</summary>
    private int TakeText(ReadOnlySpan<byte> bytes)
    {
        if (_isEscaped)
        {
            _isEscaped = false;
            KeepText(bytes[..1], isEscape: true);
            return 1;
        }

        var end = bytes.IndexOfAny((byte)'"', (byte)'\\');
        KeepText(end < 0 ? bytes : bytes[..end], isEscape: false);
        if (end < 0)
        {
            return bytes.Length;
        }

        if (bytes[end] == '\\')
        {
            _isEscaped = true;
            KeepText(bytes.Slice(end, 1), isEscape: true);
            return end + 1;
        }

        if (_place == Place.NameText)
        {
            _place = Place.Colon;
            return end + 1;
        }

        Keep((byte)'"');
        if (_place == Place.NestedText)
        {
            _place = Place.Nested;
        }
        else
        {
            EndValue();
        }

        return end + 1;
    }

    /// <summary>Keeps a part of a text while it is short; an escape is kept with what it escapes, or not at all.</summary>
    private void KeepText(ReadOnlySpan<byte> part, bool isEscape)
    {
        if (_place == Place.NameText)
        {
            var room = Math.Max(0, Math.Min(part.Length, MostName - _nameLength));
            part[..room].CopyTo(_name.AsSpan(Math.Min(_nameLength, MostName)));
            _nameLength = Math.Min(_nameLength + part.Length, MostName + 1);
        }
        else if (_isKept && _place == Place.Text)
        {
            var left = Math.Max(0, MostText - _textLength);
            // A backslash goes on only with room for the longest escape behind it.
            var isCut = isEscape && _isEscaped && left < 8;
            _textLength = isCut || (left < part.Length && !isEscape) ? MostText : _textLength + part.Length;
            foreach (var letter in isCut ? default : part[..Math.Min(part.Length, left)])
            {
                Keep(letter);
            }
        }
        else if (_isKept)
        {
            foreach (var letter in part)
            {
                Keep(letter);
            }
        }
    }

    private int TakeScalar(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] is (byte)',' or (byte)'}' or (byte)']' or <= (byte)' ')
            {
                EndValue();
                return at;
            }

            Keep(bytes[at]);
        }

        return bytes.Length;
    }

    /// <summary>Within an object or array of which nothing, or everything, is kept.</summary>
    private int TakeNested(ReadOnlySpan<byte> bytes)
    {
        var at = _isKept ? 0 : bytes.IndexOfAny(Structure);
        if (at < 0)
        {
            return bytes.Length;
        }

        var next = bytes[at];
        Keep(next);
        _place = next == '"' ? Place.NestedText : Place.Nested;
        _skipped += next is (byte)'{' or (byte)'[' ? 1 : next is (byte)'}' or (byte)']' ? -1 : 0;
        if (_skipped == 0)
        {
            EndValue();
        }

        return at + 1;
    }

    private void EndValue() => _place = _place == Place.Failed ? Place.Failed : _depth == 0 ? Place.Done : Place.After;

    private void Keep(byte next)
    {
        if (!_isKept)
        {
            return;
        }

        if (_length == MostKept)
        {
            _place = Place.Failed;
            return;
        }

        if (_length == _kept.Length)
        {
            Array.Resize(ref _kept, Math.Min(_kept.Length * 2, MostKept));
        }

        _kept[_length++] = next;
    }
}
