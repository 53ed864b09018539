using System.Text;

namespace TokenStream.Mapping.CloudEvents;

/// <summary>What the tokens of an event are, where each event is of one class.</summary>
internal enum TokenClass
{
    None = 0,
    Input,
    Output,
    CacheRead,
    CacheWrite,
    CacheWrite5m,
    CacheWrite1h,
    Reasoning,
}

/// <summary>Reads the names of token classes: those that OpenMeter documents, and what people write instead.</summary>
internal static class TokenClasses
{
    private static readonly (byte[] Name, TokenClass Class, bool IsDocumented)[] Names =
    [
        .. new (string, TokenClass, bool)[]
        {
            ("input", TokenClass.Input, true), ("output", TokenClass.Output, true), ("cache_read", TokenClass.CacheRead, true),
            ("cache_write", TokenClass.CacheWrite, true), ("reasoning", TokenClass.Reasoning, true), ("prompt", TokenClass.Input, false),
            ("input_tokens", TokenClass.Input, false), ("prompt_tokens", TokenClass.Input, false),
            ("completion", TokenClass.Output, false), ("output_tokens", TokenClass.Output, false),
            ("completion_tokens", TokenClass.Output, false), ("cached", TokenClass.CacheRead, false),
            ("cached_input", TokenClass.CacheRead, false), ("cache_read_input_tokens", TokenClass.CacheRead, false),
            ("cache_creation", TokenClass.CacheWrite, false), ("cache_creation_input_tokens", TokenClass.CacheWrite, false),
            ("cache_write_5m", TokenClass.CacheWrite5m, false), ("cache_write_1h", TokenClass.CacheWrite1h, false),
            ("thinking", TokenClass.Reasoning, false), ("reasoning_tokens", TokenClass.Reasoning, false),
        }.Select(row => (Encoding.UTF8.GetBytes(row.Item1), row.Item2, row.Item3)),
    ];

    /// <summary>The class of a name; <paramref name="isDocumented"/> is false where its meaning is a guess, if a good one.</summary>
    public static TokenClass Of(ReadOnlySpan<byte> text, out bool isDocumented)
    {
        foreach (var (name, tokens, documented) in Names)
        {
            if (Ascii.EqualsIgnoreCase(text, name))
            {
                isDocumented = documented;
                return tokens;
            }
        }

        isDocumented = false;
        return TokenClass.None;
    }

    /// <summary>What is new with this event: so many tokens of one class, and none of the others.</summary>
    public static ReportedUsage Increment(TokenClass tokens, TokenCount count)
    {
        var none = TokenCount.Of(0);
        return new ReportedUsage
        {
            Input = tokens == TokenClass.Input ? count : none,
            Output = tokens == TokenClass.Output ? count : none,
            CacheRead = tokens == TokenClass.CacheRead ? count : default,
            CacheWrite = tokens == TokenClass.CacheWrite ? count : default,
            CacheWrite5m = tokens == TokenClass.CacheWrite5m ? count : default,
            CacheWrite1h = tokens == TokenClass.CacheWrite1h ? count : default,
            Reasoning = tokens == TokenClass.Reasoning ? count : default,
        };
    }
}
