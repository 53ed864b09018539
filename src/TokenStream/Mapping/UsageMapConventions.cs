namespace TokenStream.Mapping;

/// <summary>
/// How one tool's maps of usage count: by the names that they have, and by who made the model. Maps with a provider's names are that
/// provider's object, passed on.
/// </summary>
/// <param name="chat">OpenAI's objects of chat completions and embeddings.</param>
/// <param name="responses">OpenAI's objects of responses.</param>
/// <param name="own">Maps with names of Langfuse's, which people fill.</param>
/// <param name="areObjectsShown">Whether captures show the objects of other providers within this tool.</param>
internal sealed class UsageMapConventions(
    ConventionTable chat, ConventionTable responses, ConventionTable own, bool areObjectsShown = false)
{
    public IEnumerable<ConventionTable> Tables => [chat, responses, own];

    /// <summary>The convention of a map, and how sure it can be at best.</summary>
    public Convention Of(in UsageMap told, ReadOnlySpan<byte> provider, bool isEmbedding, out Standing atBest)
    {
        var hasCacheApart = provider.SequenceEqual("anthropic"u8) || provider.SequenceEqual("bedrock"u8);
        var isMessages = told.Names == UsageNames.InputTokens && !told.HasDetails && (told.TellsCache || hasCacheApart);
        var isOwn = told.Names is UsageNames.Own or UsageNames.None && !isEmbedding;
        atBest = isMessages || told.Names is UsageNames.Bedrock or UsageNames.Gemini ? OfObject(in told, isMessages)
            : isOwn && !told.TellsCache ? (hasCacheApart ? Standing.BoundInput : Standing.BoundCached)
            : Standing.Exact;
        return isMessages ? Conventions.OfProviders.Of("anthropic"u8)
            : told.Names == UsageNames.Bedrock ? Conventions.OfProviders.Of("bedrock"u8)
            : told.Names == UsageNames.Gemini ? Conventions.OfProviders.Of("gemini"u8)
            : isOwn ? own.Of(provider)
            : told.Names == UsageNames.InputTokens ? responses.Of(provider)
            : chat.Of(provider);
    }

    /// <summary>What a map reports, with what its kind leaves out: embeddings put nothing out.</summary>
    public static ReportedUsage Reported(in UsageMap told, bool isEmbedding)
    {
        var reported = told.Reported;
        reported.Output = isEmbedding && reported.Input.IsKnown ? reported.Output.Or(TokenCount.Of(0)) : reported.Output;
        return reported;
    }

    /// <summary>Anthropic leaves cache tokens out where it has none to report, and so do people who copy its names.</summary>
    private Standing OfObject(in UsageMap told, bool isMessages) =>
        areObjectsShown ? Standing.Exact : isMessages && !told.TellsCache ? Standing.BoundInput : Standing.Assumed;
}
