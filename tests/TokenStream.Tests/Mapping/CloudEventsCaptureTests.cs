using TokenStream.Mapping;
using TokenStream.Mapping.CloudEvents;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>CloudEvents as two SDKs send them, beside what the provider counted.</summary>
public sealed class CloudEventsCaptureTests
{
    private const string Sdk = "cloudevents-1.13.0";
    private const string OpenMeter = "openmeter-1.0.0b236";
    private const long ReceivedMs = 1_795_212_400_000;

    [CaptureTheory]
    [InlineData(Sdk)]
    [InlineData(OpenMeter)]
    public void Each_event_becomes_what_happened(string tool)
    {
        var wrong = new List<string>();
        foreach (var (truth, mapped) in Map(tool).Where(it => it.Truth.Role is "request" or "duplicate"))
        {
            var differences = truth.Role == "duplicate" ? [] : TruthComparison.Differences(truth, mapped);
            wrong.AddRange(differences.Select(difference => $"{truth.Capture} {truth.Text("style")}: {difference}"));
            Assert.True(truth.Role == "duplicate" || truth.Text("provider") == mapped.Text(mapped.Usage.Provider), truth.Capture);
        }

        Assert.Equal([], wrong);
    }

    /// <summary>Where each class of tokens is an event of its own, the sums are the request's, and one of the events counts it.</summary>
    [CaptureTheory]
    [InlineData(OpenMeter)]
    public void The_parts_of_a_request_add_up_to_it_and_count_once(string tool)
    {
        var requests = Map(tool).Where(it => it.Truth.Role == "part").GroupBy(it => it.Truth.Text("request")).ToList();
        Assert.True(requests.Count > 5);
        foreach (var request in requests)
        {
            var truth = request.Select(it => it.Truth).Single(it => it.HasTokens);
            var usages = request.Select(it => it.Event.Usage).ToList();

            Assert.Equal(truth.Tokens("in_total"), usages.Sum(it => it.TokensIn));
            Assert.Equal(truth.Tokens("out_total"), usages.Sum(it => it.TokensOut));
            Assert.Equal(truth.Tokens("in_cache_read") ?? 0, usages.Sum(it => it.TokensCached));
            Assert.Equal(truth.Tokens("out_reasoning") ?? 0, usages.Sum(it => it.TokensReasoning));
            if (!truth.Lists("lost", "in_cache_write"))
            {
                Assert.Equal(truth.Tokens("in_cache_write") ?? 0, usages.Sum(it => it.TokensCacheWrite5m + it.TokensCacheWrite1h));
            }

            Assert.Equal(1, usages.Count(it => it.IsRequest));
            Assert.All(request, it => Assert.Equal(truth.Attribution("tenant"), it.Event.Text(it.Event.Usage.TenantId)));
            Assert.All(request, it => Assert.Equal(truth.Text("provider"), it.Event.Text(it.Event.Usage.Provider)));
        }
    }

    [CaptureTheory]
    [InlineData(Sdk)]
    [InlineData(OpenMeter)]
    public void Each_request_counts_once_and_what_is_sent_again_has_the_same_name(string tool)
    {
        foreach (var request in Map(tool).GroupBy(it => it.Truth.Text("request")))
        {
            var names = request.Where(it => it.Event.Usage.IsRequest).Select(it => it.Event.Text(it.Event.Usage.EventId)).Distinct();
            Assert.Single(names);
        }
    }

    [CaptureTheory]
    [InlineData(Sdk)]
    [InlineData(OpenMeter)]
    public void The_sums_of_what_providers_delivered_are_theirs(string tool)
    {
        var items = Map(tool).Where(it => it.Truth.Role != "duplicate").ToList();
        var isWrong = items.Where(it => it.Truth.Lists("wrong", "in_total")).Select(it => it.Truth.Text("request")).ToHashSet();
        var truths = items.Select(it => it.Truth).Where(it => it.HasTokens && !isWrong.Contains(it.Text("request"))).ToList();
        var usages = items.Where(it => !isWrong.Contains(it.Truth.Text("request"))).Select(it => it.Event.Usage).ToList();

        Assert.Equal(truths.Sum(truth => truth.Tokens("in_total")), usages.Sum(usage => usage.TokensIn));
        Assert.Equal(truths.Sum(truth => truth.Tokens("out_total")), usages.Sum(usage => usage.TokensOut));
    }

    /// <summary>Maps every capture; an item of the truth is named by the event's id, and by its place where there are several.</summary>
    private static List<(Truth Truth, MappedEvent Event)> Map(string tool)
    {
        var (mapper, events, index) = (new CloudEventsMapper(), new MappedEvents(), Captures.Index(tool));
        var mapped = new List<(Truth, MappedEvent)>();
        foreach (var capture in Captures.Truths(tool).Where(truth => truth.Role != "missing").GroupBy(truth => truth.Capture))
        {
            var about = index[capture.Key];
            mapper.Map(new Payload(Captures.Payload(tool, about), ReceivedMs, Captures.Headers(about)), events);
            Assert.Equal(capture.Count(), events.Count);
            foreach (var (truth, item) in capture.Select((truth, item) => (truth, item)))
            {
                Assert.True(events[item].IsEvent, $"{truth.Capture}: {events[item].Error}");
                var result = new MappedEvent(events.Event(item), events[item]);
                Assert.EndsWith(" " + truth.Item, result.Text(result.Usage.EventId), StringComparison.Ordinal);
                mapped.Add((truth, result));
            }
        }

        return mapped;
    }
}
