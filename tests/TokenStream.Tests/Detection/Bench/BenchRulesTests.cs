using System.Text.Json.Nodes;
using TokenStream.Tests.Architecture;
using Xunit;

namespace TokenStream.Tests.Detection.Bench;

/// <summary>The rules by which detectors are compared, against the figures of another implementation.</summary>
public sealed class BenchRulesTests
{
    private static readonly JsonNode Known = JsonNode.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "tests/data/detection/scoring.json")))!;

    [Fact]
    public void Point_adjusted_F1_agrees()
    {
        var part = Part();
        Assert.Equal(Figure("point_adjust", "f1"), BenchRules.AdjustedF1([part], Known["threshold"]!.GetValue<double>()), 5);
        Assert.Equal(Figure("point_adjust", "best_f1"), BenchRules.AdjustedF1([part], BenchRules.BestThreshold([part])), 5);
    }

    [Fact]
    public void Events_and_false_episodes_agree()
    {
        var part = Part();
        var threshold = Known["threshold"]!.GetValue<double>();
        var events = BenchRules.Events(part.Labels);
        Assert.Equal(Known["events"]!["events"]!.GetValue<int>(), events.Count);
        Assert.Equal(Known["events"]!["hit_within_k"]!.GetValue<int>(), BenchRules.Heads(part).Count(head => head >= threshold));
        Assert.Equal(
            Known["events"]!["false_episodes"]!.GetValue<int>(), BenchRules.FalseEpisodes(events, part.Scores, threshold, Known["merge"]!.GetValue<int>()));
    }

    [Fact]
    public void Recall_at_a_budget_of_false_episodes_agrees()
    {
        var part = Part();
        var days = part.Labels.Length * Known["step_seconds"]!.GetValue<double>() / 86_400;
        var heads = BenchRules.Heads(part);
        foreach (var (budget, name) in Known["recall_at_false_per_day"]!.AsObject().Select((entry, i) => (i == 0 ? 1d : 5, entry.Key)))
        {
            var want = Known["recall_at_false_per_day"]![name]!;
            var recall = want is JsonArray pair ? pair[0]!.GetValue<double>() : want.GetValue<double>();
            var threshold = BenchRules.ThresholdFor([part], days, budget);
            Assert.Equal(recall, heads.Count(head => head >= threshold) / (double)heads.Count, 5);
        }
    }

    [Fact]
    public void Numentas_score_agrees()
    {
        var part = Part();
        var step = Known["step_seconds"]!.GetValue<long>();
        var first = Known["nab"]!["first_timestamp"]!.GetValue<long>();
        long[] times = [.. Enumerable.Range(0, part.Labels.Length).Select(i => first + (i * step))];
        var windows = Known["nab"]!["windows"]!.AsArray().Select(w => (w![0]!.GetValue<long>(), w[1]!.GetValue<long>())).ToList();
        Assert.Equal(Figure("nab", "optimised", "standard"), NabScore.Best([(times, windows, part.Scores)], 0.11), 4);
        Assert.Equal(Figure("nab", "optimised", "low_fp"), NabScore.Best([(times, windows, part.Scores)], 0.22), 4);
    }

    private static double Figure(params string[] path) => path.Aggregate(Known, (node, name) => node[name]!).GetValue<double>();

    private static BenchPart Part() => new(
        [.. Known["y"]!.AsArray().Select(label => label!.GetValue<int>() != 0)],
        [.. Known["score"]!.AsArray().Select(score => score!.GetValue<double>())],
        Known["delay_k"]!.GetValue<int>());
}
