using TokenStream.Pricing;
using TokenStream.Windowing;

namespace TokenStream.Detection.Causes;

/// <summary>
/// Where a factor changed: the one feature, prompt version or model that more than half of the factor's share comes from. A factor's share
/// of a feature is divided among values in proportion to how much more of the factor's matter each has than what is usual would give it.
/// </summary>
internal static class CausePlaces
{
    public const string Feature = "feature";
    public const string PromptVersion = "prompt_version";
    public const string Model = "model";

    /// <summary>A value has to explain more than this of a share to be named.</summary>
    public const double Most = 0.5;

    /// <summary>Of volume and retries a value is named only where it explains so many times what it usually has of them anyhow.</summary>
    private const double Lift = 1.2;

    public static (string Dimension, string Value)? Find(CauseFactor factor, double share, IReadOnlyList<FeatureChange> features, bool isOfFeature)
    {
        string[] dimensions = factor switch
        {
            CauseFactor.Volume => [Feature, PromptVersion, Model],
            CauseFactor.Retries => [Model, PromptVersion, Feature],
            CauseFactor.ModelMix or CauseFactor.Price => [Model],
            CauseFactor.Other => [],
            _ => [PromptVersion, Model, Feature],
        };
        foreach (var dimension in dimensions)
        {
            if (!(isOfFeature && dimension == Feature) && FindValue(factor, share, features, dimension) is { } value)
            {
                return (dimension, value);
            }
        }

        return null;
    }

    /// <summary>What both sides of a value were.</summary>
    public static (UsageSums Before, UsageSums After) SumsOf(IReadOnlyList<FeatureChange> features, string? dimension, string? value)
    {
        var (before, after) = (default(UsageSums), default(UsageSums));
        foreach (var feature in features)
        {
            foreach (var cell in feature.Before)
            {
                before.Add(cell.Sums, dimension is null || ValueOf(cell.Key, feature, dimension) == value ? 1 : 0);
            }

            foreach (var cell in feature.After)
            {
                after.Add(cell.Sums, dimension is null || ValueOf(cell.Key, feature, dimension) == value ? 1 : 0);
            }
        }

        return (before, after);
    }

    /// <summary>A factor's share of a feature, picodollars.</summary>
    public static double ShareOf(CauseFactor factor, FeatureChange feature) => factor switch
    {
        CauseFactor.Volume => feature.Shares[CostModel.Volume],
        CauseFactor.Retries => feature.Shares[CostModel.Retries],
        CauseFactor.ModelMix => feature.Shares[CostModel.Mix],
        CauseFactor.ContextLength => feature.Shares[CostModel.Context],
        CauseFactor.OutputLength => feature.Shares[CostModel.Output],
        CauseFactor.CacheShare => feature.Shares[CostModel.Cache] + feature.Shares[CostModel.GatewayCache],
        CauseFactor.Price => feature.Shares[CostModel.Price],
        _ => feature.Shares[CostModel.Priced] + feature.Shares[CostModel.Units],
    };

    /// <summary>Whether it is the gateway's own cache, not the provider's, that a change of the cache share is of.</summary>
    public static bool IsOfGateway(IReadOnlyList<FeatureChange> features) =>
        Math.Abs(features.Sum(feature => feature.Shares[CostModel.GatewayCache])) > Math.Abs(features.Sum(feature => feature.Shares[CostModel.Cache]));

    private static string? FindValue(CauseFactor factor, double share, IReadOnlyList<FeatureChange> features, string dimension)
    {
        var (explained, usual) = (new SortedDictionary<string, double>(StringComparer.Ordinal), new Dictionary<string, double>());
        var isOfGateway = IsOfGateway(features);
        foreach (var feature in features)
        {
            var values = new SortedDictionary<string, double>(StringComparer.Ordinal);
            foreach (var (value, (before, after)) in Values(feature, dimension))
            {
                values[value] = Matter(factor, feature, before, after, isOfGateway);
                usual[value] = usual.GetValueOrDefault(value) + before[UsageSums.Requests];
            }

            var (own, all) = (ShareOf(factor, feature), values.Values.Sum());
            foreach (var (value, matter) in values)
            {
                explained[value] = explained.GetValueOrDefault(value) + (own * all > 0 ? own * matter / all : 0);
            }
        }

        if (explained.Count == 0)
        {
            return null;
        }

        var best = explained.MaxBy(pair => pair.Value * Math.Sign(share));
        var part = best.Value / share;
        var isNamed = part > Most && best.Key.Length > 0 && best.Key != RollupKey.Other;
        return isNamed && IsTelling(factor, dimension, explained.Count, part, usual.GetValueOrDefault(best.Key), usual.Values.Sum()) ? best.Key : null;
    }

    /// <summary>That the only model there is explains all of a volume tells nobody anything.</summary>
    private static bool IsTelling(CauseFactor factor, string dimension, int values, double part, double usual, double usualOfAll) => factor switch
    {
        CauseFactor.Volume or CauseFactor.Retries => values > 1 && (usualOfAll <= 0 || part > Lift * usual / usualOfAll),
        CauseFactor.ModelMix or CauseFactor.Price => true,
        _ => values > 1 || dimension == PromptVersion,
    };

    /// <summary>How much more of a factor's matter a value has than what is usual in the feature; in the direction of more cost.</summary>
    private static double Matter(CauseFactor factor, FeatureChange feature, in UsageSums before, in UsageSums after, bool isOfGateway)
    {
        var (usual, now) = (feature.BeforeSum, feature.AfterSum);
        var used = feature.Used(after);
        return factor switch
        {
            CauseFactor.Volume => after[UsageSums.Requests] - before[UsageSums.Requests],
            CauseFactor.Retries => used + after[UsageSums.Hits] -
                (after[UsageSums.Requests] * Known((feature.Used(usual) + usual[UsageSums.Hits]) / usual[UsageSums.Requests])),
            CauseFactor.ContextLength => after[UsageSums.TokensIn] - (used * Known(usual[UsageSums.TokensIn] / feature.Used(usual))),
            CauseFactor.OutputLength => after[UsageSums.TokensOut] - (used * Known(usual[UsageSums.TokensOut] / feature.Used(usual))),
            CauseFactor.CacheShare when isOfGateway =>
                ((used + after[UsageSums.Hits]) * Known(usual[UsageSums.Hits] / (feature.Used(usual) + usual[UsageSums.Hits]))) - after[UsageSums.Hits],
            CauseFactor.CacheShare =>
                (after[UsageSums.TokensIn] * Known(usual.Ratio(UsageSums.TokensCached, UsageSums.TokensIn))) - after[UsageSums.TokensCached],
            CauseFactor.ModelMix => MixOf(feature, before, after, feature.Used(usual), feature.Used(now)),
            CauseFactor.Price => PriceOf(before, after),
            _ => 0,
        };
    }

    /// <summary>A model that serves more and is dearer than the mean, or less and is cheaper, has made it dearer.</summary>
    private static double MixOf(FeatureChange feature, in UsageSums before, in UsageSums after, double usedBefore, double usedAfter)
    {
        var (was, now) = (feature.Used(before), feature.Used(after));
        var cost = now > 0 ? after.TotalCost / now : Known(before.TotalCost / was);
        var mean = Known(feature.BeforeSum.TotalCost / usedBefore);
        return (Known(now / usedAfter) - Known(was / usedBefore)) * (cost - mean);
    }

    private static double PriceOf(in UsageSums before, in UsageSums after)
    {
        var sum = 0.0;
        for (var kind = 0; kind < (int)TokenClass.Units; kind++)
        {
            sum += PriceChange((TokenClass)kind, before, after);
        }

        return sum;
    }

    /// <summary>What today's tokens of a class cost more than they would have; 0 where either price is unknown.</summary>
    public static double PriceChange(TokenClass kind, in UsageSums before, in UsageSums after)
    {
        var (was, now) = (PriceOf(kind, before), PriceOf(kind, after));
        return double.IsNaN(was) || double.IsNaN(now) ? 0 : (now - was) * (after.Tokens(kind) - after.Unpriced(kind));
    }

    /// <summary>Picodollars of a token that has a price; NaN where none has.</summary>
    public static double PriceOf(TokenClass kind, in UsageSums sums)
    {
        var priced = sums.Tokens(kind) - sums.Unpriced(kind);
        return priced > 0 ? sums.Cost(kind) / priced : double.NaN;
    }

    private static SortedDictionary<string, (UsageSums Before, UsageSums After)> Values(FeatureChange feature, string dimension)
    {
        var values = new SortedDictionary<string, (UsageSums Before, UsageSums After)>(StringComparer.Ordinal);
        foreach (var cell in feature.Before)
        {
            var sums = values.GetValueOrDefault(ValueOf(cell.Key, feature, dimension));
            sums.Before.Add(cell.Sums);
            values[ValueOf(cell.Key, feature, dimension)] = sums;
        }

        foreach (var cell in feature.After)
        {
            var sums = values.GetValueOrDefault(ValueOf(cell.Key, feature, dimension));
            sums.After.Add(cell.Sums);
            values[ValueOf(cell.Key, feature, dimension)] = sums;
        }

        return values;
    }

    private static string ValueOf(in CauseCellKey key, FeatureChange feature, string dimension) => dimension switch
    {
        PromptVersion => key.PromptVersion,
        Model => key.Model,
        _ => feature.Path.Feature ?? string.Empty,
    };

    private static double Known(double value) => double.IsFinite(value) ? value : 0;
}
