using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>What was used at one place of the tree in one minute: exact sums, of which the values of all measures are made.</summary>
internal struct PlaceSums
{
    /// <summary>Where so many of the attempts do not say how much was cached, the share over the rest is no figure: one of ten.</summary>
    private const int CachedUnknownPart = 10;

    public Int128 Cost;
    public Int128 CostUncached;
    public Int128 CostCached;
    public Int128 CostIn;
    public Int128 CostOut;
    public long Requests;
    public long Attempts;
    public long Blocked;
    public long Failed;
    public long TokensIn;
    public long TokensOut;
    public long TokensCached;
    public long CachedUnknown;

    /// <summary>Requests that were not blocked before they cost anything: what shares and means are taken over.</summary>
    public readonly long Served => Math.Max(0, Requests - Blocked);

    /// <exception cref="OverflowException">The sums leave their range.</exception>
    public void Add(in RollupMeasures used)
    {
        Cost += used.Cost;
        CostUncached += used.CostInput;
        CostCached += used.CostCacheRead;
        CostIn += used.CostInput + used.CostCacheRead + used.CostCacheWrite5m + used.CostCacheWrite1h;
        CostOut += used.CostOutput + used.CostReasoning;
        Requests += used.Requests;
        Attempts += used.Attempts;
        Blocked += used.BlockedBudget + used.BlockedPolicy;
        Failed += used.Errors + used.Timeouts;
        TokensIn += used.TokensIn;
        TokensOut += used.TokensOut;
        TokensCached += used.TokensCached;
        CachedUnknown += used.CachedUnknown;
    }

    /// <summary>
    /// The value of a measure, other than the times; NaN where there is none. Refunds can make a minute's sum negative: counts end at zero
    /// then, since a refund is no demand.
    /// </summary>
    public readonly double Value(SeriesMeasure measure) => measure switch
    {
        SeriesMeasure.Cost => Math.Max(0, (double)Cost),
        SeriesMeasure.Requests => Math.Max(0, Requests),
        SeriesMeasure.TokensIn => Math.Max(0, TokensIn),
        SeriesMeasure.TokensOut => Math.Max(0, TokensOut),
        SeriesMeasure.Errors => Math.Max(0, Failed),
        SeriesMeasure.CostPerRequest => Served > 0 ? Math.Max(0, (double)Cost) / Served : double.NaN,
        SeriesMeasure.CacheShare => CacheShare,
        SeriesMeasure.ErrorShare => Attempts > Blocked ? Math.Clamp((double)Failed / (Attempts - Blocked), 0, 1) : double.NaN,
        SeriesMeasure.TokensOutPerRequest => Served > 0 ? Math.Max(0, (double)TokensOut) / Served : double.NaN,
        _ => double.NaN,
    };

    private readonly double CacheShare => TokensIn > 0 && CachedUnknown <= (Attempts - Blocked) / CachedUnknownPart
        ? Math.Clamp((double)TokensCached / TokensIn, 0, 1)
        : double.NaN;
}

/// <summary>
/// What things cost at a place lately: sums that halve every hour, so that a quiet minute still has prices. Doubles, because they price
/// expectations and never bills.
/// </summary>
internal struct PlacePrices
{
    /// <summary>0.5^(1/60): a minute's part of an hour's halving.</summary>
    private const double Keep = 0.98851402035289613;

    public double Cost;
    public double CostUncached;
    public double CostCached;
    public double CostIn;
    public double CostOut;
    public double Requests;
    public double TokensIn;
    public double TokensOut;
    public double TokensCached;

    /// <summary>Takes a minute; minutes without traffic change no price and are left out.</summary>
    public void Add(in PlaceSums used)
    {
        Cost = (Keep * Cost) + (double)used.Cost;
        CostUncached = (Keep * CostUncached) + (double)used.CostUncached;
        CostCached = (Keep * CostCached) + (double)used.CostCached;
        CostIn = (Keep * CostIn) + (double)used.CostIn;
        CostOut = (Keep * CostOut) + (double)used.CostOut;
        Requests = (Keep * Requests) + used.Served;
        TokensIn = (Keep * TokensIn) + used.TokensIn;
        TokensOut = (Keep * TokensOut) + used.TokensOut;
        TokensCached = (Keep * TokensCached) + used.TokensCached;
    }

    /// <summary>Picodollars that a unit of the measure costs, see <see cref="ScoredPoint.CostPerUnit"/>.</summary>
    public readonly double CostPerUnit(SeriesMeasure measure, in PlaceSums used) => measure switch
    {
        SeriesMeasure.Cost => 1,
        SeriesMeasure.Requests or SeriesMeasure.Errors => Ratio(Cost, Requests),
        SeriesMeasure.TokensIn => Ratio(CostIn, TokensIn),
        SeriesMeasure.TokensOut => Ratio(CostOut, TokensOut),
        SeriesMeasure.CostPerRequest => used.Served,
        SeriesMeasure.CacheShare => CachedLess * Math.Max(0, used.TokensIn),
        SeriesMeasure.ErrorShare => Ratio(Cost, Requests) * Math.Max(0, used.Attempts - used.Blocked),
        SeriesMeasure.TokensOutPerRequest => Ratio(CostOut, TokensOut) * used.Served,
        _ => 0,
    };

    public readonly void Write(BlockBuffer to)
    {
        to.Double(Cost);
        to.Double(CostUncached);
        to.Double(CostCached);
        to.Double(CostIn);
        to.Double(CostOut);
        to.Double(Requests);
        to.Double(TokensIn);
        to.Double(TokensOut);
        to.Double(TokensCached);
    }

    public static PlacePrices Read(ref BlockReader from) => new()
    {
        Cost = from.Double(),
        CostUncached = from.Double(),
        CostCached = from.Double(),
        CostIn = from.Double(),
        CostOut = from.Double(),
        Requests = from.Double(),
        TokensIn = from.Double(),
        TokensOut = from.Double(),
        TokensCached = from.Double(),
    };

    /// <summary>What a cached token costs less than another, negative; 0 where one of the two prices was not seen.</summary>
    private readonly double CachedLess => TokensCached > 0 && TokensIn > TokensCached && CostUncached > 0
        ? Math.Min(0, Ratio(CostCached, TokensCached) - Ratio(CostUncached, TokensIn - TokensCached))
        : 0;

    private static double Ratio(double cost, double units) => units > 0 ? Math.Max(0, cost) / units : 0;
}
