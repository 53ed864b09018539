using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Langfuse;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>Langfuse's own batches, beside what the provider counted and the caller sent.</summary>
public sealed class LangfuseCaptureTests
{
    private const string Ingestion = "langfuse-2.60.10-ingestion";

    [CaptureTheory]
    [InlineData(Ingestion)]
    public void Each_generation_becomes_what_happened(string tool)
    {
        var events = Map(tool);
        var wrong = new List<string>();
        foreach (var truth in Captures.Truths(tool).Where(truth => truth.Role != "missing"))
        {
            var mapped = Assert.Single(events, it => it.Event.Text(it.Event.Usage.EventId) == truth.Item);
            Assert.Equal(truth.Row["captures"]!.AsArray()[^1]!.GetValue<string>(), mapped.Capture);

            // Nothing in a generation whose caller left its stream tells it from one that came to its end without usage.
            var isLeft = truth.Text("result") == "cancelled_by_client" && !truth.Is("recoverable");
            var differences = TruthComparison.Differences(truth, mapped.Event).Where(difference => !(isLeft && difference == "result Ok"));
            wrong.AddRange(differences.Select(difference => $"{truth.Capture} {truth.Text("scenario")}: {difference}"));
            Assert.True(!isLeft || mapped.Event.Usage.Completeness == Completeness.Estimated);
        }

        Assert.Equal([], wrong);
        Assert.Equal(Captures.Truths(tool).Count(truth => truth.Role != "missing"), events.Count);
    }

    [CaptureTheory]
    [InlineData(Ingestion)]
    public void The_sums_of_what_was_told_are_the_providers(string tool)
    {
        var told = Captures.Truths(tool).Where(truth => truth.Is("has_usage") && truth.HasTokens).ToList();
        var events = Map(tool).Select(it => it.Event).Where(it => it.Usage.Has(EventFields.TokensIn)).ToList();

        // What people left out of their own maps is known to be missing, by the event and by the truth.
        var left = told.Where(truth => truth.Lists("wrong", "in_total")).ToList();
        Assert.Equal(
            told.Except(left).Sum(truth => truth.Tokens("in_total")),
            events.Where(it => !IsLeftOut(it, left)).Sum(it => it.Usage.TokensIn));
        Assert.Equal(told.Sum(truth => truth.Tokens("out_total")), events.Sum(it => it.Usage.TokensOut));
        var whole = told.Except(left);
        Assert.Equal(whole.Sum(truth => truth.Tokens("in_cache_read") ?? 0), events.Sum(it => it.Usage.TokensCached));
        Assert.Equal(
            whole.Where(truth => !truth.Lists("lost", "in_cache_write")).Sum(truth => truth.Tokens("in_cache_write") ?? 0),
            events.Sum(it => it.Usage.TokensCacheWrite5m + it.Usage.TokensCacheWrite1h));
    }

    /// <summary>Exact is what differs in no class from what the provider counted.</summary>
    [CaptureTheory]
    [InlineData(Ingestion)]
    public void Nothing_that_is_called_exact_has_lost_a_class_of_input(string tool)
    {
        var events = Map(tool);
        foreach (var truth in Captures.Truths(tool).Where(truth => truth.HasTokens && truth.Role != "missing"))
        {
            var mapped = events.Single(it => it.Event.Text(it.Event.Usage.EventId) == truth.Item).Event;
            Assert.False(
                mapped.Item.Standing == Standing.Exact && (truth.Lists("lost", "in_cache_write") || truth.Lists("wrong", "in_total")),
                $"{truth.Text("scenario")} is called {mapped.Member("usage_convention")}");
        }
    }

    [CaptureTheory]
    [InlineData(Ingestion)]
    public void A_repeated_batch_gives_the_same_events(string tool)
    {
        var once = Map(tool).Select(it => it.Event.ToString()).ToList();
        var twice = Map(tool, repeats: 2).Select(it => it.Event.ToString()).ToList();
        Assert.Equal(once.Count * 2, twice.Count);
        Assert.Equal(once.Order(), twice.Distinct().Order());
    }

    private static bool IsLeftOut(MappedEvent mapped, List<Truth> left) =>
        left.Any(truth => truth.Item == mapped.Text(mapped.Usage.EventId));

    private static List<(string Capture, MappedEvent Event)> Map(string tool, int repeats = 1)
    {
        var mapper = new LangfuseMapper();
        var events = new MappedEvents();
        var mapped = new List<(string, MappedEvent)>();
        foreach (var (capture, index) in Captures.Index(tool))
        {
            for (var repeat = 0; repeat < repeats; repeat++)
            {
                mapper.Map(new Payload(Captures.Payload(tool, index), 0), events);
                for (var item = 0; item < events.Count; item++)
                {
                    Assert.True(events[item].IsEvent, $"{capture}: {events[item].Error}");
                    mapped.Add((capture, new MappedEvent(events.Event(item), events[item])));
                }
            }
        }

        return mapped;
    }
}
