using TokenStream.Pricing;

namespace TokenStream.Detection.Causes;

/// <summary>
/// The cost of a feature as a product: requests, attempts a request, those that the gateway's cache did not answer, and over models and bands
/// of context their share, the tokens of each class and their price. Each of these is a player of a game whose worth is the cost with some
/// players as they are now and the others as they were; a player's share is its Shapley value: the mean of what it adds over all orders in
/// which the players could change. So the shares do not depend on an order, what has not changed gets nothing, and they add up to the change.
/// A logarithmic mean would be cheaper, and has no answer where a factor was or becomes zero: a model that is new, a cache that is lost whole.
/// </summary>
internal sealed class CostModel
{
    public const int Volume = 0;
    public const int Retries = 1;
    public const int GatewayCache = 2;
    public const int Mix = 3;
    public const int Context = 4;
    public const int Output = 5;
    public const int Cache = 6;
    public const int Price = 7;

    /// <summary>The share of the tokens that have a price at all.</summary>
    public const int Priced = 8;

    /// <summary>Units that are no tokens, of an attempt.</summary>
    public const int Units = 9;

    public const int Players = 10;

    private const int Classes = (int)TokenClass.Units;
    private const int InputClasses = (int)TokenClass.Output;

    private readonly Side _before;
    private readonly Side _after;

    private CostModel(Side before, Side after) => (_before, _after) = (before, after);

    /// <summary>Divides a change of cost among the players.</summary>
    /// <param name="usual">The baseline, of any volume.</param>
    /// <param name="after">What is compared with it.</param>
    /// <param name="scale">What the baseline's volume is to be multiplied by.</param>
    /// <param name="areFailuresBilled">Whether attempts that failed used tokens.</param>
    public static double[] Divide(IReadOnlyList<CauseCell> usual, IReadOnlyList<CauseCell> after, double scale, bool areFailuresBilled)
    {
        var items = usual.Concat(after).Select(ItemKey.Of).Distinct().ToArray();
        var (was, now) = (Side.Of(items, usual, areFailuresBilled), Side.Of(items, after, areFailuresBilled));
        was.Complete(now, items);
        now.Complete(was, items);
        was.Requests *= scale;
        return new CostModel(was, now).Divide();
    }

    private double[] Divide()
    {
        // The weight of an order in which so many players have changed before: s! (n - 1 - s)! / n!
        Span<double> weights = stackalloc double[Players];
        weights[0] = 1.0 / Players;
        for (var before = 1; before < Players; before++)
        {
            weights[before] = weights[before - 1] * before / (Players - before);
        }

        var worth = new double[1 << Players];
        for (var changed = 0; changed < worth.Length; changed++)
        {
            worth[changed] = Cost(changed);
        }

        var shares = new double[Players];
        for (var changed = 0; changed < worth.Length; changed++)
        {
            var weight = weights[Math.Min(System.Numerics.BitOperations.PopCount((uint)changed), Players - 1)];
            for (var player = 0; player < Players; player++)
            {
                var with = changed | (1 << player);
                shares[player] += with == changed ? 0 : weight * (worth[with] - worth[changed]);
            }
        }

        return shares;
    }

    /// <summary>What it would cost with these players as they are now.</summary>
    private double Cost(int changed)
    {
        Side Of(int player) => (changed >> player & 1) != 0 ? _after : _before;

        var (mix, context, output, cache, price, priced, units) = (Of(Mix), Of(Context), Of(Output), Of(Cache), Of(Price), Of(Priced), Of(Units));
        var cost = 0.0;
        for (var i = 0; i < mix.Items.Length; i++)
        {
            var (rates, shares) = (price.Items[i].Prices, priced.Items[i].PricedShares);
            var input = 0.0;
            for (var kind = 0; kind < InputClasses; kind++)
            {
                input += cache.Items[i].InputShares[kind] * rates[kind] * shares[kind];
            }

            var attempt = (context.Items[i].TokensIn * input) + units.Items[i].Units;
            for (var kind = InputClasses; kind < Classes; kind++)
            {
                attempt += output.Items[i].TokensOut[kind - InputClasses] * rates[kind] * shares[kind];
            }

            cost += mix.Items[i].ModelShare * context.Items[i].BandShare * attempt;
        }

        return Of(Volume).Requests * Of(Retries).AttemptsOfRequest * Of(GatewayCache).PaidShare * cost;
    }

    /// <summary>A model in a band of context: what has a price of its own.</summary>
    private readonly record struct ItemKey(string Provider, string Model, long AboveTokens)
    {
        public static ItemKey Of(CauseCell cell) => new(cell.Key.Provider, cell.Key.Model, cell.Key.AboveTokens);

        public bool IsOfModel(ItemKey other) => Provider == other.Provider && Model == other.Model;
    }

    private sealed class Side
    {
        public double Requests;
        public double AttemptsOfRequest = double.NaN;
        public double PaidShare = double.NaN;

        public required Item[] Items { get; init; }

        public static Side Of(ItemKey[] keys, IReadOnlyList<CauseCell> cells, bool areFailuresBilled)
        {
            var (sums, used) = (new UsageSums[keys.Length], new double[keys.Length]);
            foreach (var cell in cells)
            {
                sums[Array.IndexOf(keys, ItemKey.Of(cell))].Add(cell.Sums);
            }

            for (var i = 0; i < keys.Length; i++)
            {
                used[i] = FeatureChange.Used(sums[i], areFailuresBilled);
            }

            var (requests, hits, paid) = (sums.Sum(sum => sum[UsageSums.Requests]), sums.Sum(sum => sum[UsageSums.Hits]), used.Sum());
            var side = new Side { Requests = requests, Items = new Item[keys.Length] };
            side.AttemptsOfRequest = requests > 0 ? (paid + hits) / requests : double.NaN;
            side.PaidShare = paid + hits > 0 ? paid / (paid + hits) : double.NaN;
            side.Attempts = paid + hits;
            for (var i = 0; i < keys.Length; i++)
            {
                var ofModel = Enumerable.Range(0, keys.Length).Where(other => keys[other].IsOfModel(keys[i])).Sum(other => used[other]);
                side.Items[i] = Item.Of(sums[i], used[i], ofModel, paid);
            }

            return side;
        }

        private double Attempts { get; set; }

        /// <summary>What this side cannot say, since it had nothing of it, has not changed: it is as on the other side.</summary>
        public void Complete(Side other, ItemKey[] keys)
        {
            PaidShare = double.IsNaN(PaidShare) ? Known(other.PaidShare, 1) : PaidShare;
            if (double.IsNaN(AttemptsOfRequest))
            {
                // First attempts lie in other minutes, or there was nothing at all.
                AttemptsOfRequest = other.AttemptsOfRequest > 0 ? other.AttemptsOfRequest : 1;
                Requests = Attempts / AttemptsOfRequest;
            }

            var hasNone = Items.All(item => double.IsNaN(item.ModelShare));
            for (var i = 0; i < keys.Length; i++)
            {
                Items[i].Complete(other.Items[i], hasNone);
            }
        }

        private static double Known(double value, double otherwise) => double.IsNaN(value) ? otherwise : value;
    }

    /// <summary>One model in one band of context; NaN where nothing is known.</summary>
    private sealed class Item
    {
        /// <summary>Of the attempts that were paid for, NaN where there were none of any model.</summary>
        public double ModelShare;

        /// <summary>Of the model's attempts; NaN where it had none.</summary>
        public double BandShare;

        public double TokensIn;
        public double Units;

        public double[] InputShares { get; } = new double[InputClasses];

        public double[] TokensOut { get; } = new double[Classes - InputClasses];

        public double[] Prices { get; } = new double[Classes];

        public double[] PricedShares { get; } = new double[Classes];

        public static Item Of(in UsageSums sums, double used, double ofModel, double ofAll)
        {
            var item = new Item
            {
                ModelShare = ofAll > 0 ? ofModel / ofAll : double.NaN,
                BandShare = ofModel > 0 ? used / ofModel : double.NaN,
                TokensIn = used > 0 ? sums[UsageSums.TokensIn] / used : double.NaN,
                Units = used > 0 ? sums.Cost(TokenClass.Units) / used : double.NaN,
            };
            for (var kind = 0; kind < Classes; kind++)
            {
                var (tokens, unpriced) = (sums.Tokens((TokenClass)kind), sums.Unpriced((TokenClass)kind));
                item.Prices[kind] = tokens > unpriced && tokens > 0 ? sums.Cost((TokenClass)kind) / (tokens - unpriced) : double.NaN;
                item.PricedShares[kind] = tokens > 0 ? 1 - Math.Min(1, unpriced / tokens) : double.NaN;
                if (kind < InputClasses)
                {
                    item.InputShares[kind] = sums[UsageSums.TokensIn] > 0 ? tokens / sums[UsageSums.TokensIn] : double.NaN;
                }
                else
                {
                    item.TokensOut[kind - InputClasses] = used > 0 ? tokens / used : double.NaN;
                }
            }

            return item;
        }

        public void Complete(Item other, bool hasNone)
        {
            // A model without attempts on this side has a share of none, and is else as on the other side; a side without any attempts is too.
            ModelShare = hasNone ? Known(other.ModelShare) : Known(ModelShare);
            BandShare = double.IsNaN(BandShare) ? Known(other.BandShare) : BandShare;
            TokensIn = double.IsNaN(TokensIn) ? Known(other.TokensIn) : TokensIn;
            Units = double.IsNaN(Units) ? Known(other.Units) : Units;
            Complete(InputShares, other.InputShares);
            Complete(TokensOut, other.TokensOut);
            Complete(Prices, other.Prices);
            Complete(PricedShares, other.PricedShares);
        }

        private static void Complete(double[] own, double[] other)
        {
            for (var i = 0; i < own.Length; i++)
            {
                own[i] = double.IsNaN(own[i]) ? Known(other[i]) : own[i];
            }
        }

        private static double Known(double value) => double.IsNaN(value) ? 0 : value;
    }
}
