using TokenStream.Pricing;
using TokenStream.Windowing;

namespace TokenStream.Detection.Causes;

/// <summary>
/// Knows what features of tenants usually look like, and says of an anomaly which factor changed the money. It is fed with the minutes of a
/// partition's tenants; what it says is a function of them.
/// </summary>
public sealed class CauseBook
{
    private const int Version = 1;

    /// <summary>Of a scope of many features the ones whose money changed most are taken apart, the others' change counts as volume.</summary>
    private const int MaxFeaturesApart = 24;

    /// <summary>Where so much of the attempts does not say what was cached, a cache share is no figure.</summary>
    private const double MostCachedUnknown = 0.2;

    /// <summary>Where so much of the tokens has no price, it is said.</summary>
    private const double MostUnpriced = 0.02;

    /// <summary>No real money comes near; a double beyond it does not fit 128 bits.</summary>
    private const double MostMoney = 1e37;

    private static readonly CauseFactor[] Factors = Enum.GetValues<CauseFactor>();

    private readonly CauseOptions _options;
    private readonly IHeavyHitters? _hitters;
    private readonly Dictionary<(string Environment, string Tenant), List<FeatureBaseline>> _tenants = [];
    private readonly List<FeatureBaseline> _touched = [];
    private readonly List<FeatureBaseline> _withEpisode = [];

    private int _features;
    private long _minuteMs;

    public CauseBook(CauseOptions options, IHeavyHitters? hitters = null) => (_options, _hitters) = (options, hitters);

    /// <summary>Features whose baseline is kept.</summary>
    public int Features => _features;

    /// <summary>Baselines that left for lack of room.</summary>
    public long Left { get; private set; }

    /// <summary>Takes a tenant's minute. Minutes never fall.</summary>
    public void Add(TenantMinute minute)
    {
        _minuteMs = minute.MinuteMs;
        FeatureBaseline? feature = null;
        foreach (var cell in minute.Cells)
        {
            if (feature is null || feature.Path.Feature != cell.Feature)
            {
                feature = FeatureOf(minute.Environment, minute.Tenant, cell.Feature);
                if (feature.LastMs != minute.MinuteMs)
                {
                    _touched.Add(feature);
                }
            }

            feature.Add(cell, minute.MinuteMs);
        }
    }

    /// <summary>Ends a minute: what waited long enough is learnt, except of scopes with an open episode.</summary>
    public void EndMinute(long minuteMs, Func<SeriesPath, bool> isOpen)
    {
        _minuteMs = minuteMs;
        foreach (var feature in _withEpisode)
        {
            if (feature.LastMs != minuteMs)
            {
                _touched.Add(feature);
            }
        }

        foreach (var feature in _touched)
        {
            feature.EndMinute(minuteMs, isOpen(feature.Path));
        }

        _touched.Clear();
        _withEpisode.RemoveAll(feature => !feature.HasEpisode);
        LetLeave();
    }

    /// <summary>
    /// Why an anomaly's money changed, from its beginning to the minute that was added last; null where nothing of it is known or no money is
    /// at stake. The change is the anomaly's own excess, and the shares add up to it. Failures have no excess in money of their own: where they
    /// are paid for, it is what was spent beyond what is usual.
    /// </summary>
    public Cause? Explain(Anomaly anomaly)
    {
        var isOfFailures = anomaly.Measure is SeriesMeasure.Errors or SeriesMeasure.ErrorShare;
        if (anomaly.ExcessCost == 0 && !isOfFailures)
        {
            return null;
        }

        var toMs = Math.Max(anomaly.OpenedMs, Math.Min(anomaly.LastSeenMs, _minuteMs));
        var cause = Explain(anomaly.Scope, anomaly.OpenedMs, toMs, isOfFailures ? null : anomaly.ExcessCost, anomaly.EndedMs is null);
        return isOfFailures && cause?.Change <= 0 ? null : cause;
    }

    /// <summary>The same of any scope and minutes.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="fromMs">Start of the first minute.</param>
    /// <param name="toMs">Start of the last minute.</param>
    /// <param name="known">What was spent less what was expected to be, picodollars; null for less what is usual.</param>
    /// <param name="isLasting">Whether it will be asked again: its usage is kept from the first minute on.</param>
    public Cause? Explain(SeriesPath scope, long fromMs, long toMs, Int128? known, bool isLasting = false)
    {
        var sinceMs = toMs;
        var spent = (Int128)0;
        var parts = new List<(FeatureBaseline Feature, List<CauseCell> Usual, List<CauseCell> After, double Cost, double Usually)>();
        foreach (var feature in FeaturesOf(scope))
        {
            feature.Learn(_minuteMs);
            var (usual, after) = (feature.Usual.Where(cell => IsOf(cell.Key, scope)).ToList(), new List<CauseCell>());
            sinceMs = Math.Min(sinceMs, feature.Collect(fromMs, toMs, isLasting, after));
            if (isLasting && !_withEpisode.Contains(feature))
            {
                _withEpisode.Add(feature);
            }

            var cost = (Int128)0;
            after.RemoveAll(cell => !IsOf(cell.Key, scope));
            foreach (var cell in after)
            {
                cost += cell.Cost;
            }

            if (usual.Count + after.Count > 0)
            {
                spent += cost;
                parts.Add((feature, usual, after, (double)cost, feature.UsualCost(toMs) * PartOf(usual, feature.Usual)));
            }
        }

        var minutes = (int)((toMs - sinceMs) / FeatureBaseline.MinuteMs) + 1;
        var (usualSum, spentSum) = (parts.Sum(part => part.Usually), parts.Sum(part => part.Cost));
        var change = known ?? spent - (usualSum * minutes < MostMoney ? (Int128)Math.Round(usualSum * minutes) : spent);
        if (parts.Count == 0 || change == 0)
        {
            return null;
        }

        var expected = (double)(spent - change);
        double Expected(double cost, double usually) =>
            usualSum > 0 ? expected * usually / usualSum : spentSum > 0 ? expected * cost / spentSum : 0;

        var apart = parts.OrderByDescending(part => Math.Abs(part.Cost - Expected(part.Cost, part.Usually))).Take(MaxFeaturesApart)
            .Select(part => FeatureChange.Of(part.Feature.Path, part.Usual, part.After, Expected(part.Cost, part.Usually))).ToList();
        var together = parts.Skip(MaxFeaturesApart).Any()
            ? parts.OrderByDescending(part => Math.Abs(part.Cost - Expected(part.Cost, part.Usually))).Skip(MaxFeaturesApart)
                .Sum(part => part.Cost - Expected(part.Cost, part.Usually))
            : 0;
        return Tell(scope, change, minutes, apart, together, fromMs, toMs);
    }

    private Cause Tell(SeriesPath scope, Int128 change, int minutes, List<FeatureChange> features, double together, long fromMs, long toMs)
    {
        var (before, after) = CausePlaces.SumsOf(features, null, null);
        var isCacheKnown = IsCacheKnown(before) && IsCacheKnown(after);
        var shares = new List<CauseShare>();
        var rest = change;
        foreach (var factor in Factors)
        {
            var share = features.Sum(feature => CausePlaces.ShareOf(factor, feature)) + (factor == CauseFactor.Volume ? together : 0);
            share -= factor == CauseFactor.CacheShare && !isCacheKnown ? features.Sum(feature => feature.Shares[CostModel.Cache]) : 0;
            if (factor == CauseFactor.Other || !(Math.Abs(share) >= 0.5 && Math.Abs(share) < 1e37))
            {
                continue;
            }

            var cost = (Int128)Math.Round(share);
            rest -= cost;
            shares.Add(Measure(factor, cost, features, minutes, CausePlaces.Find(factor, share, features, scope.Feature is not null)));
        }

        if (rest != 0)
        {
            shares.Add(new CauseShare(CauseFactor.Other, rest, double.NaN, double.NaN, null, null));
        }

        shares.Sort((one, other) => one.Cost != other.Cost
            ? (change < 0 ? one.Cost.CompareTo(other.Cost) : other.Cost.CompareTo(one.Cost))
            : one.Factor.CompareTo(other.Factor));
        if (shares.Count > 0)
        {
            // Who it was matters more than where: then both sides are those of the whole scope.
            shares[0] = FindHeavyHitter(shares[0].Factor, change, scope, fromMs, toMs) is { } hitter
                ? Measure(shares[0].Factor, shares[0].Cost, features, minutes, null) with { Dimension = hitter.Dimension, Value = hitter.Value }
                : shares[0];
        }

        var remark = Remark(before, after, isCacheKnown);
        return new Cause(change, minutes, shares, shares.Count == 0
            ? "nothing changed"
            : CauseSentence.Of(shares[0], minutes, CausePlaces.IsOfGateway(features), PriceClassOf(shares[0], features), remark));
    }

    private static CauseShare Measure(
        CauseFactor factor, Int128 cost, List<FeatureChange> features, int minutes, (string Dimension, string Value)? place)
    {
        var (before, after) = CausePlaces.SumsOf(features, place?.Dimension, place?.Value);
        var (allBefore, allAfter) = CausePlaces.SumsOf(features, null, null);
        if (before[UsageSums.Attempts] <= 0 && factor is not (CauseFactor.Volume or CauseFactor.ModelMix))
        {
            // A value that is new is compared with what was usual before it came.
            before = allBefore;
        }

        double Used(in UsageSums sums) => FeatureChange.Used(sums, features.All(feature => feature.AreFailuresBilled));

        var isOfGateway = CausePlaces.IsOfGateway(features);
        var kind = DearestChange(before, after);
        double Of(in UsageSums sums, in UsageSums all) => factor switch
        {
            CauseFactor.Volume => sums[UsageSums.Requests] / minutes,
            CauseFactor.ContextLength => sums[UsageSums.TokensIn] / Used(sums),
            CauseFactor.OutputLength => sums[UsageSums.TokensOut] / Used(sums),
            CauseFactor.ModelMix => place is null ? double.NaN : Used(sums) / Used(all),
            CauseFactor.CacheShare when isOfGateway => sums[UsageSums.Hits] / (Used(sums) + sums[UsageSums.Hits]),
            CauseFactor.CacheShare => sums.Ratio(UsageSums.TokensCached, UsageSums.TokensIn),
            CauseFactor.Price => CausePlaces.PriceOf(kind, sums),
            CauseFactor.Retries => (Used(sums) + sums[UsageSums.Hits]) / sums[UsageSums.Requests],
            _ => double.NaN,
        };

        return new CauseShare(factor, cost, Finite(Of(before, allBefore)), Finite(Of(after, allAfter)), place?.Dimension, place?.Value);
    }

    /// <summary>Of users and sessions rollups know nothing: who counts them is asked whether one of them is most of the change.</summary>
    private (string Dimension, string Value)? FindHeavyHitter(CauseFactor factor, Int128 change, SeriesPath scope, long fromMs, long toMs)
    {
        if (_hitters is null || factor is not (CauseFactor.Volume or CauseFactor.ContextLength or CauseFactor.OutputLength))
        {
            return null;
        }

        var endMs = toMs + FeatureBaseline.MinuteMs;
        foreach (var dimension in (string[])["session", "user"])
        {
            var before = _hitters.Find(scope, dimension, fromMs - (endMs - fromMs), fromMs);
            foreach (var now in _hitters.Find(scope, dimension, fromMs, endMs))
            {
                var more = now.Cost - before.FirstOrDefault(hitter => hitter.Value == now.Value).Cost;
                if (now.Value.Length > 0 && now.Value != RollupKey.Other && (double)more / (double)change > CausePlaces.Most)
                {
                    return (dimension, now.Value);
                }
            }
        }

        return null;
    }

    private static bool IsCacheKnown(in UsageSums sums) =>
        sums[UsageSums.Attempts] <= 0 || sums[UsageSums.CachedUnknown] <= MostCachedUnknown * sums[UsageSums.Attempts];

    private static string? Remark(in UsageSums before, in UsageSums after, bool isCacheKnown)
    {
        double Unpriced(in UsageSums sums)
        {
            var tokens = sums[UsageSums.TokensIn] + sums[UsageSums.TokensOut];
            return tokens > 0 ? sums.TotalUnpriced / tokens : 0;
        }

        var (was, now) = (Unpriced(before), Unpriced(after));
        var remarks = new List<string>();
        if (now > MostUnpriced)
        {
            remarks.Add(FormattableString.Invariant($"{100 * now:0} % of the tokens have no price and count as nothing"));
        }
        else if (was > MostUnpriced)
        {
            remarks.Add(FormattableString.Invariant($"{100 * was:0} % of the tokens had no price before"));
        }

        if (!isCacheKnown)
        {
            remarks.Add("what was cached is not known of many attempts");
        }

        return remarks.Count == 0 ? null : string.Join("; ", remarks);
    }

    private static TokenClass PriceClassOf(CauseShare share, List<FeatureChange> features)
    {
        var (before, after) = CausePlaces.SumsOf(features, share.Dimension, share.Value);
        return DearestChange(before, after);
    }

    private static TokenClass DearestChange(in UsageSums before, in UsageSums after)
    {
        var (best, most) = (TokenClass.Input, 0.0);
        for (var kind = TokenClass.Input; kind < TokenClass.Units; kind++)
        {
            var change = Math.Abs(CausePlaces.PriceChange(kind, before, after));
            (best, most) = change > most ? (kind, change) : (best, most);
        }

        return best;
    }

    private static double PartOf(List<CauseCell> usual, IReadOnlyList<CauseCell> all)
    {
        var (part, whole) = (FeatureChange.Sum(usual).TotalCost, FeatureChange.Sum(all).TotalCost);
        return whole > 0 ? part / whole : 0;
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : double.NaN;

    private static bool IsOf(in CauseCellKey key, SeriesPath scope) =>
        (scope.Model is null || key.Model == scope.Model) && (scope.Provider is null || key.Provider == scope.Provider);

    /// <summary>In ordinal order, so that sums of doubles are the same after a restart.</summary>
    private IEnumerable<FeatureBaseline> FeaturesOf(SeriesPath scope)
    {
        IEnumerable<(string Environment, string Tenant)> tenants = scope.Tenant is { } tenant
            ? [(scope.Environment, tenant)]
            : _tenants.Keys.Where(key => key.Environment == scope.Environment).OrderBy(key => key.Tenant, StringComparer.Ordinal);
        foreach (var key in tenants)
        {
            foreach (var feature in _tenants.GetValueOrDefault(key) ?? [])
            {
                if (scope.Feature is null || feature.Path.Feature == scope.Feature)
                {
                    yield return feature;
                }
            }
        }
    }

    private FeatureBaseline FeatureOf(string environment, string tenant, string name)
    {
        if (!_tenants.TryGetValue((environment, tenant), out var features))
        {
            _tenants.Add((environment, tenant), features = []);
        }

        var (low, high) = (0, features.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(features[middle].Path.Feature, name);
            if (order == 0)
            {
                return features[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        var feature = new FeatureBaseline(_options, new SeriesPath(environment, tenant, name, null));
        features.Insert(low, feature);
        _features++;
        return feature;
    }

    /// <summary>A twentieth more than is too many leaves at once, so that the order of all of them is not asked for every minute.</summary>
    private void LetLeave()
    {
        if (_features <= _options.MaxFeatures)
        {
            return;
        }

        var leaving = _tenants.Values.SelectMany(features => features).OrderBy(feature => feature.LastMs)
            .ThenBy(feature => feature.Path.Environment, StringComparer.Ordinal).ThenBy(feature => feature.Path.Tenant, StringComparer.Ordinal)
            .ThenBy(feature => feature.Path.Feature, StringComparer.Ordinal).Take(_features - _options.MaxFeatures + (_options.MaxFeatures / 20));
        foreach (var feature in leaving.ToArray())
        {
            var key = (feature.Path.Environment, feature.Path.Tenant!);
            _tenants[key].Remove(feature);
            _withEpisode.Remove(feature);
            (_features, Left) = (_features - 1, Left + 1);
            if (_tenants[key].Count == 0)
            {
                _tenants.Remove(key);
            }
        }
    }

    internal void Write(BlockBuffer to)
    {
        to.Byte(Version);
        to.Signed(_minuteMs);
        to.Signed(Left);
        to.Unsigned((UInt128)_features);
        foreach (var key in _tenants.Keys.OrderBy(key => key.Environment, StringComparer.Ordinal).ThenBy(key => key.Tenant, StringComparer.Ordinal))
        {
            foreach (var feature in _tenants[key])
            {
                to.Text(feature.Path.Environment);
                to.Text(feature.Path.Tenant!);
                to.Text(feature.Path.Feature!);
                feature.Write(to);
            }
        }
    }

    internal static CauseBook Read(ref BlockReader from, CauseOptions options, IHeavyHitters? hitters = null)
    {
        if (from.Byte() is var version && version != Version)
        {
            throw new FormatException($"causes of format version {version}; this program reads version {Version}");
        }

        var book = new CauseBook(options, hitters) { _minuteMs = from.Long(), Left = from.Long() };
        book._features = from.Count();
        for (var i = 0; i < book._features; i++)
        {
            var path = new SeriesPath(from.Text(), from.Text(), from.Text(), null);
            var feature = FeatureBaseline.Read(ref from, options, path);
            var key = (path.Environment, path.Tenant!);
            (book._tenants.TryGetValue(key, out var features) ? features : book._tenants[key] = []).Add(feature);
            if (feature.HasEpisode)
            {
                book._withEpisode.Add(feature);
            }
        }

        return book;
    }
}
