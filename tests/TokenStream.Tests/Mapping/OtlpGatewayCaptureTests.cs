using System.Globalization;
using System.Text.Json.Nodes;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Otlp;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>
/// What Langfuse's and Vercel's SDKs and LiteLLM's proxy send as traces, beside what the provider counted and the caller sent: they retry,
/// answer from their own cache, and write one request onto several spans.
/// </summary>
public sealed class OtlpGatewayCaptureTests
{
    private const string Langfuse = "langfuse-3.15.0-otlp";
    private const string Vercel = "vercel-ai-6.0.326";
    private const string LiteLlm = "litellm-proxy-1.106.2-otel";
    private const string LiteLlmDefault = "litellm-proxy-1.106.2-otel-default";

    public static TheoryData<string> Tools => [Langfuse, Vercel, LiteLlm, LiteLlmDefault];

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void Each_request_becomes_what_happened_and_counts_once(string tool)
    {
        var events = Map(tool);
        var wrong = new List<string>();
        var requests = Truths(tool).GroupBy(truth => truth.Text("request")).ToList();
        foreach (var request in requests)
        {
            var truth = request.Single(item => item.Is("count"));
            var told = request.Select(item => item.Item).ToHashSet();
            var tries = request.Where(item => item.Role == "failed_attempt").Select(item => item.Item).ToHashSet();
            var mapped = events.Where(it => told.Contains(it.Span)).ToList();
            var answer = Assert.Single(mapped, it => !tries.Contains(it.Span)).Event;
            wrong.AddRange(
                Differences(truth, answer).Select(difference => $"{truth.Capture} {truth.Text("scenario")}: {difference} of {answer}"));
            Assert.All(mapped.Where(it => tries.Contains(it.Span)), it => Assert.Equal(ResultType.Error, it.Event.Usage.ResultType));
            Assert.Equal(1, mapped.Count(it => it.Event.Usage.IsRequest));
        }

        Assert.Equal([], wrong);
        Assert.Equal(requests.Count + Truths(tool).Count(truth => truth.Role == "failed_attempt"), events.Count);
        Assert.Equal(events.Count, events.Select(it => it.Event.Text(it.Event.Usage.EventId)).Distinct().Count());
    }

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void The_sums_of_what_the_payloads_tell_are_the_providers(string tool)
    {
        var truths = Truths(tool).Where(truth => truth.HasTokens && truth.Is("count") && truth.Is("usage_sent_by_provider")).ToList();
        var told = truths.Where(truth => !truth.Lists("lost", "in_total")).ToList();
        var events = Map(tool)
            .Select(it => it.Event.Usage)
            .Where(usage => !usage.IsAvoided && usage.Completeness == Completeness.Final)
            .ToList();

        Assert.Equal(told.Sum(truth => truth.Tokens("in_total")), events.Sum(usage => usage.TokensIn));
        Assert.Equal(told.Sum(truth => truth.Tokens("out_total")), events.Sum(usage => usage.TokensOut));
        Assert.Equal(Sum(told, "in_cache_read"), events.Sum(usage => usage.TokensCached));
        Assert.Equal(Sum(told, "in_cache_write"), events.Sum(usage => usage.TokensCacheWrite5m + usage.TokensCacheWrite1h));
        Assert.Equal(Sum(told, "in_cache_write_1h"), events.Sum(usage => usage.TokensCacheWrite1h));
        Assert.Equal(Sum(told, "out_reasoning"), events.Sum(usage => usage.TokensReasoning));
    }

    [CaptureTheory]
    [MemberData(nameof(Tools))]
    public void Both_forms_of_a_payload_give_the_same_events(string tool) =>
        Assert.Equal(Map(tool).Select(it => $"{it.Capture} {it.Event}"), Map(tool, twin: true).Select(it => $"{it.Capture} {it.Event}"));

    private static IEnumerable<Truth> Truths(string tool) =>
        Captures.Truths(tool).Where(truth => truth.Role is not ("metric" or "missing"));

    private static long Sum(IEnumerable<Truth> truths, string name) =>
        truths.Where(truth => !truth.Lists("lost", name)).Sum(truth => truth.Tokens(name) ?? 0);

    private static IEnumerable<string> Differences(Truth truth, MappedEvent mapped)
    {
        foreach (var difference in TruthComparison.Differences(truth, mapped))
        {
            // Langfuse's wrapper of OpenAI's client ends a stream that was left as any other, but without usage.
            var isSilent = difference == "result Ok" && truth.Text("result") == "cancelled_by_client" && truth.Item == "8a780448961fcaef";
            if (!isSilent)
            {
                yield return difference;
            }
        }

        // A stream, a hit of the cache and Bedrock are answered without the model, or with the one that was asked for.
        var model = mapped.Text(mapped.Usage.Model);
        if (model != "unknown" && model != truth.Text("model_answered") && model != truth.Text("model_requested"))
        {
            yield return $"model {model}";
        }

        var tier = mapped.Text(mapped.Usage.ServiceTier);
        if (tier.Length > 0 && truth.Text("service_tier") is { } served && tier != served)
        {
            yield return $"tier {tier}";
        }

        var isExact = mapped.Item.Standing == Standing.Exact && truth.HasTokens;
        var writes = mapped.Usage.TokensCacheWrite5m + mapped.Usage.TokensCacheWrite1h;
        if (isExact && (truth.Tokens("in_cache_read") ?? 0, truth.Tokens("in_cache_write") ?? 0) != (mapped.Usage.TokensCached, writes))
        {
            yield return "exact without its cache";
        }
    }

    private static List<(string Capture, string Span, MappedEvent Event)> Map(string tool, bool twin = false)
    {
        var (mapper, events, mapped) = (new OtlpMapper(), new MappedEvents(), new List<(string, string, MappedEvent)>());
        foreach (var (capture, index) in Captures.Index(tool).Where(it => IsOfTraces(it.Value)))
        {
            mapper.Map(new Payload(twin ? Captures.Twin(tool, index) : Captures.Payload(tool, index), 0), events);
            for (var item = 0; item < events.Count; item++)
            {
                Assert.True(events[item].IsEvent, $"{capture}: {events[item].Error}");
                var span = mapper.SpanOf(item).ToString("x16", CultureInfo.InvariantCulture);
                mapped.Add((capture, span, new MappedEvent(events.Event(item), events[item])));
            }
        }

        return mapped;
    }

    private static bool IsOfTraces(JsonObject index) => index["path"]!.GetValue<string>().EndsWith("traces", StringComparison.Ordinal);
}
