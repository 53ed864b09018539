namespace TokenStream.Mapping;

/// <summary>What a name in a map of usage counts; those up to <see cref="MoreOutput"/> are no parts of a total beside them.</summary>
internal enum UsagePart
{
    None = 0,
    Input,
    Output,
    Total,

    /// <summary>Another kind of input beside Langfuse's own <c>input</c>.</summary>
    MoreInput,
    MoreOutput,
    CacheRead,
    CacheWrite,
    CacheWrite5m,
    CacheWrite1h,
    Reasoning,
    ToolInput,
    Searches,
}

/// <summary>
/// The names that maps of usage have: those of the providers' own objects, and those that people choose, which follow no rule but that
/// Langfuse adds up what has <c>input</c> or <c>output</c> in its name.
/// </summary>
internal static class UsageMapNames
{
    /// <summary>What a name, in small letters, counts, and whose it is where it is a total.</summary>
    public static UsagePart Of(ReadOnlySpan<byte> name, out UsageNames names)
    {
        names = UsageNames.None;
        var part = Total(name, ref names);
        return part != UsagePart.None ? part : Part(name);
    }

    private static UsagePart Total(ReadOnlySpan<byte> name, ref UsageNames names)
    {
        var part = UsagePart.None;
        (part, names) = Is(name, "input"u8) ? (UsagePart.Input, UsageNames.Own)
            : Is(name, "output"u8) ? (UsagePart.Output, UsageNames.Own)
            : Is(name, "prompt_tokens"u8) || Is(name, "prompttokens"u8) ? (UsagePart.Input, UsageNames.OpenAiChat)
            : Is(name, "completion_tokens"u8) || Is(name, "completiontokens"u8) ? (UsagePart.Output, UsageNames.OpenAiChat)
            : Is(name, "input_tokens"u8) ? (UsagePart.Input, UsageNames.InputTokens)
            : Is(name, "output_tokens"u8) ? (UsagePart.Output, UsageNames.InputTokens)
            : Is(name, "inputtokens"u8) ? (UsagePart.Input, UsageNames.Bedrock)
            : Is(name, "outputtokens"u8) ? (UsagePart.Output, UsageNames.Bedrock)
            : Is(name, "prompt_token_count"u8) || Is(name, "prompttokencount"u8) ? (UsagePart.Input, UsageNames.Gemini)
            : Is(name, "candidates_token_count"u8) || Is(name, "candidatestokencount"u8) ? (UsagePart.Output, UsageNames.Gemini)
            : (UsagePart.None, UsageNames.None);
        return part != UsagePart.None ? part
            : Is(name, "total"u8) || Is(name, "total_tokens"u8) || Is(name, "totaltokens"u8) || Is(name, "total_token_count"u8)
                || Is(name, "totaltokencount"u8) ? UsagePart.Total
            : UsagePart.None;
    }

    private static UsagePart Part(ReadOnlySpan<byte> name)
    {
        if (Has(name, "cost"u8) || Has(name, "price"u8) || Has(name, "miss"u8) || name.EndsWith("details"u8))
        {
            // Money; DeepSeek's prompt_cache_miss_tokens, which is the rest of the input; and details that are no object, as Gemini's
            // lists.
            return UsagePart.None;
        }

        if (Has(name, "ephemeral"u8) || Has(name, "cache"u8))
        {
            return Has(name, "1h"u8) ? UsagePart.CacheWrite1h
                : Has(name, "5m"u8) ? UsagePart.CacheWrite5m
                : Has(name, "creation"u8) || Has(name, "write"u8) ? UsagePart.CacheWrite
                : UsagePart.CacheRead;
        }

        if (Has(name, "reasoning"u8) || Has(name, "thinking"u8) || Has(name, "thought"u8))
        {
            return UsagePart.Reasoning;
        }

        return Is(name, "web_search_requests"u8) ? UsagePart.Searches
            : Is(name, "tool_use_prompt_token_count"u8) || Is(name, "tooluseprompttokencount"u8) ? UsagePart.ToolInput
            : Has(name, "input"u8) ? UsagePart.MoreInput
            : Has(name, "output"u8) ? UsagePart.MoreOutput
            : UsagePart.None;
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => name.SequenceEqual(other);

    private static bool Has(ReadOnlySpan<byte> name, ReadOnlySpan<byte> part) => name.IndexOf(part) >= 0;
}
