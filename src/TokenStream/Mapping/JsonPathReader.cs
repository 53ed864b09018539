using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>
/// Reads values of JSON in one walk forward: what no path leads to is skipped, what one leads to is kept as a slice. Nothing is allocated
/// after construction, and nothing is copied. One reader belongs to one thread.
/// </summary>
/// <param name="isDashNothing">Whether a text of one dash is what the source writes where it has nothing to write.</param>
internal sealed class JsonPathReader(JsonPaths paths, bool isDashNothing = false)
{
    private readonly JsonValue[] _values = new JsonValue[paths.Count];
    private int _duplicate;

    /// <summary>What stands at a path of the object read last.</summary>
    public ref readonly JsonValue this[int node] => ref _values[node];

    /// <summary>The first of the paths that has a value: a text that is not empty, or a number; 0 where none has.</summary>
    public int FirstWithValue(int[] candidates)
    {
        foreach (var node in candidates)
        {
            ref readonly var value = ref _values[node];
            if (value.IsText || value.Kind == JsonKind.Number)
            {
                return node;
            }
        }

        return 0;
    }

    /// <summary>
    /// Reads the value that is next. False where it is not JSON or too deep, which the scanner tells. A name on a path that comes twice is
    /// no reason to stop reading; <paramref name="duplicate"/> is its byte, -1 where there is none.
    /// </summary>
    public bool TryRead(ref JsonScanner scanner, int depth, out int duplicate)
    {
        Array.Clear(_values);
        _duplicate = -1;
        var read = TryValue(ref scanner, paths.Root, depth);
        duplicate = _duplicate;
        return read;
    }

    private bool TryValue(ref JsonScanner scanner, JsonPathNode node, int depth)
    {
        var next = scanner.Peek();
        var at = scanner.At;
        ref var value = ref _values[node.Index];
        if (value.Kind != JsonKind.Absent)
        {
            _duplicate = _duplicate < 0 ? at : _duplicate;
            return scanner.TrySkip(depth);
        }

        switch (next)
        {
            case (byte)'"':
                if (!scanner.TryString(out var start, out var length, out var plain))
                {
                    return false;
                }

                var isNothing = isDashNothing && length == 1 && scanner.Slice(start, 1)[0] == '-';
                value = new JsonValue(isNothing ? JsonKind.Null : JsonKind.Text, start, length, plain);
                KeepTags(scanner.Slice(start, length), start, plain, node, isList: true);
                return true;
            case (byte)'{':
                return (node.HasMembers ? TryMembers(ref scanner, node, depth) : scanner.TrySkip(depth))
                    && Keep(ref value, JsonKind.Object, at, scanner.At);
            case (byte)'[':
                var walked = node.First is not null || node.Tags.Length > 0;
                return (walked ? TryElements(ref scanner, node, depth) : scanner.TrySkip(depth))
                    && Keep(ref value, JsonKind.Array, at, scanner.At);
            case (byte)'t':
                return scanner.TryLiteral("true"u8) && Keep(ref value, JsonKind.True, at, scanner.At);
            case (byte)'f':
                return scanner.TryLiteral("false"u8) && Keep(ref value, JsonKind.False, at, scanner.At);
            case (byte)'n':
                return scanner.TryLiteral("null"u8) && Keep(ref value, JsonKind.Null, at, scanner.At);
            default:
                return TryNumber(ref scanner, at, ref value);
        }
    }

    private static bool Keep(ref JsonValue value, JsonKind kind, int start, int end)
    {
        value = new JsonValue(kind, start, end - start);
        return true;
    }

    private static bool TryNumber(ref JsonScanner scanner, int at, ref JsonValue value)
    {
        if (!scanner.TryNumber(out var number, out var integer, out var inRange))
        {
            return false;
        }

        value = new JsonValue(JsonKind.Number, at, scanner.At - at, integer && inRange, number);
        return true;
    }

    private bool TryMembers(ref JsonScanner scanner, JsonPathNode node, int depth)
    {
        if (depth == EventLimits.Depth)
        {
            scanner.Failure = DecodeReason.TooDeep;
            return false;
        }

        scanner.At++;
        if (scanner.Peek() == '}')
        {
            scanner.At++;
            return true;
        }

        while (true)
        {
            if (!scanner.TryMemberName(out var start, out var length, out var plain))
            {
                return false;
            }

            var name = scanner.Slice(start, length);
            var member = plain ? node.Member(name) : MemberEscaped(node, name);
            if (!(member is null ? scanner.TrySkip(depth + 1) : TryValue(ref scanner, member, depth + 1)))
            {
                return false;
            }

            if (scanner.Peek() != ',')
            {
                return scanner.TryTake((byte)'}');
            }

            scanner.At++;
            scanner.Peek();
        }
    }

    /// <summary>A name may be written with escapes, as any text; one that is too long or no UTF-8 is none of ours.</summary>
    private static JsonPathNode? MemberEscaped(JsonPathNode node, ReadOnlySpan<byte> name)
    {
        Span<byte> undone = stackalloc byte[JsonPathNode.NameBytes];
        return TextEscapes.Undo(name, undone, strict: false, out var length) == DecodeReason.None ? node.Member(undone[..length]) : null;
    }

    private bool TryElements(ref JsonScanner scanner, JsonPathNode node, int depth)
    {
        if (depth == EventLimits.Depth)
        {
            scanner.Failure = DecodeReason.TooDeep;
            return false;
        }

        scanner.At++;
        if (scanner.Peek() == ']')
        {
            scanner.At++;
            return true;
        }

        for (var element = 0; ; element++)
        {
            if (!TryElement(ref scanner, node, element, depth + 1))
            {
                return false;
            }

            if (scanner.Peek() != ',')
            {
                return scanner.TryTake((byte)']');
            }

            scanner.At++;
        }
    }

    private bool TryElement(ref JsonScanner scanner, JsonPathNode node, int element, int depth)
    {
        if (element == 0 && node.First is not null)
        {
            return TryValue(ref scanner, node.First, depth);
        }

        if (node.Tags.Length == 0 || scanner.Peek() != '"')
        {
            return scanner.TrySkip(depth);
        }

        if (!scanner.TryString(out var start, out var length, out var plain))
        {
            return false;
        }

        KeepTags(scanner.Slice(start, length), start, plain, node, isList: false);
        return true;
    }

    /// <summary>Looks into one text for the tags of a node; the first text with a tag counts.</summary>
    private void KeepTags(ReadOnlySpan<byte> text, int start, bool plain, JsonPathNode node, bool isList)
    {
        foreach (var (prefix, tag) in node.Tags)
        {
            for (var at = 0; at < text.Length;)
            {
                var comma = isList ? text[at..].IndexOf((byte)',') : -1;
                var part = comma < 0 ? text[at..] : text.Slice(at, comma);
                var blanks = part.Length - part.TrimStart((byte)' ').Length;
                if (part[blanks..].StartsWith(prefix) && _values[tag.Index].Kind == JsonKind.Absent)
                {
                    var value = part[(blanks + prefix.Length)..];
                    var trimmed = value.TrimStart((byte)' ');
                    _values[tag.Index] = new JsonValue(
                        JsonKind.Text, start + at + part.Length - trimmed.Length, trimmed.TrimEnd((byte)' ').Length, plain);
                }

                at += part.Length + 1;
            }
        }
    }
}
