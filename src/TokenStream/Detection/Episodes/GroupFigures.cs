namespace TokenStream.Detection.Episodes;

/// <summary>What a tenant's episodes amount to together, without counting a sum and its parts twice.</summary>
/// <param name="Lead">The episode that speaks for all: the one of the scope, else its largest part.</param>
/// <param name="Scope">The smallest place that explains most of it.</param>
/// <param name="Excess">In the lead's unit.</param>
/// <param name="Cost">Of the excess, picodollars.</param>
/// <param name="CostPerHour">At the rate of the last minutes.</param>
/// <param name="Affected">Requests missing or hit.</param>
/// <param name="AffectedPerHour">At the rate of the last minutes.</param>
internal readonly record struct GroupFigures(
    Episode Lead, SeriesPath Scope, double Excess, double Cost, double CostPerHour, double Affected, double AffectedPerHour)
{
    /// <summary>Money that a measure tells of is said with it unless another measure's is more than twice as much.</summary>
    private const double CostIsEnough = 0.5;

    /// <summary>Of the features that count as hit.</summary>
    private const double FeatureShare = 0.05;

    /// <summary>The measures that speak for an incident, in this order, where none is about more money than the others.</summary>
    private static readonly SeriesMeasure[] Order =
    [
        SeriesMeasure.Cost, SeriesMeasure.Requests, SeriesMeasure.TokensIn, SeriesMeasure.TokensOut, SeriesMeasure.CostPerRequest,
        SeriesMeasure.ErrorShare, SeriesMeasure.Errors, SeriesMeasure.CacheShare, SeriesMeasure.TokensOutPerRequest,
        SeriesMeasure.LatencyP95, SeriesMeasure.TtftP95,
    ];

    /// <param name="members">Of one tenant, at least one.</param>
    /// <param name="options">The shares.</param>
    public static GroupFigures Of(List<Episode> members, EpisodeOptions options)
    {
        var measure = Measure(members);
        var parts = members.FindAll(member => member.Measure == measure.Measure && member.IsImprovement == measure.IsImprovement);
        var tree = new PartTree(parts);
        var scope = tree.Scope(options);
        return new GroupFigures(
            tree.Lead(scope),
            scope,
            tree.Sum(scope, part => part.Excess),
            tree.Sum(scope, part => part.Cost),
            tree.Sum(scope, part => part.CostPerHour),
            tree.Sum(scope, part => part.Affected),
            tree.Sum(scope, part => part.AffectedPerHour));
    }

    private static (SeriesMeasure Measure, bool IsImprovement) Measure(List<Episode> members)
    {
        // What got better speaks only where nothing got worse.
        var isImprovement = members.TrueForAll(member => member.IsImprovement);
        Span<double> money = stackalloc double[Order.Length];
        Span<bool> isThere = stackalloc bool[Order.Length];
        isThere.Clear();
        money.Clear();
        foreach (var member in members)
        {
            if (member.IsImprovement == isImprovement)
            {
                var place = Array.IndexOf(Order, member.Measure);
                isThere[place] = true;
                money[place] = Math.Max(money[place], Math.Abs(member.Cost));
            }
        }

        var best = -1;
        for (var i = 0; i < Order.Length; i++)
        {
            if (isThere[i] && (best < 0 || money[best] < money[i] * CostIsEnough))
            {
                best = i;
            }
        }

        return (Order[best], isImprovement);
    }

    /// <summary>Episodes of one measure in the tree of tenant, feature and model.</summary>
    private sealed class PartTree(List<Episode> parts)
    {
        /// <summary>The one at the place itself; else the largest below it.</summary>
        public Episode Lead(SeriesPath scope) =>
            parts.Find(part => part.Path == scope) ?? parts.Where(part => scope.Holds(part.Path)).MaxBy(Weight) ?? parts.MaxBy(Weight)!;

        public SeriesPath Scope(EpisodeOptions options)
        {
            var tenant = parts[0].Path with { Feature = null, Model = null };
            if (parts.Count == 1)
            {
                return parts[0].Path;
            }

            var features = Places(path => path.Feature is null ? null : tenant with { Feature = path.Feature });
            var models = Places(path => path.Model is null ? null : tenant with { Model = path.Model });
            double Weigh(SeriesPath place) => Sum(place, Weight);
            var total = Math.Max(Weigh(tenant), Math.Max(features.Sum(Weigh), models.Select(Weigh).DefaultIfEmpty().Max()));
            var least = total * options.GroupPercent / 100;
            var leaves = parts.FindAll(part => part.Path is { Feature: not null, Model: not null });
            var hit = features.Count(place => Weigh(place) >= total * FeatureShare);
            return leaves.Where(part => Weight(part) >= least).MaxBy(Weight)?.Path
                ?? features.Where(place => Weigh(place) >= least).MaxBy(Weigh)
                ?? (hit < options.GroupFeatures ? models.Where(place => Weigh(place) >= least).MaxBy(Weigh) : null)
                ?? tenant;
        }

        /// <summary>Of a place: its own episode's figure where it has one, else those of its parts.</summary>
        public double Sum(SeriesPath place, Func<Episode, double> figure)
        {
            if (parts.Find(part => part.Path == place) is { } own)
            {
                return figure(own);
            }

            if (place.Feature is not null || place.Model is not null)
            {
                return parts.Where(part => part.Path is { Feature: not null, Model: not null } && place.Holds(part.Path)).Sum(figure);
            }

            var features = Places(path => path.Feature is null ? null : place with { Feature = path.Feature });
            return features.Count > 0
                ? features.Sum(feature => Sum(feature, figure))
                : parts.Where(part => place.Holds(part.Path)).Sum(figure);
        }

        /// <summary>A minute's mean, so that a part that opened a minute after its sum counts as much as it is.</summary>
        private static double Weight(Episode part) =>
            (part.Measure.IsCount() && !double.IsNaN(part.Excess) ? Math.Abs(part.Excess) : part.Affected) / Math.Max(1, part.Minutes);

        private List<SeriesPath> Places(Func<SeriesPath, SeriesPath?> place)
        {
            var places = new List<SeriesPath>();
            foreach (var part in parts)
            {
                if (place(part.Path) is { } found && !places.Contains(found))
                {
                    places.Add(found);
                }
            }

            return places;
        }
    }
}
