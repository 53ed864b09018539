using System.Text.Json.Nodes;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Otlp;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>What instrumentations send as traces, beside what the provider counted and the caller sent.</summary>
public sealed class OtlpCaptureTests
{
    private const string GoogleGenAi = "otel-google-genai-1.3b0";

    /// <summary>These never say that a stream was left, so that it looks like any other.</summary>
    private static readonly string[] SilentOnLeftStreams = ["otel-openai-v2-2.4b0", "otel-openai-v2-2.1b0", "pydantic-ai-2.68.0"];

    public static TheoryData<string> Tools =>
    [
        "anthropic-sdk-2.11.0-native", "otel-openai-v2-2.4b0", "otel-openai-v2-2.1b0", GoogleGenAi, "traceloop-openai-0.62.4",
        "traceloop-anthropic-0.62.4", "traceloop-anthropic-0.62.4-sdk-2.11.0", "traceloop-google-generativeai-0.62.4",
        "openinference-openai-0.1.66", "pydantic-ai-2.68.0",
    ];

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void Each_request_becomes_what_happened_and_counts_once(string tool)
    {
        var events = Map(tool, twin: false);
        var wrong = new List<string>();
        var requests = Captures.Truths(tool)
            .Where(truth => truth.Role is not ("metric" or "missing")).GroupBy(truth => truth.Text("request"));
        foreach (var request in requests)
        {
            var truth = request.Single(item => item.Is("count"));
            var told = request.Select(item => item.Item).ToHashSet();
            var mapped = events.Where(it => it.Capture == truth.Capture && told.Contains(it.Span)).ToList();
            if (mapped.Count != 1)
            {
                wrong.Add($"{truth.Capture} {truth.Text("scenario")}: counts {mapped.Count} times");
                continue;
            }

            var item = request.Single(it => it.Item == mapped[0].Span);
            wrong.AddRange(Differences(tool, truth, item, mapped[0].Event)
                .Select(difference => $"{truth.Capture} {truth.Text("scenario")}: {difference} of {mapped[0].Event}"));
        }

        Assert.Equal([], wrong);
        Assert.Equal(requests.Count(), events.Count);
    }

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void No_event_is_taken_for_another(string tool)
    {
        var events = Map(tool, twin: false);
        Assert.Equal(events.Count, events.Select(it => it.Event.Text(it.Event.Usage.EventId)).Distinct().Count());
    }

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void The_sums_of_what_the_payloads_tell_are_the_providers(string tool)
    {
        var truths = Captures.Truths(tool)
            .Where(truth => truth.HasTokens && truth.Is("count") && truth.Is("usage_sent_by_provider") && truth.Role == "request").ToList();
        var told = truths.ToDictionary(truth => truth.Text("response_id") ?? truth.Item);
        var events = Map(tool, twin: false).Select(it => it.Event.Usage).Where(usage => usage.Completeness == Completeness.Final).ToList();
        var estimated = Map(tool, twin: false).Where(it => it.Event.Usage.Completeness == Completeness.Estimated)
            .Select(it => it.Event.Text(it.Event.Usage.EventId)).ToHashSet();
        truths.RemoveAll(truth => estimated.Contains(truth.Text("response_id") ?? ""));
        var lost = tool == GoogleGenAi ? truths.Sum(truth => truth.Tokens("in_tool") ?? 0) : 0;

        Assert.Equal(truths.Sum(truth => truth.Tokens("in_total")) - lost, events.Sum(usage => usage.TokensIn));
        Assert.Equal(truths.Sum(truth => truth.Tokens("out_total")), events.Sum(usage => usage.TokensOut));
        Assert.Equal(Sum(truths, "in_cache_read"), events.Sum(usage => usage.TokensCached));
        Assert.Equal(Sum(truths, "in_cache_write"), events.Sum(usage => usage.TokensCacheWrite5m + usage.TokensCacheWrite1h));
        Assert.Equal(Sum(truths, "out_reasoning"), events.Sum(usage => usage.TokensReasoning));
    }

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void Both_forms_of_a_payload_give_the_same_events(string tool)
    {
        Assert.Equal(
            Map(tool, twin: false).Select(it => $"{it.Capture} {it.Event}"),
            Map(tool, twin: true).Select(it => $"{it.Capture} {it.Event}"));
    }

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void Metrics_and_logs_are_refused_with_their_reason(string tool)
    {
        var (mapper, events) = (new OtlpMapper(), new MappedEvents());
        foreach (var (capture, index) in Captures.Index(tool).Where(it => IsOther(it.Value)))
        {
            mapper.Map(new Payload(Captures.Payload(tool, index), 0), events);
            Assert.True(events.Count == 1 && events[0].Error.Reason == MappingReason.NotTraces, $"{capture}: {events[0].Error}");
        }
    }

    private static long Sum(IEnumerable<Truth> truths, string name) =>
        truths.Where(truth => !truth.Lists("lost", name)).Sum(truth => truth.Tokens(name) ?? 0);

    private static IEnumerable<string> Differences(string tool, Truth truth, Truth item, MappedEvent mapped)
    {
        var usage = mapped.Usage;
        foreach (var difference in TruthComparison.Differences(truth, mapped))
        {
            var isSilent = difference == "result Ok" && truth.Text("result") == "cancelled_by_client" && SilentOnLeftStreams.Contains(tool);

            // The tool's own mistake, which the payload does not show: the event says that it is a bound.
            var isBound = item.Lists("wrong", difference.Split(' ')[0]) && mapped.Item.Standing == Standing.BoundToolInput;
            if (!isSilent && !isBound)
            {
                yield return difference;
            }
        }

        if (mapped.Text(usage.Model) != (truth.Text("model_answered") ?? truth.Text("model_requested")))
        {
            yield return $"model {mapped.Text(usage.Model)}";
        }

        var tier = mapped.Text(usage.ServiceTier);
        if (tier.Length > 0 && tier != truth.Text("service_tier"))
        {
            yield return $"tier {tier}";
        }

        var isExact = mapped.Item.Standing == Standing.Exact && truth.HasTokens;
        if (isExact && truth.Tokens("in_cache_read") > 0 && !usage.Has(EventFields.TokensCached))
        {
            yield return "exact without its cache";
        }

        if (isExact && truth.Tokens("in_cache_write") > 0 && usage.TokensCacheWrite5m + usage.TokensCacheWrite1h == 0)
        {
            yield return "exact without its cache writes";
        }
    }

    private static bool IsOther(JsonObject index) => !index["path"]!.GetValue<string>().EndsWith("traces", StringComparison.Ordinal);

    private static List<(string Capture, string Span, MappedEvent Event)> Map(string tool, bool twin)
    {
        var (mapper, mapped) = (new OtlpMapper(), new List<(string, string, MappedEvent)>());
        foreach (var (capture, index) in Captures.Index(tool).Where(it => !IsOther(it.Value)))
        {
            var events = new MappedEvents { Trace = new MappingTrace() };
            mapper.Map(new Payload(twin ? Captures.Twin(tool, index) : Captures.Payload(tool, index), 0), events);
            for (var item = 0; item < events.Count; item++)
            {
                Assert.True(events[item].IsEvent, $"{capture}: {events[item].Error}");
                var span = mapper.SpanOf(item).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
                mapped.Add((capture, span, new MappedEvent(events.Event(item), events[item])));
            }
        }

        return mapped;
    }
}
