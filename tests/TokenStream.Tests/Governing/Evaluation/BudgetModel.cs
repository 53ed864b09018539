using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Scopes;

namespace TokenStream.Tests.Governing.Evaluation;

/// <summary>
/// One scope's spend by slots of time, and how a budget stands on it: everything that can be counted, counted by plain sums over slots.
/// </summary>
internal sealed class BudgetModel(Budget budget, Scope scope, long startMs, int slotMs = 10_000)
{
    private const long HourMs = 3_600_000;
    private const long MinuteMs = 60_000;

    private readonly List<Int128> _spent = [0];
    private readonly List<Int128> _blocked = [0];
    private readonly List<long> _requests = [0];
    private SpendProfile? _profile;
    private long _profileMs;
    private PeriodCalendar _calendar = new(budget);
    private IReadOnlyList<BurnRatePair> _pairs = [];
    private long _pairsFor;

    public Budget Budget { get; private set; } = budget;

    public Scope Scope { get; } = scope;

    public Int128 Unpriced { get; set; }

    public bool ReportsBlocked { get; set; } = true;

    public bool IsSeeding { get; set; }

    public long NowMs => startMs + ((_spent.Count - 1L) * slotMs);

    public Int128 TotalSpent => _spent[^1];

    public Int128 TotalBlocked => _blocked[^1];

    public void Change(Budget budget)
    {
        Budget = budget;
        _calendar = new PeriodCalendar(budget);
        _pairsFor = 0;
    }

    /// <summary>Goes on by one slot in which this was spent and that was blocked.</summary>
    public void Add(Int128 spent, Int128 blocked, long requests = 10)
    {
        _spent.Add(_spent[^1] + spent);
        _blocked.Add(_blocked[^1] + (ReportsBlocked ? blocked : 0));
        _requests.Add(_requests[^1] + (spent > 0 ? requests : 0));
    }

    public BudgetEvaluation Evaluate()
    {
        var now = NowMs;
        var period = _calendar.At(now);
        var limit = Budget.Amount.Value;
        var spent = Sum(_spent, period.StartMs, now);
        if (_pairsFor != period.LengthMs)
        {
            _pairsFor = period.LengthMs;
            _pairs = BurnRatePair.Of(Budget.BurnFactors, period.LengthMs);
        }

        SpendForecast? forecast = null;
        var readings = _pairs.Select(pair =>
        {
            var (over, brief) = (Back(_spent, pair.LongMs), Back(_spent, pair.ShortMs));
            var isAbove = Exceeds(over, pair.LongMs, pair, limit, period) && Exceeds(brief, pair.ShortMs, pair, limit, period)
                && over * 100 >= limit && Back(_requests, pair.LongMs) >= 5;
            forecast ??= isAbove ? ForecastOf(period, limit, spent, now) : null;
            var speed = (double)limit / period.LengthMs;
            return new PairReading(
                pair.Factor, pair.LongMs, pair.ShortMs, (double)over / pair.LongMs / speed, (double)brief / pair.ShortMs / speed, isAbove, isAbove && forecast!.Value.RunsOut);
        }).ToArray();
        var (minute, blockedMinute) = (Back(_spent, MinuteMs), Back(_blocked, MinuteMs));
        return new BudgetEvaluation
        {
            Budget = Budget,
            Scope = Scope,
            NowMs = now,
            Period = period,
            Limit = limit,
            Spent = spent,
            UnpricedBound = Unpriced,
            Blocked = Sum(_blocked, period.StartMs, now),
            Pairs = readings,
            DemandPerMinute = minute + blockedMinute,
            SteadyDemandPerMinute = (Back(_spent, 5 * MinuteMs) + Back(_blocked, 5 * MinuteMs)) / 5,
            DemandTokensPerMinute = (long)((minute + blockedMinute) / PicosOfToken),
            BlockedIsReported = Back(_blocked, 5 * MinuteMs) > 0,
            IsSeeding = IsSeeding,
            IsStale = Back(_spent, 10 * MinuteMs) + Back(_blocked, 10 * MinuteMs) == 0,
        };
    }

    /// <summary>Every token costs ten dollars a million.</summary>
    public const long PicosOfToken = 10_000_000;

    private SpendForecast ForecastOf(PeriodSpan period, Int128 limit, Int128 spent, long now)
    {
        var wholeHour = now - (now % HourMs);
        var hours = (int)Math.Min(4 * 168, (wholeHour - startMs) / HourMs);
        if (_profileMs != wholeHour)
        {
            _profileMs = wholeHour;
            var history = Enumerable.Range(0, hours).Select(i => Sum(_spent, wholeHour - ((hours - i) * HourMs), wholeHour - ((hours - i - 1) * HourMs)));
            _profile = SpendProfile.Of([.. history], wholeHour, Budget.Period.TimeZone);
        }

        return Forecast.Of(new ForecastInput
        {
            Period = period,
            NowMs = now,
            Limit = limit,
            Spent = spent,
            Recent = Back(_spent, Forecast.RecentMs(period.LengthMs)),
            LastHour = Back(_spent, HourMs),
            Profile = _profile,
        });
    }

    private static bool Exceeds(Int128 sum, long lookbackMs, BurnRatePair pair, Int128 limit, PeriodSpan period) =>
        sum * period.LengthMs * 1000 > (Int128)(pair.Factor.Factor * 1000) * limit * lookbackMs;

    private Int128 Back(List<Int128> sums, long lookbackMs) => Sum(sums, NowMs - lookbackMs, NowMs);

    private long Back(List<long> sums, long lookbackMs) => sums[^1] - sums[SlotAt(NowMs - lookbackMs)];

    private Int128 Sum(List<Int128> sums, long fromMs, long untilMs) => sums[SlotAt(untilMs)] - sums[SlotAt(fromMs)];

    private int SlotAt(long timeMs) => (int)Math.Clamp((timeMs - startMs) / slotMs, 0, _spent.Count - 1);
}
