using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>
/// What a tenant usually uses: its cost and requests of the last 24 hours, which money at risk is measured against, and which models serve
/// which of its features, so that tenants hit by one model's trouble are known to be hit by the same.
/// </summary>
internal sealed class TenantUsage(string environment, string tenant)
{
    private const long HourMs = 3_600_000;
    private const int Hours = 24;
    private const int MinutesPerDay = 1_440;

    /// <summary>Combinations of feature and model remembered; the least used leave.</summary>
    private const int MaxServed = 64;

    private const double LeastServed = 0.01;
    private static readonly double Decay = Math.Pow(0.5, 1.0 / 60);

    private readonly Int128[] _cost = new Int128[Hours];
    private readonly long[] _requests = new long[Hours];
    private readonly List<Served> _served = [];
    private long _hour = -1;
    private readonly int[] _minutes = new int[Hours];

    public string Environment { get; } = environment;

    public string Tenant { get; } = tenant;

    /// <summary>Alerts of the tenant that last, those within one over several tenants included, in the order they opened.</summary>
    public List<EpisodeGroup> Groups { get; } = [];

    private long Requests
    {
        get
        {
            var sum = 0L;
            foreach (var hour in _requests)
            {
                sum += hour;
            }

            return sum;
        }
    }

    /// <summary>
    /// Cost of a day, picodollars: of the last 24 hours, or of what was seen of them, drawn out to a day; less than an hour counts as one.
    /// </summary>
    public double DailyCost
    {
        get
        {
            var minutes = 0;
            foreach (var hour in _minutes)
            {
                minutes += hour;
            }

            return Cost * MinutesPerDay / Math.Clamp(minutes, 60, MinutesPerDay);
        }
    }

    public double CostPerRequest => Requests is > 0 and var requests ? Cost / requests : 0;

    private double Cost
    {
        get
        {
            Int128 sum = 0;
            foreach (var hour in _cost)
            {
                sum += hour;
            }

            return (double)sum;
        }
    }

    /// <summary>Whether it has done nothing for a day.</summary>
    public bool IsIdle(long minuteMs) => Groups.Count == 0 && (Requests == 0 || minuteMs / HourMs - _hour >= Hours);

    public void Add(TenantMinute minute)
    {
        Roll(minute.MinuteMs);
        if (minute.IsMissing)
        {
            return;
        }

        foreach (var served in _served)
        {
            served.Requests *= Decay;
        }

        var slot = (int)(_hour % Hours);
        _minutes[slot]++;
        foreach (var cell in minute.Cells)
        {
            _cost[slot] += cell.Measures.Cost;
            _requests[slot] += cell.Measures.Requests;
            if (cell.Measures.Requests > 0)
            {
                Serve(cell);
            }
        }

        _served.RemoveAll(served => served.Requests < LeastServed);
    }

    /// <summary>The model that serves most of a place's requests, or at least the provider; nulls where several do.</summary>
    public (string? Model, string? Provider) Main(SeriesPath place, int percent)
    {
        var all = 0.0;
        Served? most = null;
        var (ofModel, ofProvider) = (0.0, 0.0);
        foreach (var served in _served)
        {
            if (served.IsAt(place))
            {
                all += served.Requests;
                most = most is null || served.Requests > most.Requests ? served : most;
            }
        }

        if (most is null)
        {
            return (null, null);
        }

        foreach (var served in _served)
        {
            if (served.IsAt(place) && served.Provider == most.Provider)
            {
                ofProvider += served.Requests;
                ofModel += served.Model == most.Model ? served.Requests : 0;
            }
        }

        return (ofModel * 100 >= all * percent ? most.Model : null, ofProvider * 100 >= all * percent ? most.Provider : null);
    }

    public void Write(BlockBuffer to)
    {
        to.Text(Environment);
        to.Text(Tenant);
        to.Signed(_hour);
        for (var i = 0; i < Hours; i++)
        {
            to.Signed(_cost[i]);
            to.Signed(_requests[i]);
            to.Signed(_minutes[i]);
        }

        to.Unsigned((UInt128)_served.Count);
        foreach (var served in _served)
        {
            to.Text(served.Feature);
            to.Text(served.Provider);
            to.Text(served.Model);
            to.Double(served.Requests);
        }
    }

    /// <summary>Reads all but the groups, which the book puts back.</summary>
    public static TenantUsage Read(ref BlockReader from)
    {
        var usage = new TenantUsage(from.Text(), from.Text()) { _hour = from.Long() };
        for (var i = 0; i < Hours; i++)
        {
            usage._cost[i] = from.Signed();
            usage._requests[i] = from.Long();
            usage._minutes[i] = from.Int();
        }

        var served = from.Count();
        for (var i = 0; i < served; i++)
        {
            usage._served.Add(new Served(from.Text(), from.Text(), from.Text()) { Requests = from.Double() });
        }

        return usage;
    }

    /// <summary>Empties the hours that have passed since the last minute.</summary>
    private void Roll(long minuteMs)
    {
        var hour = minuteMs / HourMs;
        for (var passed = Math.Max(_hour + 1, hour - Hours + 1); passed <= hour; passed++)
        {
            _cost[passed % Hours] = 0;
            _requests[passed % Hours] = 0;
            _minutes[passed % Hours] = 0;
        }

        _hour = Math.Max(_hour, hour);
    }

    private void Serve(UsageCell cell)
    {
        foreach (var served in _served)
        {
            if (served.Feature == cell.Feature && served.Model == cell.Model && served.Provider == cell.Provider)
            {
                served.Requests += cell.Measures.Requests;
                return;
            }
        }

        if (_served.Count == MaxServed)
        {
            _served.Remove(_served.MinBy(served => served.Requests)!);
        }

        _served.Add(new Served(cell.Feature, cell.Provider, cell.Model) { Requests = cell.Measures.Requests });
    }

    /// <summary>Requests of a feature that a model served, the last hour counting half of what is left.</summary>
    private sealed class Served(string feature, string provider, string model)
    {
        public string Feature { get; } = feature;

        public string Provider { get; } = provider;

        public string Model { get; } = model;

        public double Requests { get; set; }

        public bool IsAt(SeriesPath place) =>
            (place.Feature is null || place.Feature == Feature) && (place.Model is null || place.Model == Model);
    }
}
