using TokenStream.Budgets;
using TokenStream.Governing.Ledger;
using TokenStream.Windowing;

namespace TokenStream.Governing.Evaluation;

/// <summary>One budget for one scope: its running period, what was carried over, and how it stands at an instant.</summary>
internal sealed class BudgetBinding
{
    private const long StaleMs = 10 * ScopeAccount.MinuteMs;
    private const long SteadyMinutes = 5;
    private const long DayMs = 24 * ScopeAccount.HourMs;
    private const int HourTier = 3;
    private const long ForecastKeptMs = ScopeAccount.MinuteMs;

    /// <summary>Four weeks: every hour of the week four times.</summary>
    private const int HistoryHours = 4 * SpendProfile.HoursOfWeek;

    private readonly PeriodCalendar _calendar;
    private readonly OpeningBook _openings;
    private readonly int _columns;
    private readonly bool _isTokens;
    private readonly SumColumn _spend;
    private readonly SumColumn _batch;
    private BurnRatePlan[] _plans = [];
    private PeriodBoundary? _start;
    private PeriodBoundary? _end;
    private long _planLengthMs;
    private SpendProfile? _profile;
    private long _profileMs;
    private SpendForecast _forecast;
    private long _forecastMs;
    private bool _runsOutPriced;

    /// <param name="number">Its place among the bindings of the evaluator.</param>
    public BudgetBinding(Budget budget, ScopeAccount account, PeriodCalendar calendar, OpeningBook openings, int number)
    {
        (Budget, Account, _calendar, _openings, Number) = (budget, account, calendar, openings, number);
        _isTokens = budget.Amount.IsTokens;
        _columns = _isTokens ? SumColumns.Tokens : SumColumns.Money;
        (_spend, _batch) = _isTokens ? (SumColumn.Tokens, SumColumn.BatchTokens) : (SumColumn.Cost, SumColumn.BatchCost);
    }

    public Budget Budget { get; }

    public ScopeAccount Account { get; }

    /// <summary>The running period; of length 0 before the first look.</summary>
    public PeriodSpan Period { get; private set; }

    /// <summary>What the period before left over.</summary>
    public Int128 Carried { get; private set; }

    public Int128 Limit => Budget.Amount.Value + Carried;

    public bool IsRolling => _start is null;

    /// <summary>Whether spend of the running period before the scope's pattern was known is not told yet.</summary>
    public bool IsSeeding => _start is { IsComplete: false };

    /// <summary>Its place among the bindings of the evaluator.</summary>
    public int Number { get; }

    /// <summary>Goes on where another binding of the same budget and scope stands.</summary>
    public void Continue(PeriodSpan period, Int128 carried)
    {
        (Period, Carried) = (period, carried);
    }

    /// <summary>Begins the period that holds an instant, where another one was running.</summary>
    public void Roll(long nowMs)
    {
        if (_calendar.At(nowMs) is var span && span.EndMs <= nowMs)
        {
            // A rolling period ends at every instant.
            (Period, _start, _end) = (span, null, null);
            Account.Want(_columns | SumColumns.Requests | SumColumns.Blocked, span.LengthMs);
        }
        else if (span != Period || _start is null)
        {
            Carry(span);
            (Period, _start, _end) = (span, _openings.Boundary(Account, span.StartMs, _columns, nowMs), _openings.Boundary(Account, span.EndMs, _columns, nowMs));
        }

        Plan();
    }

    public bool Needs(long boundaryMs) => _start is not null && (boundaryMs == Period.StartMs || boundaryMs == Period.EndMs);

    public BudgetEvaluation Evaluate(long nowMs, IReadOnlyDictionary<string, long> offsets)
    {
        if (IsRolling || nowMs >= Period.EndMs || _plans.Length == 0)
        {
            Roll(nowMs);
        }

        var minuteEndMs = nowMs / ScopeAccount.WindowMs * ScopeAccount.WindowMs;
        var upto = minuteEndMs + ScopeAccount.WindowMs;
        var spent = SpentInPeriod(upto);
        var pairs = Read(upto, spent, nowMs);
        var steadyMs = minuteEndMs - (SteadyMinutes * ScopeAccount.MinuteMs);
        var lastMs = minuteEndMs - ScopeAccount.MinuteMs;
        var demand = DemandBefore(minuteEndMs);
        return new BudgetEvaluation
        {
            Budget = Budget,
            Scope = Account.Scope,
            NowMs = nowMs,
            Period = Period,
            Limit = Limit,
            Spent = Priced(spent),
            UnpricedBound = Bound(spent),
            UnpricedLastDay = _isTokens || !Account.Has(SumColumn.UnpricedBound) ? 0 : Sum(SumColumn.UnpricedBound, HourTier, (upto - DayMs) / ScopeAccount.HourMs * ScopeAccount.HourMs, upto),
            Blocked = _isTokens ? spent.BlockedTokens : spent.BlockedCost,
            Pairs = pairs,
            ExhaustedAtMs = _forecast.ExhaustedAtMs,
            ExhaustedEarliestMs = _forecast.EarliestMs,
            ExhaustedLatestMs = _forecast.LatestMs,
            DemandPerMinute = demand - DemandBefore(lastMs),
            SteadyDemandPerMinute = (demand - DemandBefore(steadyMs)) / SteadyMinutes,
            DemandTokensPerMinute = (long)(Last(SumColumn.Tokens, lastMs, minuteEndMs) + Last(SumColumn.BlockedTokens, lastMs, minuteEndMs)),
            DemandRequestsPerMinute = (long)(Last(SumColumn.Requests, lastMs, minuteEndMs) + Last(SumColumn.BlockedRequests, lastMs, minuteEndMs)),
            BlockedIsReported = Last(SumColumn.BlockedRequests, steadyMs, upto) > 0,
            Cut = Budget.Leases ? Cut(upto, spent, nowMs) : null,
            IsSeeding = IsSeeding,
            CountsFromMs = _start?.CountsFromMs,
            IsStale = Account.NewestWindowMs + ScopeAccount.WindowMs < nowMs - StaleMs,
            EventMs = Account.EventMs,
            Offsets = offsets,
        };
    }

    private static Int128 Priced(in SpendMeasures measures, bool isTokens) => isTokens ? measures.Tokens : measures.Cost;

    private Int128 Priced(in SpendMeasures measures) => Priced(measures, _isTokens);

    /// <summary>The bound on unpriced usage, which counts money only.</summary>
    private Int128 Bound(in SpendMeasures measures) => _isTokens ? 0 : measures.UnpricedBound;

    /// <summary>What is left over of the period that ends goes into the one that begins, if it is the next and all of it was counted.</summary>
    private void Carry(PeriodSpan next)
    {
        if (!Budget.CarryOver || Period.EndMs != next.StartMs || Account.FindBoundary(Period.StartMs) is not { IsComplete: true, CountsFromMs: null } start ||
            Account.FindBoundary(Period.EndMs) is not { } end)
        {
            Carried = Period == next ? Carried : 0;
            return;
        }

        var spent = end.Before - start.Before;
        Carried = Int128.Max(0, Limit - Priced(spent) - Bound(spent));
    }

    private SpendMeasures SpentInPeriod(long uptoMs)
    {
        if (!IsRolling)
        {
            return _end!.Before - _start!.Before;
        }

        // Of a rolling period the sums over time are all there is; what a step's rounding adds lies at its far end.
        var tier = ScopeAccount.TierOf(Period.LengthMs);
        var fromMs = uptoMs - Period.LengthMs;
        return _isTokens
            ? new SpendMeasures
            {
                Tokens = (long)Sum(SumColumn.Tokens, tier, fromMs, uptoMs),
                BlockedTokens = (long)Sum(SumColumn.BlockedTokens, tier, fromMs, uptoMs),
            }
            : new SpendMeasures
            {
                Cost = Sum(SumColumn.Cost, tier, fromMs, uptoMs),
                UnpricedBound = Sum(SumColumn.UnpricedBound, tier, fromMs, uptoMs),
                BlockedCost = Sum(SumColumn.BlockedCost, tier, fromMs, uptoMs),
            };
    }

    /// <summary>
    /// Where nothing new has come for long the ledger may lag: the cut goes back to what came last. The bound on unpriced usage counts, since a model
    /// without a price must not be a way around a lease.
    /// </summary>
    private LedgerCut Cut(long upto, in SpendMeasures spent, long nowMs)
    {
        var cutMs = Math.Clamp(Account.NewestWindowMs, nowMs - LedgerCut.LongestLagMs, nowMs - LedgerCut.UsualLagMs);
        cutMs = Math.Max(Period.StartMs, cutMs - (cutMs % ScopeAccount.WindowMs));

        // A period's sum holds what came from machines whose clocks are ahead, too.
        var since = Whole(0, cutMs, IsRolling ? upto : Math.Max(upto, Account.NewestWindowMs + ScopeAccount.WindowMs), true);
        return new LedgerCut(cutMs, Priced(spent) + Bound(spent) - since, since);
    }

    private void Plan()
    {
        if (_planLengthMs == Period.LengthMs)
        {
            return;
        }

        _planLengthMs = Period.LengthMs;
        _plans = [.. BurnRatePair.Of(Budget.BurnFactors, _planLengthMs).Select(pair => new BurnRatePlan(pair))];
        foreach (var plan in _plans)
        {
            Account.Want(_columns | SumColumns.Requests, plan.Pair.LongMs);
            Account.Want(_columns | SumColumns.Requests, plan.Pair.ShortMs);
        }

        // The forecast asks for the last hour and for the recent speed.
        Account.Want(_columns, ScopeAccount.HourMs);
        Account.Want(_columns, Forecast.RecentMs(_planLengthMs));
        Account.WantHours(_columns, (HistoryHours + 1) * ScopeAccount.HourMs);
    }

    private PairReading[] Read(long upto, in SpendMeasures spent, long nowMs)
    {
        var readings = new PairReading[_plans.Length];
        var isAnyAbove = false;
        Span<bool> aboveWithBound = stackalloc bool[_plans.Length];
        var (limit, limitRate) = (Limit, (double)Limit);

        // Every lookback ends here: read once, not for each.
        var (spendEnd, boundEnd, requestsEnd) = (BurningBefore(0, upto), BoundBefore(0, upto), RequestsBefore(0, upto));
        for (var i = 0; i < _plans.Length; i++)
        {
            var plan = _plans[i];
            var (longFrom, shortFrom) = (Step(plan.LongTier, upto - plan.Pair.LongMs), Step(plan.ShortTier, upto - plan.Pair.ShortMs));
            var (longMs, shortMs) = (upto - longFrom, upto - shortFrom);
            var (longSpend, longBound) = (spendEnd - BurningBefore(plan.LongTier, longFrom), boundEnd - BoundBefore(plan.LongTier, longFrom));
            var (shortSpend, shortBound) = (spendEnd - BurningBefore(plan.ShortTier, shortFrom), boundEnd - BoundBefore(plan.ShortTier, shortFrom));
            var isBusy = requestsEnd - RequestsBefore(plan.LongTier, longFrom) >= BurnRatePlan.LeastRequests;
            var isAbove = isBusy && IsAbove(plan, longSpend, longMs, shortSpend, shortMs, limit, limitRate);
            aboveWithBound[i] = isAbove ||
                (isBusy && longBound != 0 && IsAbove(plan, longSpend + longBound, longMs, shortSpend + shortBound, shortMs, limit, limitRate));
            isAnyAbove |= aboveWithBound[i];
            readings[i] = new PairReading(
                plan.Pair.Factor,
                plan.Pair.LongMs,
                plan.Pair.ShortMs,
                BurnRatePlan.Rate(longSpend + longBound, longMs, limitRate, _planLengthMs),
                BurnRatePlan.Rate(shortSpend + shortBound, shortMs, limitRate, _planLengthMs),
                isAbove,
                false);
        }

        if (isAnyAbove || nowMs - _forecastMs >= ForecastKeptMs || nowMs < _forecastMs)
        {
            Foresee(upto, spent, nowMs);
        }

        for (var i = 0; i < readings.Length && _forecast.RunsOut; i++)
        {
            if (aboveWithBound[i])
            {
                readings[i] = readings[i] with { Fires = readings[i].IsAbove && _runsOutPriced, FiresWithBound = true };
            }
        }

        return readings;
    }

    private bool IsAbove(BurnRatePlan plan, Int128 longSpend, long longMs, Int128 shortSpend, long shortMs, Int128 limit, double limitRate) =>
        plan.IsExceeded(longSpend, longMs, limit, _planLengthMs, BurnRatePlan.Rate(longSpend, longMs, limitRate, _planLengthMs)) &&
        plan.IsExceeded(shortSpend, shortMs, limit, _planLengthMs, BurnRatePlan.Rate(shortSpend, shortMs, limitRate, _planLengthMs)) &&
        longSpend * BurnRatePlan.LeastShareOf >= limit;

    /// <summary>Where a lookback begins once it is rounded down to a sample.</summary>
    private long Step(int tier, long fromMs) => fromMs - (fromMs % Account.Tiers[tier].StepMs);

    /// <summary>What burn rates are made of, up to a time. Columns that never changed, as most, are not read.</summary>
    private Int128 BurningBefore(int tier, long timeMs)
    {
        var spend = Account.Before(_spend, tier, timeMs);
        return Budget.BatchInBurnRates || !Account.Has(_batch) ? spend : spend - Account.Before(_batch, tier, timeMs);
    }

    private Int128 BoundBefore(int tier, long timeMs)
    {
        if (_isTokens || !Account.Has(SumColumn.UnpricedBound))
        {
            return 0;
        }

        var bound = Account.Before(SumColumn.UnpricedBound, tier, timeMs);
        return Budget.BatchInBurnRates ? bound : bound - Account.Before(SumColumn.BatchUnpricedBound, tier, timeMs);
    }

    private Int128 RequestsBefore(int tier, long timeMs)
    {
        var requests = Account.Before(SumColumn.Requests, tier, timeMs);
        return Budget.BatchInBurnRates || !Account.Has(SumColumn.BatchRequests) ? requests : requests - Account.Before(SumColumn.BatchRequests, tier, timeMs);
    }

    private Int128 DemandBefore(long timeMs)
    {
        var blocked = _isTokens ? SumColumn.BlockedTokens : SumColumn.BlockedCost;
        var demand = Account.Before(_spend, 0, timeMs);
        demand += Account.Has(blocked) ? Account.Before(blocked, 0, timeMs) : 0;
        return _isTokens || !Account.Has(SumColumn.UnpricedBound) ? demand : demand + Account.Before(SumColumn.UnpricedBound, 0, timeMs);
    }

    /// <summary>The sum over a short while.</summary>
    private Int128 Last(SumColumn column, long fromMs, long toMs) => Account.Has(column) ? Sum(column, 0, fromMs, toMs) : 0;

    private Int128 Sum(SumColumn column, int tier, long from, long upto) => Account.Sum(column, tier, from, upto);

    private void Foresee(long upto, in SpendMeasures spent, long nowMs)
    {
        if (nowMs - _profileMs >= ScopeAccount.HourMs || nowMs < _profileMs)
        {
            // Spread by number, so that not all scopes are reckoned anew in the same second.
            _profile = Profile(nowMs);
            _profileMs = nowMs - (Account.Id * 7919L % (ScopeAccount.HourMs / 2));
        }

        _forecastMs = nowMs;
        var priced = Priced(spent);
        var bound = Bound(spent);
        _forecast = Foresee(upto, priced + bound, nowMs, counted: true);
        _runsOutPriced = bound == 0 ? _forecast.RunsOut : Foresee(upto, priced, nowMs, counted: false).RunsOut;
    }

    private SpendForecast Foresee(long upto, Int128 spent, long nowMs, bool counted)
    {
        var recentMs = Forecast.RecentMs(_planLengthMs);
        return Forecast.Of(new ForecastInput
        {
            Period = Period,
            NowMs = nowMs,
            Limit = Limit,
            Spent = spent,
            Recent = Whole(ScopeAccount.TierOf(recentMs), upto - recentMs, upto, counted),
            LastHour = Whole(0, upto - ScopeAccount.HourMs, upto, counted),
            Profile = _profile,
        });
    }

    /// <summary>Everything that is spent against the amount, the batch tier included, and the bound on unpriced usage where it counts.</summary>
    private Int128 Whole(int tier, long from, long upto, bool bound) => _isTokens
        ? Sum(SumColumn.Tokens, tier, from, upto)
        : Sum(SumColumn.Cost, tier, from, upto) + (bound ? Sum(SumColumn.UnpricedBound, tier, from, upto) : 0);

    private SpendProfile? Profile(long nowMs)
    {
        var endMs = nowMs / ScopeAccount.HourMs * ScopeAccount.HourMs;
        var known = (int)Math.Min(HistoryHours, (endMs - Math.Min(Account.OldestWindowMs, endMs)) / ScopeAccount.HourMs);
        if (known < SpendProfile.LeastHours)
        {
            return null;
        }

        var hours = new Int128[known];
        Account.Hours(_spend, endMs - (known * ScopeAccount.HourMs), hours);
        return SpendProfile.Of(hours, endMs, Budget.Period.TimeZone);
    }
}
