using TokenStream.Events;

namespace TokenStream.Mapping.Langfuse;

/// <summary>Whose names a map of usage has, which says how it counts.</summary>
internal enum UsageNames : byte
{
    None = 0,

    /// <summary>Langfuse's own: <c>input</c>, <c>output</c> and parts beside them, none overlapping.</summary>
    Own,

    /// <summary>OpenAI's chat and embeddings: <c>prompt_tokens</c>.</summary>
    OpenAiChat,

    /// <summary><c>input_tokens</c>: OpenAI's responses, and Anthropic's messages where cache tokens stand beside them.</summary>
    InputTokens,

    Bedrock,
    Gemini,
}

/// <summary>
/// What an observation says it used. Langfuse takes any map of names to counts: the provider's usage object as it came, or a map of its own
/// names. <c>usage</c> and <c>usageDetails</c> say the same twice; the latter says more.
/// </summary>
internal struct LangfuseUsage
{
    public ReportedUsage Reported;
    public UsageNames Names;

    /// <summary>Whether parts of the input stand within an object of details, as OpenAI has them.</summary>
    public bool HasDetails;

    /// <summary>Whether the map says anything of the provider's cache.</summary>
    public readonly bool TellsCache => Reported.CacheRead.IsKnown || Reported.CacheWrite.IsKnown || Reported.CacheWrite5m.IsKnown
        || Reported.CacheWrite1h.IsKnown;

    public readonly bool IsThere => Names != UsageNames.None || Reported.Total.IsKnown;

    /// <summary>
    /// Reads a map, whose bytes are JSON; what is no object tells nothing. The offset is that of a value that is refused.
    /// </summary>
    public static MappingReason Read(ReadOnlySpan<byte> payload, in JsonValue map, out LangfuseUsage usage, out int offset)
    {
        usage = default;
        offset = map.Offset;
        if (map.Kind != JsonKind.Object)
        {
            return MappingReason.None;
        }

        var scanner = new JsonScanner(payload[..(map.Offset + map.Length)]) { At = map.Offset };
        var reader = new LangfuseUsageReader();
        var reason = reader.Read(ref scanner, ref usage);
        offset = reader.Refused;
        return reason;
    }
}
