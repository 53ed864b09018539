using System.Runtime.CompilerServices;

namespace TokenStream.Events;

/// <summary>
/// A decoded event: numbers by value, texts as slices of the record it came from. One instance is reused for all events of a partition, so
/// nothing of it may be kept. Values are increments: what a request used is the sum of its events.
/// </summary>
public struct UsageEvent
{
    /// <summary>Most entries an event's <c>units</c> may have.</summary>
    public const int MaxUnits = 8;

    /// <summary>Most label keys that can be configured as dimensions.</summary>
    public const int MaxLabels = 4;

    public EventKind Kind;
    public CacheStatus CacheStatus;
    public ResultType ResultType;
    public Completeness Completeness;
    public EventFields Present;

    /// <summary>When the usage became known; milliseconds since the Unix epoch, as sent.</summary>
    public long TimeMs;

    public Utf8Slice EventId;
    public Utf8Slice TenantId;
    public Utf8Slice App;
    public Utf8Slice Feature;
    public Utf8Slice Environment;
    public Utf8Slice UserId;
    public Utf8Slice SessionId;
    public Utf8Slice Provider;
    public Utf8Slice Model;
    public Utf8Slice PromptVersion;
    public Utf8Slice PromptHash;
    public Utf8Slice ServiceTier;
    public Utf8Slice Region;

    /// <summary>Inclusive total of input tokens: cached and cache-write tokens lie within.</summary>
    public long TokensIn;

    /// <summary>Inclusive total of output tokens: reasoning tokens lie within.</summary>
    public long TokensOut;

    public long TokensCached;
    public long TokensCacheWrite5m;
    public long TokensCacheWrite1h;
    public long TokensReasoning;

    public long LatencyMs;
    public long TtftMs;

    /// <summary>1 for the first attempt; meaningful where <see cref="EventFields.Attempt"/> is present.</summary>
    public long Attempt;

    /// <summary>The most output tokens that the request allowed.</summary>
    public long MaxTokens;

    /// <summary>Meaningful where <see cref="EventFields.Pii"/> is present.</summary>
    public bool Pii;

    /// <summary>Meaningful where <see cref="EventFields.Accepted"/> is present.</summary>
    public bool Accepted;

    /// <summary>Number of valid entries in <see cref="UnitNames"/> and <see cref="UnitCounts"/>.</summary>
    public int Units;

    public UnitNameList UnitNames;
    public UnitCountList UnitCounts;

    /// <summary>Values of the configured label keys, in the configuration's order; empty where the event has none.</summary>
    public LabelList Labels;

    /// <summary>Whether the gateway refused the request: it used nothing.</summary>
    public readonly bool IsBlocked => ResultType is ResultType.BlockedBudget or ResultType.BlockedPolicy;

    /// <summary>Neither a part of something nor an adjustment: what is counted as an attempt.</summary>
    public readonly bool IsAttempt => Kind == EventKind.Request && Completeness != Completeness.Partial;

    /// <summary>An attempt that is the first, or does not say which it is: what is counted as a request.</summary>
    public readonly bool IsRequest => IsAttempt && (!Has(EventFields.Attempt) || Attempt <= 1);

    /// <summary>Whether the gateway's own cache answered, so that the tokens were avoided.</summary>
    public readonly bool IsAvoided => Has(EventFields.CacheStatus) && CacheStatus is CacheStatus.Exact or CacheStatus.Semantic;

    public readonly bool Has(EventFields field) => (Present & field) != 0;

    [InlineArray(MaxUnits)]
    public struct UnitNameList
    {
        private Utf8Slice _element;
    }

    [InlineArray(MaxUnits)]
    public struct UnitCountList
    {
        private long _element;
    }

    [InlineArray(MaxLabels)]
    public struct LabelList
    {
        private Utf8Slice _element;
    }
}
