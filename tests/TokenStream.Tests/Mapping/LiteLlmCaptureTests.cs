using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.LiteLlm;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>LiteLLM's own payloads, beside what the provider counted and the caller sent.</summary>
public sealed class LiteLlmCaptureTests
{
    private const string Sdk = "litellm-sdk-1.106.2";
    private const string Proxy = "litellm-proxy-1.106.2-generic-api";

    [CaptureTheory]
    [InlineData(Sdk)]
    [InlineData(Proxy)]
    public void Each_payload_becomes_what_happened(string tool)
    {
        var events = Map(tool);
        var wrong = new List<string>();
        foreach (var truth in Captures.Truths(tool).Where(truth => truth.Role != "missing"))
        {
            var mapped = Assert.Single(events, it => it.Capture == truth.Capture && IsItem(it.Event, truth)).Event;
            var differences = TruthComparison.Differences(truth, mapped);
            wrong.AddRange(differences.Select(difference => $"{truth.Capture} {truth.Text("scenario")}: {difference}"));
        }

        Assert.Equal([], wrong);
        Assert.Equal(Captures.Truths(tool).Count(truth => truth.Role != "missing"), events.Count);
    }

    [CaptureTheory]
    [InlineData(Sdk)]
    [InlineData(Proxy)]
    public void Each_request_counts_once_and_no_event_is_taken_for_another(string tool)
    {
        var events = Map(tool);
        Assert.Equal(events.Count, events.Select(it => it.Event.Text(it.Event.Usage.EventId)).Distinct().Count());
        foreach (var request in Captures.Truths(tool).Where(truth => truth.Role != "missing").GroupBy(truth => truth.Text("request")))
        {
            var items = request.Select(truth => events.Single(it => it.Capture == truth.Capture && IsItem(it.Event, truth)));
            var counted = items.Count(it => it.Event.Usage.IsRequest);
            Assert.True(counted == 1, $"{request.Key} counts {counted} times");
        }
    }

    [CaptureTheory]
    [InlineData(Sdk)]
    [InlineData(Proxy)]
    public void The_sums_of_what_providers_delivered_are_theirs(string tool)
    {
        var truths = Captures.Truths(tool)
            .Where(truth => truth.HasTokens && truth.Is("usage_sent_by_provider") && truth.Is("count")).ToList();
        var events = Map(tool).Select(it => it.Event.Usage)
            .Where(usage => usage.ResultType == ResultType.Ok && !usage.IsAvoided && usage.Completeness == Completeness.Final).ToList();

        Assert.Equal(truths.Sum(truth => truth.Tokens("in_total")), events.Sum(usage => usage.TokensIn));
        Assert.Equal(truths.Sum(truth => truth.Tokens("out_total")), events.Sum(usage => usage.TokensOut));
        Assert.Equal(truths.Sum(truth => truth.Tokens("in_cache_read") ?? 0), events.Sum(usage => usage.TokensCached));
        Assert.Equal(
            truths.Sum(truth => truth.Tokens("in_cache_write") ?? 0),
            events.Sum(usage => usage.TokensCacheWrite5m + usage.TokensCacheWrite1h));
        Assert.Equal(truths.Sum(truth => truth.Tokens("out_reasoning") ?? 0), events.Sum(usage => usage.TokensReasoning));
    }

    /// <summary>A try that failed shares the name of the request that succeeded.</summary>
    private static bool IsItem(MappedEvent mapped, Truth truth)
    {
        var id = mapped.Text(mapped.Usage.EventId);
        var failed = truth.Role == "failed_attempt";
        return failed ? id.StartsWith(truth.Item + "~", StringComparison.Ordinal) : id == truth.Item || IsLastFailure(mapped, truth, id);
    }

    private static bool IsLastFailure(MappedEvent mapped, Truth truth, string id) =>
        mapped.Usage.ResultType != ResultType.Ok && truth.Text("result") is "error" or "mock"
        && id.StartsWith(truth.Item + "~", StringComparison.Ordinal);

    private static List<(string Capture, MappedEvent Event)> Map(string tool)
    {
        var mapper = new LiteLlmMapper();
        var events = new MappedEvents();
        var mapped = new List<(string, MappedEvent)>();
        foreach (var (capture, index) in Captures.Index(tool))
        {
            mapper.Map(new Payload(Captures.Payload(tool, index), 0), events);
            for (var item = 0; item < events.Count; item++)
            {
                Assert.True(events[item].IsEvent, $"{capture}: {events[item].Error}");
                mapped.Add((capture, new MappedEvent(events.Event(item), events[item])));
            }
        }

        return mapped;
    }
}
