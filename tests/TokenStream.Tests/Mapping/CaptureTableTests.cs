using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.CloudEvents;
using TokenStream.Mapping.Langfuse;
using TokenStream.Mapping.LiteLlm;
using TokenStream.Mapping.Otlp;
using TokenStream.Mapping.ProviderUsage;
using TokenStream.Tests.Architecture;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>What the documentation claims of each tool is what its captures give.</summary>
public sealed class CaptureTableTests
{
    [CaptureTheory]
    [InlineData("litellm-sdk-1.106.2", "LiteLLM SDK 1.106.2, callbacks")]
    [InlineData("litellm-proxy-1.106.2-generic-api", "LiteLLM proxy 1.106.2, `generic_api`")]
    [InlineData("cloudevents-1.13.0", "CloudEvents SDK 1.13.0, structured and binary")]
    [InlineData("openmeter-1.0.0b236", "OpenMeter SDK 1.0.0b236")]
    [InlineData("raw-provider-usage", "providers' own answers and streams")]
    [InlineData("langfuse-2.60.10-ingestion", "Langfuse SDK 2.60.10, `/api/public/ingestion`")]
    [InlineData("anthropic-sdk-2.11.0-native", "Anthropic SDK 2.11.0, its own spans")]
    [InlineData("otel-openai-v2-2.4b0", "OpenTelemetry openai-v2 2.4b0")]
    [InlineData("otel-openai-v2-2.1b0", "OpenTelemetry openai-v2 2.1b0")]
    [InlineData("otel-google-genai-1.3b0", "OpenTelemetry google-genai 1.3b0")]
    [InlineData("traceloop-openai-0.62.4", "Traceloop OpenAI 0.62.4")]
    [InlineData("traceloop-anthropic-0.62.4", "Traceloop Anthropic 0.62.4")]
    [InlineData("traceloop-anthropic-0.62.4-sdk-2.11.0", "the same beside the SDK's own spans")]
    [InlineData("traceloop-google-generativeai-0.62.4", "Traceloop Gemini 0.62.4")]
    [InlineData("openinference-openai-0.1.66", "OpenInference OpenAI 0.1.66")]
    [InlineData("pydantic-ai-2.68.0", "pydantic-ai 2.68.0")]
    [InlineData("langfuse-3.15.0-otlp", "Langfuse SDK 3.15.0")]
    [InlineData("vercel-ai-6.0.326", "Vercel AI SDK 6.0.326")]
    [InlineData("litellm-proxy-1.106.2-otel", "LiteLLM proxy 1.106.2, `otel` with its own span")]
    [InlineData("litellm-proxy-1.106.2-otel-default", "LiteLLM proxy 1.106.2, `otel` without it")]
    public void The_table_of_the_documentation_is_true(string tool, string name)
    {
        var (items, exact, bound, estimated, unknown, failed) = (0, 0, 0, 0, 0, 0);
        foreach (var (capture, index) in Captures.Index(tool).Where(it => !IsOtherSignal(it.Value)))
        {
            var events = Map(tool, Captures.Payload(tool, index), index);
            for (var item = 0; item < events.Count; item++)
            {
                Assert.True(events[item].IsEvent, $"{capture}: {events[item].Error}");
                var usage = new MappedEvent(events.Event(item), events[item]).Usage;
                items++;
                _ = usage.ResultType is ResultType.Error or ResultType.Timeout ? failed++
                    : events[item].Standing is Standing.Unknown or Standing.Mock ? unknown++
                    : events[item].Standing is Standing.Counted or Standing.Cut or Standing.BoundOutput ? estimated++
                    : events[item].Standing == Standing.Exact ? exact++
                    : bound++;
            }
        }

        var missing = Captures.Truths(tool).Count(truth => truth.Role == "missing");
        var numbers = string.Join(" | ", new[] { items, exact, bound, estimated, unknown, failed, missing }.Select(number => $"{number}"));
        var row = $"| {name} | {numbers} |";
        Assert.True(SourceTree.Lines("docs/connect/README.md").Contains(row), $"The row is {row}");
    }

    /// <summary>Metrics and logs, which are refused as what they are.</summary>
    private static bool IsOtherSignal(System.Text.Json.Nodes.JsonObject index) =>
        index["path"]!.GetValue<string>() is var path && path.StartsWith("/v1/", StringComparison.Ordinal)
        && (path.EndsWith("metrics", StringComparison.Ordinal) || path.EndsWith("logs", StringComparison.Ordinal));

    private static MappedEvents Map(string tool, byte[] payload, System.Text.Json.Nodes.JsonObject index)
    {
        var events = new MappedEvents();
        if (tool.StartsWith("litellm", StringComparison.Ordinal) && !tool.Contains("otel", StringComparison.Ordinal))
        {
            new LiteLlmMapper().Map(new Payload(payload, 0), events);
            return events;
        }

        if (tool.StartsWith("langfuse-2", StringComparison.Ordinal))
        {
            new LangfuseMapper().Map(new Payload(payload, 0), events);
            return events;
        }

        if (tool.StartsWith("cloudevents", StringComparison.Ordinal) || tool.StartsWith("openmeter", StringComparison.Ordinal))
        {
            new CloudEventsMapper().Map(new Payload(payload, 1_795_212_400_000, Captures.Headers(index)), events);
            return events;
        }

        if (tool != "raw-provider-usage")
        {
            new OtlpMapper().Map(new Payload(payload, 0), events);
            return events;
        }

        var context = new ProviderContext
        {
            TimeMs = 1_795_212_400_000,
            Path = index["path"]!.GetValue<string>(),
            HttpStatus = index["http_status"]!.GetValue<int>(),
            Model = index["request"]?["model"]?.GetValue<string>() ?? "",
        };
        new ProviderUsageMapper().Map(payload, context, events);
        return events;
    }
}
