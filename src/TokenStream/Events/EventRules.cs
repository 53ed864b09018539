using System.Runtime.CompilerServices;

namespace TokenStream.Events;

/// <summary>What only a whole event can be asked: are the required fields there, do signs, ranges and subsets hold.</summary>
internal static class EventRules
{
    private const EventFields Totals = EventFields.TokensIn | EventFields.TokensOut;

    /// <summary>
    /// Accepts the event and fills in its defaults, or says why not. <paramref name="seen"/>: the fields that were not null.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Judge(ref UsageEvent e, in EventFieldSet seen, out DecodeReason reason, out EventField field)
    {
        reason = DecodeReason.None;
        field = EventField.None;
        if (!IsUsualRequest(in e, in seen))
        {
            (reason, field) = Find(in e, in seen);
        }

        if (e.Environment.IsEmpty)
        {
            e.Environment = DecodeScratch.DefaultEnvironment;
        }

        return reason == DecodeReason.None;
    }

    /// <summary>True for a request that plainly breaks no rule, judged almost without branches; false asks for the closer look.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsUsualRequest(in UsageEvent e, in EventFieldSet seen)
    {
        var texts = (e.EventId.Length > 0) & (e.TenantId.Length > 0) & (e.Provider.Length > 0) & (e.Model.Length > 0);
        var required = seen.Contains(EventField.Time) & ((e.Present & Totals) == Totals);
        var plain = (e.Kind == EventKind.Request) & (e.Units == 0) & ((e.Present & EventFields.Attempt) == 0 | e.Attempt > 0);

        // None is negative: the sign bit of one would show in all.
        var counts = e.TokensIn | e.TokensOut | e.TokensCached | e.TokensCacheWrite5m | e.TokensCacheWrite1h | e.TokensReasoning
            | e.LatencyMs | e.TtftMs | e.Attempt;
        return texts & required & plain & (counts >= 0)
            && e.TokensCached + e.TokensCacheWrite5m + e.TokensCacheWrite1h <= e.TokensIn
            && e.TokensReasoning <= e.TokensOut;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (DecodeReason Reason, EventField Field) Find(in UsageEvent e, in EventFieldSet seen)
    {
        if (!seen.Contains(EventField.Time))
        {
            return (DecodeReason.MissingField, EventField.Time);
        }

        if (e.Kind == EventKind.Tick)
        {
            return default;
        }

        var missing = FindMissing(in e, in seen);
        if (missing != EventField.None)
        {
            return (DecodeReason.MissingField, missing);
        }

        var refused = FindBadCount(in e);
        return refused.Reason != DecodeReason.None || e.Kind == EventKind.Adjustment ? refused : FindBadSubset(in e);
    }

    private static EventField FindMissing(in UsageEvent e, in EventFieldSet seen)
    {
        // An estimate without a total says that nobody knows it: a provider may answer without its usage.
        var totalsNeeded = e.Kind == EventKind.Request && e.ResultType == ResultType.Ok && e.Completeness != Completeness.Estimated;
        return e.EventId.IsEmpty ? EventField.EventId
            : e.TenantId.IsEmpty ? EventField.TenantId
            : e.Provider.IsEmpty ? EventField.Provider
            : e.Model.IsEmpty ? EventField.Model
            : totalsNeeded && !e.Has(EventFields.TokensIn) ? EventField.TokensIn
            : totalsNeeded && !e.Has(EventFields.TokensOut) ? EventField.TokensOut
            : e.Kind == EventKind.Adjustment && !seen.Contains(EventField.Adjusts) ? EventField.Adjusts
            : EventField.None;
    }

    /// <summary>Only an adjustment's tokens and units have a sign. That no count is too large was seen when it was read.</summary>
    private static (DecodeReason Reason, EventField Field) FindBadCount(in UsageEvent e)
    {
        var signed = e.Kind == EventKind.Adjustment;
        var negative = e.LatencyMs < 0 ? EventField.LatencyMs
            : e.TtftMs < 0 ? EventField.TtftMs
            : e.Attempt < 0 ? EventField.Attempt
            : signed ? EventField.None
            : e.TokensIn < 0 ? EventField.TokensIn
            : e.TokensOut < 0 ? EventField.TokensOut
            : e.TokensCached < 0 ? EventField.TokensCached
            : e.TokensCacheWrite5m < 0 ? EventField.TokensCacheWrite5m
            : e.TokensCacheWrite1h < 0 ? EventField.TokensCacheWrite1h
            : e.TokensReasoning < 0 ? EventField.TokensReasoning
            : EventField.None;
        for (var i = 0; !signed && negative == EventField.None && i < e.Units; i++)
        {
            negative = e.UnitCounts[i] < 0 ? EventField.Units : EventField.None;
        }

        return negative != EventField.None ? (DecodeReason.CountNegative, negative)
            : e.Has(EventFields.Attempt) && e.Attempt == 0 ? (DecodeReason.CountOutOfRange, EventField.Attempt)
            : default;
    }

    private static (DecodeReason Reason, EventField Field) FindBadSubset(in UsageEvent e)
    {
        if (e.TokensReasoning > e.TokensOut)
        {
            return (DecodeReason.SubsetAboveTotal, EventField.TokensReasoning);
        }

        if (e.TokensCached + e.TokensCacheWrite5m + e.TokensCacheWrite1h <= e.TokensIn)
        {
            return default;
        }

        // The largest of the three is named: it is the likeliest to be mistaken.
        var largest = e.TokensCached >= e.TokensCacheWrite5m && e.TokensCached >= e.TokensCacheWrite1h ? EventField.TokensCached
            : e.TokensCacheWrite5m >= e.TokensCacheWrite1h ? EventField.TokensCacheWrite5m
            : EventField.TokensCacheWrite1h;
        return (DecodeReason.SubsetAboveTotal, largest);
    }
}
