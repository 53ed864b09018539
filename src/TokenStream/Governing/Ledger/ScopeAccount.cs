using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>
/// What one scope has spent: in all, before each boundary of a period that somebody asks about, and over time, as finely as the lookbacks of
/// its budgets need. Every change is booked at its window's time, whenever it comes.
/// </summary>
public sealed class ScopeAccount
{
    internal const long WindowMs = 10_000;
    internal const long MinuteMs = 60_000;
    internal const long TenMinutesMs = 600_000;
    internal const long HourMs = 3_600_000;

    /// <summary>Lookbacks of up to so long begin at a multiple of ten seconds ..</summary>
    internal const long FineMs = 2 * HourMs;

    /// <summary>.. up to so long at a whole minute, and beyond at a whole ten minutes.</summary>
    internal const long MiddleMs = 12 * HourMs;

    /// <summary>Windows that come late, or before the clock says so, find room beside what lookbacks need.</summary>
    private const long SlackMs = 10 * MinuteMs;

    private readonly SumTier[] _tiers = [new(WindowMs), new(MinuteMs), new(TenMinutesMs), new(HourMs)];
    private readonly SortedList<long, PeriodBoundary> _boundaries = [];
    private SpendMeasures _total;

    internal ScopeAccount(Scope scope, int id) => (Scope, Id) = (scope, id);

    public Scope Scope { get; }

    /// <summary>Number in its ledger.</summary>
    internal int Id { get; }

    /// <summary>Everything ever counted.</summary>
    public SpendMeasures Total => _total;

    /// <summary>Start of the newest window that holds something; 0 before the first.</summary>
    public long NewestWindowMs { get; internal set; }

    /// <summary>Start of the oldest window that holds something; <see cref="long.MaxValue"/> before the first.</summary>
    public long OldestWindowMs { get; internal set; } = long.MaxValue;

    /// <summary>Highest broker timestamp among the events counted; 0 before the first.</summary>
    public long EventMs { get; internal set; }

    /// <summary>Whether something has changed since the account's budgets were evaluated.</summary>
    internal bool IsDirty { get; set; }

    /// <summary>Since when patterns that cover the scope are published without a gap; null where none covers it.</summary>
    internal long? PublishedSinceMs { get; set; }

    /// <summary>The offset up to which a snapshot that was written while spend went on has counted the account; 0 where it says nothing of it.</summary>
    internal long CountedUpTo { get; set; }

    /// <summary>Whether there was a time in which no pattern covered the scope.</summary>
    internal bool HasGap { get; set; }

    internal IReadOnlyList<SumTier> Tiers => _tiers;

    /// <summary>By time.</summary>
    internal IList<PeriodBoundary> Boundaries => _boundaries.Values;

    /// <summary>Bytes of the sums over time.</summary>
    public long Bytes => _tiers.Sum(tier => tier.Bytes);

    /// <summary>The tier that a lookback of a certain length begins on.</summary>
    internal static int TierOf(long lookbackMs) => lookbackMs <= FineMs ? 0 : lookbackMs <= MiddleMs ? 1 : 2;

    /// <summary>Keeps what lookbacks of this length need of these columns.</summary>
    internal void Want(int columns, long lookbackMs)
    {
        // The end of every lookback is read from the finest tier, and demand over some minutes.
        _tiers[0].Want(columns | SumColumns.Blocked, SlackMs * 2);
        _tiers[TierOf(lookbackMs)].Want(columns, lookbackMs + SlackMs + TenMinutesMs);
    }

    /// <summary>Keeps so long a history by hours.</summary>
    internal void WantHours(int columns, long spanMs) => _tiers[3].Want(columns, spanMs);

    internal void Add(long windowMs, in SpendMeasures change, long eventMs)
    {
        foreach (var tier in _tiers)
        {
            tier.Add(windowMs, change, _total);
        }

        _total += change;
        for (var i = _boundaries.Count - 1; i >= 0 && _boundaries.Keys[i] > windowMs; i--)
        {
            _boundaries.Values[i].Before += change;
        }

        NewestWindowMs = Math.Max(NewestWindowMs, windowMs);
        OldestWindowMs = Math.Min(OldestWindowMs, windowMs);
        EventMs = Math.Max(EventMs, eventMs);
    }

    /// <summary>
    /// Keeps the sum of what lies before a time from now on, so that what lies between two times is a difference. Where the time lies so far
    /// back that what came at or after it cannot be told apart any more, the sum is all that was counted until now, and is not complete.
    /// </summary>
    /// <param name="columns">The columns that must be known.</param>
    internal PeriodBoundary AddBoundary(long timeMs, int columns)
    {
        var boundary = NewBoundary(timeMs, columns);
        _boundaries.Add(timeMs, boundary);
        return boundary;
    }

    internal PeriodBoundary? FindBoundary(long timeMs) => _boundaries.GetValueOrDefault(timeMs);

    internal void DropBoundaries(Predicate<long> isNeeded)
    {
        for (var i = _boundaries.Count - 1; i >= 0; i--)
        {
            if (!isNeeded(_boundaries.Keys[i]))
            {
                _boundaries.RemoveAt(i);
            }
        }
    }

    /// <summary>The sum over a lookback; where it begins between two samples, from the earlier one.</summary>
    internal Int128 Sum(SumColumn column, int tier, long fromMs, long toMs) =>
        _tiers[0].Before(toMs, column, _total) - _tiers[tier].Before(fromMs, column, _total);

    /// <summary>The sum of all windows that begin before a time, as a tier has it: at its step before the time.</summary>
    internal Int128 Before(SumColumn column, int tier, long timeMs) => _tiers[tier].Before(timeMs, column, _total);

    /// <summary>Whether a column has ever changed: every tier that keeps it is fed by the same changes as the finest.</summary>
    internal bool Has(SumColumn column) => _tiers[0].Has(column);

    /// <summary>The sums of whole hours from a time on, at most so many.</summary>
    internal void Hours(SumColumn column, long fromMs, Span<Int128> sums)
    {
        var before = _tiers[3].Before(fromMs, column, _total);
        for (var i = 0; i < sums.Length; i++)
        {
            var upto = _tiers[3].Before(fromMs + ((i + 1) * HourMs), column, _total);
            (sums[i], before) = (upto - before, upto);
        }
    }

    internal void Restore(in SpendMeasures total, IEnumerable<PeriodBoundary> boundaries)
    {
        _total = total;
        _boundaries.Clear();
        foreach (var boundary in boundaries)
        {
            if (!_boundaries.TryAdd(boundary.TimeMs, boundary))
            {
                throw new FormatException("a boundary that is there twice");
            }
        }
    }

    private PeriodBoundary NewBoundary(long timeMs, int columns)
    {
        if (NewestWindowMs < timeMs)
        {
            return new PeriodBoundary(timeMs) { Before = _total, IsComplete = true };
        }

        if (OldestWindowMs >= timeMs)
        {
            return new PeriodBoundary(timeMs) { IsComplete = true };
        }

        var tier = Array.Find(
            _tiers, tier => tier.Count > 0 && tier.FirstMs <= timeMs && timeMs % tier.StepMs == 0 && (tier.Wanted & columns) == columns);
        return new PeriodBoundary(timeMs) { Before = tier is null ? _total : Sampled(tier, timeMs), IsComplete = tier is not null };
    }

    private SpendMeasures Sampled(SumTier tier, long timeMs) => new()
    {
        Cost = tier.Before(timeMs, SumColumn.Cost, _total),
        BatchCost = tier.Before(timeMs, SumColumn.BatchCost, _total),
        UnpricedBound = tier.Before(timeMs, SumColumn.UnpricedBound, _total),
        BatchUnpricedBound = tier.Before(timeMs, SumColumn.BatchUnpricedBound, _total),
        BlockedCost = tier.Before(timeMs, SumColumn.BlockedCost, _total),
        Tokens = (long)tier.Before(timeMs, SumColumn.Tokens, _total),
        BatchTokens = (long)tier.Before(timeMs, SumColumn.BatchTokens, _total),
        UnboundTokens = _total.UnboundTokens,
        BlockedTokens = (long)tier.Before(timeMs, SumColumn.BlockedTokens, _total),
        Requests = (long)tier.Before(timeMs, SumColumn.Requests, _total),
        BatchRequests = (long)tier.Before(timeMs, SumColumn.BatchRequests, _total),
        BlockedRequests = (long)tier.Before(timeMs, SumColumn.BlockedRequests, _total),
    };
}
