using System.Text.Json.Nodes;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.ProviderUsage;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>The providers' own answers, whole and streamed, beside what they counted.</summary>
public sealed class ProviderCaptureTests
{
    private const string Folder = "raw-provider-usage";
    private const long TimeMs = 1_795_212_400_000;

    [CaptureTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_answer_becomes_what_happened(bool knowsTheRequest)
    {
        var wrong = new List<string>();
        foreach (var (truth, mapped, shape) in Map(knowsTheRequest))
        {
            var differences = TruthComparison.Differences(truth, mapped);
            wrong.AddRange(differences.Select(difference => $"{truth.Capture} {truth.Text("scenario")}: {difference}"));
            Assert.Equal(Shape(truth), shape);
            Assert.Equal(truth.Text("model_answered") ?? truth.Text("model_requested"), mapped.Text(mapped.Usage.Model));
            Assert.Equal(truth.Text("service_tier") ?? "", mapped.Text(mapped.Usage.ServiceTier));
        }

        Assert.Equal([], wrong);
    }

    [CaptureTheory]
    [InlineData(true)]
    public void The_sums_of_what_providers_delivered_are_theirs(bool knowsTheRequest)
    {
        var mapped = Map(knowsTheRequest);
        var truths = mapped.Select(it => it.Truth).Where(truth => truth.HasTokens && truth.Is("usage_sent_by_provider")).ToList();
        var usages = mapped.Select(it => it.Event.Usage).Where(usage => usage.Completeness == Completeness.Final).ToList();

        Assert.Equal(truths.Sum(truth => truth.Tokens("in_total")), usages.Sum(usage => usage.TokensIn));
        Assert.Equal(truths.Sum(truth => truth.Tokens("out_total")), usages.Sum(usage => usage.TokensOut));
        Assert.Equal(truths.Sum(truth => truth.Tokens("in_cache_read") ?? 0), usages.Sum(usage => usage.TokensCached));
        Assert.Equal(
            truths.Sum(truth => truth.Tokens("in_cache_write") ?? 0),
            usages.Sum(usage => usage.TokensCacheWrite5m + usage.TokensCacheWrite1h));
        Assert.Equal(truths.Sum(truth => truth.Tokens("out_reasoning") ?? 0), usages.Sum(usage => usage.TokensReasoning));
        Assert.Equal(mapped.Count, mapped.Select(it => it.Event.Text(it.Event.Usage.EventId)).Distinct().Count());
    }

    /// <summary>Maps every answer; without the request's path and model what only these tell is left out.</summary>
    private static List<(Truth Truth, MappedEvent Event, ProviderShape Shape)> Map(bool knowsTheRequest)
    {
        var mapper = new ProviderUsageMapper();
        var events = new MappedEvents();
        var index = Captures.Index(Folder);
        var mapped = new List<(Truth, MappedEvent, ProviderShape)>();
        foreach (var truth in Captures.Truths(Folder))
        {
            var about = index[truth.Capture];
            var isBedrock = truth.Text("api") == "bedrock";
            if (!knowsTheRequest && (isBedrock || about["http_status"]!.GetValue<int>() != 200))
            {
                continue;
            }

            var context = new ProviderContext { TimeMs = TimeMs };
            mapper.Map(Captures.Payload(Folder, about), knowsTheRequest ? Known(context, about) : context, events);
            Assert.True(events.Count == 1 && events[0].IsEvent, $"{truth.Capture}: {events[0].Error}");
            mapped.Add((truth, new MappedEvent(events.Event(0), events[0]), mapper.Shape));
        }

        return mapped;
    }

    private static ProviderContext Known(ProviderContext context, JsonObject about) => context with
    {
        Path = about["path"]!.GetValue<string>(),
        HttpStatus = about["http_status"]!.GetValue<int>(),
        Model = about["request"]?["model"]?.GetValue<string>() ?? "",
        RequestId = $"request-{about["capture"]}",
    };

    private static ProviderShape Shape(Truth truth) => truth.Text("api") switch
    {
        "chat" => ProviderShape.OpenAiChat,
        "responses" => ProviderShape.OpenAiResponses,
        "embeddings" => ProviderShape.OpenAiEmbeddings,
        "anthropic" => ProviderShape.Anthropic,
        "gemini" => ProviderShape.Gemini,
        _ => ProviderShape.Bedrock,
    };
}
