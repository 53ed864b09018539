using TokenStream.Windowing;

namespace TokenStream.Tests.Detection.Series;

/// <summary>Values and marks as aggregators publish them on one rollups partition, by hand or at random.</summary>
internal sealed class DetectFeed
{
    public const long Minute = 60_000;
    public const long Window = 10_000;

    /// <summary>2026-06-01T12:00:00Z.</summary>
    public const long Noon = 1_780_315_200_000;

    public const string Input = "llm.requests";

    private readonly Dictionary<int, long> _decisions = [];

    /// <summary>What was published, in order: <see cref="Rollup"/> and <see cref="Mark"/>.</summary>
    public List<object> Records { get; } = [];

    public static Rollup Value(
        int input, long decision, long windowMs, string tenant, long requests, long part = 0, string feature = "chat", string model = "m1",
        long latency = 0, bool isFinal = true, string app = "", long? costs = null)
    {
        var measures = new RollupMeasures
        {
            Events = requests, Requests = requests, Attempts = requests, Ok = requests, TokensIn = 100 * requests, TokensOut = 10 * requests,
            TokensCached = 40 * requests, CostInput = costs ?? 600 * requests, CostCacheRead = costs is null ? 40 * requests : 0, CostOutput = costs is null ? 100 * requests : 0,
        };
        return new Rollup
        {
            Block = new RollupBlockHeader(1, Input, input, windowMs, part, decision, decision * 1000, 1, isFinal),
            Key = new RollupKey("prod", tenant, app, feature, "openai", model, "", "", "", "", "", "cell"),
            Measures = measures,
            LatencyMs = latency > 0 ? new SparseHistogram([(ushort)HistogramScale.Bucket(latency)], [requests]) : SparseHistogram.Empty,
        };
    }

    public static Mark MarkOf(int input, long decision, long closedThroughMs, long read = 1) => new()
    {
        Epoch = 1, Topic = Input, Partition = input, Decision = decision, Position = decision * 1000, ClosedThroughMs = closedThroughMs,
        StreamTimeMs = closedThroughMs, RulesVersion = 1, NeededOffset = 0, IdsFrom = 0,
        Counts = new MarkCounts(read, read, 0, 0, 0, 0, new Dictionary<string, long>()),
    };

    /// <summary>A decision of an input: values that were made for its number, then its mark.</summary>
    public void Decide(int input, long closedThroughMs, params Func<long, Rollup>[] values) => Decide(input, closedThroughMs, 1, values);

    public void Decide(int input, long closedThroughMs, long read, params Func<long, Rollup>[] values)
    {
        var decision = _decisions[input] = _decisions.GetValueOrDefault(input) + 1;
        Records.AddRange(values.Select(value => value(decision)));
        Records.Add(MarkOf(input, decision, closedThroughMs, read));
    }

    /// <summary>An hour of several inputs, tenants, features and models, with lags, corrections, repetitions, and values that do not count.</summary>
    public static List<object> Random(int seed)
    {
        var random = new Random(seed);
        var inputs = random.Next(1, 4);
        var feed = new DetectFeed();
        var (clock, closed) = (Noon, new long[inputs]);
        Array.Fill(closed, Noon - random.Next(3) * Window);
        var lags = Enumerable.Range(0, inputs).Select(_ => random.Next(4) == 0 ? 0L : random.Next(8) * Window).ToArray();
        for (var step = 0; step < 90; step++)
        {
            clock += random.Next(1, 5) * Window;
            for (var input = 0; input < inputs; input++)
            {
                if (random.Next(25) == 0)
                {
                    lags[input] = random.Next(30) * Window;
                }

                var through = Math.Max(closed[input], clock - lags[input]);
                if (random.Next(4) > 0)
                {
                    feed.Decide(input, through, [.. RandomValues(random, input, closed[input], through)]);
                    feed.Disturb(random, input);
                    closed[input] = through;
                }
            }
        }

        return feed.Records;
    }

    private static IEnumerable<Func<long, Rollup>> RandomValues(Random random, int input, long closed, long through)
    {
        for (var window = closed; window < through; window += Window)
        {
            for (var left = random.Next(4); left > 0; left--)
            {
                yield return RandomValue(random, input, window, isCorrection: false, left);
            }
        }

        for (var left = random.Next(6) == 0 ? random.Next(4) : 0; left > 0; left--)
        {
            yield return RandomValue(random, input, closed - (random.Next(1, 40) * Window), isCorrection: true, left);
        }
    }

    private static Func<long, Rollup> RandomValue(Random random, int input, long window, bool isCorrection, int app)
    {
        // A tenant is of one input mostly.
        var tenant = random.Next(10) == 0 ? "everywhere" : $"tenant{input}{random.Next(2)}";
        var (feature, model, requests) = ($"f{random.Next(2)}", $"m{random.Next(2)}", random.Next(0, 50));
        var latency = random.Next(3) == 0 ? 0 : random.Next(1, 5000);
        return decision => Value(
            input, decision, window, tenant, requests, isCorrection ? decision : 0, feature, model, latency, app: $"a{app}");
    }

    /// <summary>Whatever must not count: values of decisions that are marked, marks again, provisional sums.</summary>
    private void Disturb(Random random, int input)
    {
        if (random.Next(3) == 0)
        {
            Records.Add(Records[random.Next(Records.Count)]);
        }

        if (random.Next(5) == 0 && Records.OfType<Rollup>().LastOrDefault() is { } last)
        {
            Records.Add(Value(
                input, _decisions[input] + 1, last.Block.WindowStartMs + (random.Next(5) * Window), last.Key.TenantId, 7, isFinal: false));
        }

        // A decision that is published again by whoever took over, before its mark comes again.
        if (random.Next(4) == 0)
        {
            var marks = Records.FindLastIndex(record => record is Mark mark && mark.Partition == input);
            var first = marks;
            while (first > 0 && Records[first - 1] is Rollup { Block.Final: true } value && value.Block.Partition == input)
            {
                first--;
            }

            Records.InsertRange(marks, Records.GetRange(first, marks - first));
        }
    }
}
