namespace TokenStream.Mapping;

/// <summary>Token counts as a source reports them, each by its own convention; what it does not report is unknown.</summary>
internal struct ReportedUsage
{
    public TokenCount Input;
    public TokenCount Output;

    /// <summary>Input and output together.</summary>
    public TokenCount Total;

    public TokenCount CacheRead;

    /// <summary>All writes to the cache, whatever their time to live.</summary>
    public TokenCount CacheWrite;

    public TokenCount CacheWrite5m;
    public TokenCount CacheWrite1h;
    public TokenCount Reasoning;

    /// <summary>Input of tools that the provider ran itself.</summary>
    public TokenCount ToolInput;

    /// <summary>Whether the source says anything about parts of the input.</summary>
    public bool HasInputDetails;

    /// <summary>Whether providers cache nothing of such requests, embeddings for example, so that nothing of it can be lost.</summary>
    public bool IsNeverCached;

    public readonly bool IsEmpty => !Input.IsKnown && !Output.IsKnown && !Total.IsKnown;
}

/// <summary>Token counts as events carry them: inclusive totals, and parts that do not overlap.</summary>
internal struct MappedUsage
{
    public TokenCount TokensIn;
    public TokenCount TokensOut;
    public TokenCount Cached;
    public TokenCount CacheWrite5m;
    public TokenCount CacheWrite1h;
    public TokenCount Reasoning;

    /// <summary>Whether the output holds what only the total of both told, so that it is the most there can have been.</summary>
    public bool IsOutputAtMost;

    /// <summary>How sure the counts are.</summary>
    public Standing Standing;
}

/// <summary>How sure an event's counts are, the surest first; the last word of its <c>usage_convention</c>.</summary>
public enum Standing
{
    /// <summary>What the provider reported, by a convention that a capture proves.</summary>
    Exact = 0,

    /// <summary>The totals are exact; how long cache writes live is not told, and the shorter time is taken.</summary>
    BoundCacheWrite,

    /// <summary>The totals are exact; what of them came from the provider's cache was lost by the source.</summary>
    BoundCached,

    /// <summary>The input is what was neither read from nor written to the provider's cache; what was, the source lost.</summary>
    BoundInput,

    /// <summary>
    /// Input of tools that the provider ran itself is left out by the source, and cannot be seen: the input is at least this.
    /// </summary>
    BoundToolInput,

    /// <summary>
    /// Input and output together are exact; of a rest that the source names neither, reasoning or input of tools, all is taken as output.
    /// </summary>
    BoundOutput,

    /// <summary>The source's default convention is taken for a provider or shape that no capture proves.</summary>
    Assumed,

    /// <summary>The source counted by itself, since the provider told nothing, or not all.</summary>
    Counted,

    /// <summary>The stream was cut: what had been told is there, the rest is unknown.</summary>
    Cut,

    /// <summary>A stand-in answered, not a provider; the source's counts are left out.</summary>
    Mock,

    /// <summary>No usage was reported.</summary>
    Unknown,
}

/// <summary>The stable names of the standings.</summary>
public static class Standings
{
    private static readonly string[] Names =
    [
        "exact", "bound:cache_write", "bound:cached", "bound:input", "bound:tool_input", "bound:output", "assumed", "counted", "cut",
        "mock", "unknown",
    ];

    /// <summary>Number of standings.</summary>
    public static int Count => Names.Length;

    public static string Name(this Standing standing) => Names[(int)standing];
}
