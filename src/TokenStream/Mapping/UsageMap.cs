using TokenStream.Events;

namespace TokenStream.Mapping;

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
/// A map of names to counts, as tools pass it on: the provider's usage object as it came, or a map that somebody wrote with names of
/// Langfuse's. Whose names it has says how it counts (<see cref="UsageMapConventions"/>).
/// </summary>
internal struct UsageMap
{
    public ReportedUsage Reported;
    public UsageNames Names;

    /// <summary>Searches of the web that the provider made.</summary>
    public TokenCount Searches;

    /// <summary>Whether parts of the input stand within an object of details, as OpenAI has them.</summary>
    public readonly bool HasDetails => Reported.HasInputDetails;

    /// <summary>Whether the map says anything of the provider's cache.</summary>
    public readonly bool TellsCache => Reported.CacheRead.IsKnown || Reported.CacheWrite.IsKnown || Reported.CacheWrite5m.IsKnown
        || Reported.CacheWrite1h.IsKnown;

    public readonly bool IsThere => Names != UsageNames.None || Reported.Total.IsKnown;

    /// <summary>
    /// Reads a map, whose bytes are JSON; what is no object tells nothing. The offset is that of a value that is refused.
    /// </summary>
    public static MappingReason Read(ReadOnlySpan<byte> payload, in JsonValue map, out UsageMap usage, out int offset)
    {
        usage = default;
        offset = map.Offset;
        if (map.Kind != JsonKind.Object)
        {
            return MappingReason.None;
        }

        var scanner = new JsonScanner(payload[..(map.Offset + map.Length)]) { At = map.Offset };
        var reader = new UsageMapReader();
        var reason = reader.Read(ref scanner, ref usage);
        offset = reader.Refused;
        return reason;
    }
}
