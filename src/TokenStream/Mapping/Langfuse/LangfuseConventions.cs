using TokenStream.Events;

namespace TokenStream.Mapping.Langfuse;

/// <summary>How Langfuse's maps of usage count: by the names that they have, and by who made the model.</summary>
internal static class LangfuseConventions
{
    /// <summary>Turns a map into what an event carries; the reason where it cannot be.</summary>
    public static MappingReason TryApply(
        in LangfuseUsage told, ReadOnlySpan<byte> provider, bool isEmbedding, out MappedUsage usage, out Convention convention)
    {
        var reported = told.Reported;
        if (isEmbedding && reported.Input.IsKnown && !reported.Output.IsKnown)
        {
            // Embeddings put nothing out.
            reported.Output = TokenCount.Of(0);
        }

        var hasCacheApart = provider.SequenceEqual("anthropic"u8) || provider.SequenceEqual("bedrock"u8);
        var isMessages = told.Names == UsageNames.InputTokens && !told.HasDetails && (told.TellsCache || hasCacheApart);
        var isOwn = told.Names is UsageNames.Own or UsageNames.None && !isEmbedding;
        convention = isMessages ? Conventions.OfProviders.Of("anthropic"u8)
            : told.Names == UsageNames.Bedrock ? Conventions.OfProviders.Of("bedrock"u8)
            : told.Names == UsageNames.Gemini ? Conventions.OfProviders.Of("gemini"u8)
            : isOwn ? Conventions.OfLangfuseMaps.Of(provider)
            : Conventions.OfLangfuseObjects.Of(provider);
        if (!convention.TryApply(in reported, out usage))
        {
            return MappingReason.ConventionContradicted;
        }

        if (usage.Standing == Standing.Unknown)
        {
            return MappingReason.None;
        }

        usage.Standing = Convention.Later(usage.Standing, Left(in told, isMessages, isOwn && hasCacheApart, isOwn));
        return usage.TokensIn.OrZero > EventLimits.Count || usage.TokensOut.OrZero > EventLimits.Count
            ? MappingReason.CountOutOfRange
            : MappingReason.None;
    }

    /// <summary>What a map leaves open, whoever counts.</summary>
    private static Standing Left(in LangfuseUsage told, bool isMessages, bool isInputOpen, bool isOwn)
    {
        if (told.Names is UsageNames.Bedrock or UsageNames.Gemini || isMessages)
        {
            // Providers' own objects, which no capture shows within Langfuse.
            return !told.TellsCache && isMessages ? Standing.BoundInput : Standing.Assumed;
        }

        if (isOwn && !told.TellsCache)
        {
            return isInputOpen ? Standing.BoundInput : Standing.BoundCached;
        }

        // The SDKs drop what chat completions wrote to the cache.
        var dropsWrites = told.Names == UsageNames.OpenAiChat && told.Reported.CacheRead.IsKnown && !told.Reported.CacheWrite.IsKnown;
        return dropsWrites ? Standing.BoundCacheWrite : Standing.Exact;
    }
}
