using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>Walks a map of usage once. Names that are costs, or that nobody knows, are passed over whatever they hold.</summary>
internal ref struct UsageMapReader
{
    private const int NameBytes = 64;

    private long _moreInput;
    private long _moreOutput;
    private uint _seen;

    /// <summary>Byte of the value that was refused.</summary>
    public int Refused { get; private set; }

    public MappingReason Read(ref JsonScanner scanner, ref UsageMap usage)
    {
        var reason = ReadMembers(ref scanner, ref usage, isDetails: false);
        var isOwn = usage.Names == UsageNames.Own || (usage.Names == UsageNames.None && _moreInput + _moreOutput > 0);
        if (isOwn)
        {
            usage.Names = UsageNames.Own;

            // Parts of other kinds, such as input_audio_tokens, stand beside Langfuse's own input and are not in it, unless the total says
            // so.
            var totals = usage.Reported.Input.OrZero + usage.Reported.Output.OrZero;
            var isWithin = usage.Reported.Total.IsKnown && usage.Reported.Total.OrZero == totals;
            (_moreInput, _moreOutput) = isWithin ? (0, 0) : (_moreInput, _moreOutput);
            usage.Reported.Input = More(usage.Reported.Input, _moreInput);
            usage.Reported.Output = More(usage.Reported.Output, _moreOutput);
        }

        return reason;
    }

    private static TokenCount More(TokenCount count, long more) => more == 0 ? count : TokenCount.Of(count.OrZero + more);

    private MappingReason ReadMembers(ref JsonScanner scanner, ref UsageMap usage, bool isDetails)
    {
        if (!scanner.TryTake((byte)'{'))
        {
            return MappingReason.InvalidJson;
        }

        if (scanner.Peek() == '}')
        {
            scanner.At++;
            return MappingReason.None;
        }

        Span<byte> buffer = stackalloc byte[NameBytes];
        while (true)
        {
            if (!scanner.TryString(out var start, out var length, out _) || !scanner.TryTake((byte)':'))
            {
                return MappingReason.InvalidJson;
            }

            scanner.Peek();
            Refused = scanner.At;
            var name = Lower(scanner.Slice(start, length), buffer);
            var reason = scanner.Peek() == '{' && IsDetails(name, ref usage)
                ? ReadMembers(ref scanner, ref usage, isDetails: true)
                : scanner.Peek() == '[' && name.SequenceEqual("cachedetails"u8)
                    ? ReadLifetimes(ref scanner, ref usage)
                    : ReadCount(ref scanner, name, ref usage, isDetails);
            if (reason != MappingReason.None)
            {
                return reason;
            }

            if (scanner.Peek() != ',')
            {
                return scanner.TryTake((byte)'}') ? MappingReason.None : MappingReason.InvalidJson;
            }

            scanner.At++;
            scanner.Peek();
        }
    }

    /// <summary>
    /// <c>prompt_tokens_details</c>, <c>input_token_details</c> and <c>cache_creation</c>: parts of the totals beside them.
    /// </summary>
    private static bool IsDetails(ReadOnlySpan<byte> name, ref UsageMap usage)
    {
        var isDetails = name.EndsWith("details"u8);
        usage.Reported.HasInputDetails |= isDetails && (name.StartsWith("prompt"u8) || name.StartsWith("input"u8));
        return isDetails || name.SequenceEqual("cache_creation"u8)
            || name.SequenceEqual("server_tool_use"u8);
    }

    /// <summary>Bedrock's <c>cacheDetails</c>: how many tokens were written for how long.</summary>
    private static MappingReason ReadLifetimes(ref JsonScanner scanner, ref UsageMap usage)
    {
        scanner.At++;
        while (scanner.Peek() != ']')
        {
            scanner.At += scanner.Peek() == ',' ? 1 : 0;
            scanner.Peek();
            var start = scanner.At;
            if (!scanner.TrySkip(1))
            {
                return MappingReason.InvalidJson;
            }

            var element = new UsageMap();
            var within = new JsonScanner(scanner.Slice(start, scanner.At - start));
            var isHour = scanner.Slice(start, scanner.At - start).IndexOf("\"1h\""u8) >= 0;
            var reason = within.Peek() == '{' ? ReadElement(ref within, ref element) : MappingReason.None;
            if (reason != MappingReason.None)
            {
                return reason;
            }

            ref var count = ref isHour ? ref usage.Reported.CacheWrite1h : ref usage.Reported.CacheWrite5m;
            count = count.Or(element.Reported.Input);
        }

        scanner.At++;
        return MappingReason.None;
    }

    private static MappingReason ReadElement(ref JsonScanner scanner, ref UsageMap element) =>
        new UsageMapReader().ReadMembers(ref scanner, ref element, isDetails: false);

    private MappingReason ReadCount(ref JsonScanner scanner, scoped ReadOnlySpan<byte> name, ref UsageMap usage, bool isDetails)
    {
        var part = UsageMapNames.Of(name, out var names);
        if (part == UsagePart.None || (isDetails && part <= UsagePart.MoreOutput))
        {
            return scanner.TrySkip(1) ? MappingReason.None : MappingReason.InvalidJson;
        }

        var reason = TryCount(ref scanner, out var count);
        if (reason != MappingReason.None || !count.IsKnown)
        {
            return reason;
        }

        var bit = 1u << (int)part;
        var isRepeated = (_seen & bit) != 0;
        _seen |= bit;
        if (part is UsagePart.Input or UsagePart.Output && isRepeated && names == usage.Names)
        {
            return MappingReason.DuplicateField;
        }

        // Of two names of one thing, as input beside prompt_tokens, the first counts.
        usage.Names = usage.Names == UsageNames.None ? names : usage.Names;
        ref var reported = ref usage.Reported;
        switch (part)
        {
            case UsagePart.Input: reported.Input = reported.Input.Or(count); break;
            case UsagePart.Output: reported.Output = reported.Output.Or(count); break;
            case UsagePart.Total: reported.Total = reported.Total.Or(count); break;
            case UsagePart.MoreInput: _moreInput += count.OrZero; break;
            case UsagePart.MoreOutput: _moreOutput += count.OrZero; break;
            case UsagePart.CacheRead: reported.CacheRead = reported.CacheRead.Or(count); break;
            case UsagePart.CacheWrite: reported.CacheWrite = reported.CacheWrite.Or(count); break;
            case UsagePart.CacheWrite5m: reported.CacheWrite5m = reported.CacheWrite5m.Or(count); break;
            case UsagePart.CacheWrite1h: reported.CacheWrite1h = reported.CacheWrite1h.Or(count); break;
            case UsagePart.Reasoning: reported.Reasoning = reported.Reasoning.Or(count); break;
            case UsagePart.Searches: usage.Searches = usage.Searches.Or(count); break;
            default: reported.ToolInput = reported.ToolInput.Or(count); break;
        }

        return MappingReason.None;
    }

    /// <summary>A count: a number, or a text of digits, which Langfuse takes for one.</summary>
    private static MappingReason TryCount(ref JsonScanner scanner, out TokenCount count)
    {
        count = default;
        var next = scanner.Peek();
        if (next == '"')
        {
            return scanner.TryString(out var start, out var length, out _) ? Digits(scanner.Slice(start, length), out count)
                : MappingReason.InvalidJson;
        }

        if (next is (byte)'n' or (byte)'t' or (byte)'f' or (byte)'{' or (byte)'[')
        {
            return !scanner.TrySkip(1) ? MappingReason.InvalidJson : next == 'n' ? MappingReason.None : MappingReason.WrongType;
        }

        if (!scanner.TryNumber(out var number, out var integer, out var inRange))
        {
            return MappingReason.InvalidJson;
        }

        return TokenCount.Read(new JsonValue(JsonKind.Number, 0, 0, integer && inRange, number), out count);
    }

    private static MappingReason Digits(ReadOnlySpan<byte> text, out TokenCount count)
    {
        count = default;
        if (text.Length is 0 or > 18 || text.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return MappingReason.WrongType;
        }

        long number = 0;
        foreach (var digit in text)
        {
            number = (number * 10) + (digit - '0');
        }

        return TokenCount.Read(new JsonValue(JsonKind.Number, 0, 0, true, number), out count);
    }

    /// <summary>A name without its escapes and in small letters; empty where it is too long to be one of ours.</summary>
    private static ReadOnlySpan<byte> Lower(ReadOnlySpan<byte> name, Span<byte> buffer)
    {
        if (TextEscapes.Undo(name, buffer, strict: false, out var length) != DecodeReason.None)
        {
            return default;
        }

        System.Text.Ascii.ToLowerInPlace(buffer[..length], out _);
        return buffer[..length];
    }
}
