using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Kong;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>Kong's audit log as it is documented: there are no captures of it.</summary>
public sealed class KongMapperTests
{
    private const string Meta = """
        "meta":{"provider_name":"openai","request_model":"gpt-4.1","response_model":"gpt-4.1-2025-04-14","llm_latency":2210}
        """;

    private const string Usage = """
        "usage":{"prompt_tokens":1833,"completion_tokens":210,"total_tokens":2043,"prompt_tokens_details":{"cached_tokens":1024},
         "cost":0.00412,"time_to_first_token":410.5}
        """;

    [Fact]
    public void An_entry_is_the_request_with_its_end_its_consumer_and_its_counts()
    {
        var mapped = Single(Entry($$"""{"proxy":{ {{Usage}},{{Meta}} } }"""));
        var usage = mapped.Usage;

        Assert.Equal((1833, 210, 1024), (usage.TokensIn, usage.TokensOut, usage.TokensCached));
        Assert.Equal((1_787_307_007_623, 2500, 410), (usage.TimeMs, usage.LatencyMs, usage.TtftMs));
        Assert.Equal(("c-acme", "chat-route", "llm"), (mapped.Text(usage.TenantId), mapped.Text(usage.Feature), mapped.Text(usage.App)));
        Assert.Equal(("r-1", "gpt-4.1-2025-04-14"), (mapped.Text(usage.EventId), mapped.Text(usage.Model)));
        Assert.Equal("kong other assumed", mapped.Member("usage_convention"));
        Assert.True(usage.IsRequest);
    }

    [Fact]
    public void The_names_of_older_versions_are_known()
    {
        var mapped = Single(Entry($$"""{"ai-proxy":{"usage":{"prompt_token":28,"completion_token":20,"total_tokens":48},{{Meta}} } }"""));
        Assert.Equal((28, 20), (mapped.Usage.TokensIn, mapped.Usage.TokensOut));
    }

    [Fact]
    public void A_model_that_a_plugin_asked_beside_the_request_adds_tokens_and_no_request()
    {
        var transformer = $$"""{"usage":{"prompt_tokens":7,"completion_tokens":3},{{Meta}} }""";
        var events = Map(Entry($$"""{"ai-request-transformer":{{transformer}},"proxy":{ {{Usage}},{{Meta}} },"ai-proxy":{} }"""));

        var mapped = Enumerable.Range(0, events.Count).Select(item => new MappedEvent(events.Event(item), events[item])).ToList();
        Assert.Equal(["r-1", "r-1~ai-request-transformer"], mapped.Select(it => it.Text(it.Usage.EventId)));
        Assert.Equal([true, false], mapped.Select(it => it.Usage.IsRequest));
        Assert.Equal(1840, mapped.Sum(it => it.Usage.TokensIn));
    }

    [Fact]
    public void Several_tries_of_the_balancer_are_one_request()
    {
        const string Tries = ""","tries":[{"ip":"10.0.0.1","state":"failed"},{"ip":"10.0.0.2"}]""";
        var events = Map(Entry($$"""{"proxy":{ {{Usage}},{{Meta}} } }""", more: Tries));
        Assert.Equal(1, events.Count);
        Assert.True(new MappedEvent(events.Event(0), events[0]).Usage.IsRequest);
    }

    [Theory]
    [InlineData("""{"cache_status":"Hit"}""", true)]
    [InlineData("""{"cache_status":"Hit","embeddings_model":"text-embedding-3-small"}""", true)]
    [InlineData("""{"cache_status":"Miss"}""", false)]
    public void A_hit_of_its_own_cache_is_avoided(string cache, bool isAvoided) => Assert.Equal(
        isAvoided, Single(Entry($$"""{"proxy":{ {{Usage}},{{Meta}},"cache":{{cache}} } }""")).Usage.IsAvoided);

    [Theory]
    [InlineData(200, "upstream", ResultType.Ok)]
    [InlineData(502, "upstream", ResultType.Error)]
    [InlineData(504, "upstream", ResultType.Timeout)]
    [InlineData(499, "upstream", ResultType.Cancelled)]
    [InlineData(429, "upstream", ResultType.Error)]
    [InlineData(429, "exit", ResultType.BlockedPolicy)]
    public void The_status_says_what_became_of_it(int status, string source, ResultType result)
    {
        var usage = Single(Entry($$"""{"proxy":{ {{Meta}} } }""", status, $$""","source":"{{source}}" """)).Usage;
        Assert.Equal(result, usage.ResultType);
        Assert.False(usage.Has(EventFields.TokensIn));
    }

    [Fact]
    public void Lines_and_arrays_are_entries_and_ordinary_requests_give_nothing()
    {
        var entry = Entry($$"""{"proxy":{ {{Usage}},{{Meta}} } }""");
        const string Ordinary = """{"started_at":1787307005123,"request":{"id":"r-2"},"response":{"status":200}}""";
        Assert.Equal(2, Map($"{entry}\n{Ordinary}\n{entry}\n").Count);
        Assert.Equal(2, Map($"[{entry},{Ordinary},{entry}]").Count);
        Assert.Equal(0, Map("[]").Count);
    }

    [Theory]
    [InlineData("""{"proxy":{"usage":{"prompt_tokens":1}}}""", MappingReason.MissingField, "ai.proxy.meta.provider_name")]
    [InlineData("""{"proxy":{"usage":{"prompt_tokens":-1},"meta":{"provider_name":"p","request_model":"m"}}}""",
        MappingReason.CountOutOfRange, "ai.proxy.usage.prompt_tokens")]
    public void What_is_refused_says_where_and_why(string ai, MappingReason reason, string path)
    {
        var error = Map(Entry(ai))[0].Error;
        Assert.Equal((reason, path), (error.Reason, error.Path));
    }

    [Fact]
    public void What_is_no_entry_of_kong_is_none_of_this_source() =>
        Assert.Equal(MappingReason.NotOfThisSource, Map("""{"ai":{"proxy":{}}}""")[0].Error.Reason);

    private static string Entry(string ai, int status = 200, string more = "") => $$"""
        {"started_at":1787307005123,"latencies":{"request":2500,"kong":12},"consumer":{"id":"c-acme"},"route":{"name":"chat-route"},
         "service":{"name":"llm"},"request":{"id":"r-1","headers":{} },"response":{"status":{{status}} },"ai":{{ai}}{{more}} }
        """;

    private static MappedEvent Single(string payload)
    {
        var events = Map(payload);
        Assert.True(events.Count == 1 && events[0].IsEvent, events[0].Error.ToString());
        return new MappedEvent(events.Event(0), events[0]);
    }

    private static MappedEvents Map(string payload)
    {
        var events = new MappedEvents();
        new KongMapper().Map(new Payload(Encoding.UTF8.GetBytes(payload), 0), events);
        return events;
    }
}
