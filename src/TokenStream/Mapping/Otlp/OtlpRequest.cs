using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>What a span tells of.</summary>
internal enum OtlpRole
{
    /// <summary>Other work, or the sum of requests that have spans of their own: no event.</summary>
    Context = 0,

    /// <summary>One request to a provider, perhaps one that another span tells of, too.</summary>
    Request,
}

/// <summary>What a dialect reads of one span.</summary>
internal struct OtlpRequest
{
    public int Span;
    public OtlpRole Role;
    public OtlpEmitter Emitter;

    /// <summary>Why nothing can be read of it; the default where something can.</summary>
    public MappingError Error;

    public ReportedUsage Usage;

    /// <summary>The keys that the counts were read at, for people; 0 for none.</summary>
    public OtlpCountKeys From;

    /// <summary>How the counts are to be taken; null where the emitter's own table tells it.</summary>
    public Convention? Convention;

    /// <summary>The counts by their convention, and how sure they are.</summary>
    public MappedUsage Mapped;

    /// <summary>What a dialect knows to be less sure than the convention says.</summary>
    public Standing AtBest;

    public OtlpValue Provider;

    /// <summary>The provider where the span names none, but its model's name or its usage shows one; else null.</summary>
    public byte[]? Maker;

    /// <summary>Whether a request counts even where nobody told its model.</summary>
    public bool MayLackModel;

    public OtlpValue Model;
    public OtlpValue ModelRequested;
    public OtlpValue ResponseId;
    public OtlpValue Tier;
    public OtlpValue Region;
    public OtlpValue ErrorType;
    public ResultType Result;
    public TokenCount TtftMs;
    public TokenCount MaxTokens;
    public TokenCount Attempt;
    public TokenCount Searches;

    /// <summary>Whether the id of the response is one of the emitter's own, or of an answer that was served before.</summary>
    public bool IsIdOfSpanOnly;

    /// <summary>Whether a gateway's own cache answered, so that the tokens are avoided.</summary>
    public bool IsAvoided;

    /// <summary>Whether the totals may be unknown and are zero then, as the output of embeddings.</summary>
    public bool HasNoOutput;

    /// <summary>The request that tells of the same; itself where it speaks for itself.</summary>
    public int Group;

    /// <summary>The next request of its group; -1 for none.</summary>
    public int NextOfGroup;

    /// <summary>Whether another one of its group, or those it is the sum of, speak for it.</summary>
    public bool IsDropped;

    public readonly bool IsFailed => Result is ResultType.Error or ResultType.Timeout;

    public readonly bool HasUsage => Mapped.TokensIn.IsKnown || Mapped.TokensOut.IsKnown;
}

/// <summary>Where counts were read.</summary>
internal struct OtlpCountKeys
{
    public int Input;
    public int Output;
    public int CacheRead;
    public int CacheWrite;
    public int CacheWrite1h;
    public int Reasoning;
}
