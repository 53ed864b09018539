using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.ProviderUsage;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>Answers in the providers' forms, written here.</summary>
public sealed class ProviderUsageMapperTests
{
    private static readonly ProviderContext Usual = new() { TimeMs = 1_795_212_400_000, Tenant = "acme" };

    [Fact]
    public void The_input_of_Anthropic_excludes_its_cache()
    {
        var e = Accept("""
            {"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"usage":{"input_tokens":250,
             "cache_read_input_tokens":39800,"cache_creation_input_tokens":1200,"cache_creation":{"ephemeral_5m_input_tokens":200,
             "ephemeral_1h_input_tokens":1000},"output_tokens":812,"output_tokens_details":{"thinking_tokens":300},
             "server_tool_use":{"web_search_requests":2},"service_tier":"standard"}}
            """);
        Assert.Equal((41_250, 812, 39_800, 200, 1000, 300), Tokens(e));
        Assert.Equal(("web_searches", 2), (e.Text(e.Usage.UnitNames[0]), e.Usage.UnitCounts[0]));
        Assert.Equal("provider anthropic exact", e.Member("usage_convention"));
    }

    [Fact]
    public void The_output_of_Gemini_excludes_thoughts_and_its_input_tools()
    {
        var e = Accept("""
            {"candidates":[],"modelVersion":"gemini-2.5-pro","responseId":"r","usageMetadata":{"promptTokenCount":5000,
             "candidatesTokenCount":640,"totalTokenCount":8740,
             "cachedContentTokenCount":100,"thoughtsTokenCount":900,"toolUsePromptTokenCount":2200}}
            """);
        Assert.Equal((7200, 1540, 100, 0, 0, 900), Tokens(e));
    }

    [Fact]
    public void What_Gemini_leaves_out_is_what_the_total_leaves_over()
    {
        var e = Accept("""
            {"candidates":[],"modelVersion":"g","usageMetadata":{"promptTokenCount":812,"totalTokenCount":1836,"thoughtsTokenCount":1024}}
            """);
        Assert.Equal((812, 1024, 0, 0, 0, 1024), Tokens(e));
    }

    [Fact]
    public void The_total_tells_that_an_input_of_Bedrock_includes_the_cache()
    {
        const string Answer = """
            {"stopReason":"end_turn","usage":{"inputTokens":1000,"outputTokens":10,"totalTokens":TOTAL,"cacheReadInputTokens":900}}
            """;
        var bedrock = Usual with { Path = "/model/us.amazon.nova-lite-v1%3A0/converse" };

        var excluded = Accept(Answer.Replace("TOTAL", "1910", StringComparison.Ordinal), bedrock);
        Assert.Equal((1900, "us.amazon.nova-lite-v1:0"), (excluded.Usage.TokensIn, excluded.Member("model")));
        Assert.Equal("provider bedrock exact", excluded.Member("usage_convention"));
        var included = Accept(Answer.Replace("TOTAL", "1010", StringComparison.Ordinal), bedrock);
        Assert.Equal((1000, "provider bedrock assumed"), (included.Usage.TokensIn, included.Member("usage_convention")));
    }

    [Theory]
    [InlineData("gpt-4o-mini-2024-07-18", "openai", "provider openai exact")]
    [InlineData("ft:gpt-4o-mini-2024-07-18:org::x", "openai", "provider openai exact")]
    [InlineData("mistral-small-latest", "mistral", "provider other assumed")]
    [InlineData("deepseek-chat", "deepseek", "provider other assumed")]
    [InlineData("grok-4-0709", "xai", "provider other assumed")]
    [InlineData("llama-3.3-70b-versatile", "unknown", "provider other assumed")]
    public void An_answer_in_OpenAIs_shape_is_of_who_makes_its_model(string model, string provider, string convention)
    {
        var e = Accept($$"""
            {"id":"chatcmpl-1","object":"chat.completion","model":"{{model}}","choices":[],
             "usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13} }
            """);
        Assert.Equal((provider, convention), (e.Text(e.Usage.Provider), e.Member("usage_convention")));
    }

    [Fact]
    public void The_total_tells_that_somebody_elses_output_excludes_reasoning()
    {
        var e = Accept("""
            {"id":"c","object":"chat.completion","model":"grok-4","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,
             "total_tokens":420,"completion_tokens_details":{"reasoning_tokens":300}}}
            """, Usual with { Provider = "x-ai" });
        Assert.Equal((100, 320, 300), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.TokensReasoning));
        Assert.Equal("provider other assumed", e.Member("usage_convention"));
    }

    [Fact]
    public void Of_Anthropics_stream_the_last_deltas_count_and_its_beginning_counts_no_output()
    {
        const string Start = """
            event: message_start
            data: {"type":"message_start","message":{"id":"msg_1","model":"claude-haiku-4-5","usage":{"input_tokens":77,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1}}}


            """;
        const string End = """
            data: {"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":20}}

            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":77,"cache_creation_input_tokens":4096,"output_tokens":41}}

            data: {"type":"message_stop"}


            """;

        var whole = Accept(Start + End);
        Assert.Equal((4173, 41, 0, 4096, 0, 0), Tokens(whole));
        Assert.Equal("provider anthropic bound:cache_write", whole.Member("usage_convention"));

        var cut = Accept(Start + End[..40]);
        Assert.Equal((ResultType.Cancelled, Completeness.Estimated), (cut.Usage.ResultType, cut.Usage.Completeness));
        Assert.Equal(77, cut.Usage.TokensIn);
        Assert.False(cut.Usage.Has(EventFields.TokensOut));
        Assert.Equal("provider anthropic cut", cut.Member("usage_convention"));
    }

    [Fact]
    public void A_stream_without_usage_is_unknown_and_no_zero()
    {
        var e = Accept("""
            data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4.1","choices":[{"delta":{},"finish_reason":"stop"}]}

            data: [DONE]

            """);
        Assert.Equal((ResultType.Ok, Completeness.Estimated), (e.Usage.ResultType, e.Usage.Completeness));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
    }

    [Fact]
    public void The_responses_of_a_stream_are_read_at_its_end()
    {
        var e = Accept("""
            data: {"type":"response.created","response":{"id":"resp_1","status":"in_progress","model":"gpt-5.1","usage":null}}

            data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","model":"gpt-5.1","service_tier":"priority","usage":{"input_tokens":20480,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":19456},"output_tokens":1500,"output_tokens_details":{"reasoning_tokens":1024},"total_tokens":21980}}}

            """);
        Assert.Equal((20_480, 1500, 0, 19_456, 0, 1024), Tokens(e));
        Assert.Equal(("resp_1", "priority"), (e.Member("event_id"), e.Member("service_tier")));
    }

    [Fact]
    public void Gemini_streams_an_array_where_nobody_asks_for_events()
    {
        var e = Accept("""
            [{"candidates":[{}],"modelVersion":"g","responseId":"r",
              "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":1,"totalTokenCount":11}},
             {"candidates":[{"finishReason":"STOP"}],"modelVersion":"g","responseId":"r",
              "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}}]
            """);
        Assert.Equal((10, 5, 0, 0, 0, 0), Tokens(e));
    }

    [Theory]
    [InlineData("""{"error":{"message":"m","type":"rate_limit_error","param":null,"code":null}}""", "", "openai", "rate_limit_error")]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"m"}}""", "", "anthropic", "overloaded_error")]
    [InlineData("""{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}""", "", "gemini", "RESOURCE_EXHAUSTED")]
    [InlineData("""{"message":"m"}""", "/model/m/converse", "bedrock", null)]
    public void Errors_are_somebodys(string answer, string path, string provider, string? error)
    {
        var e = Accept(answer, Usual with { Path = path, HttpStatus = 429 });
        Assert.Equal((ResultType.Error, provider, error), (e.Usage.ResultType, e.Member("provider"), e.Member("error_type")));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
    }

    [Theory]
    [InlineData("<html><body>502 Bad Gateway</body></html>")]
    [InlineData("{\"detail\":\"upstream\"}")]
    [InlineData("")]
    public void An_error_page_of_somebody_in_between_is_an_error_of_what_was_asked(string page)
    {
        var e = Accept(page, Usual with { Path = "/v1/messages", HttpStatus = 502, Model = "claude-haiku-4-5" });
        Assert.Equal((ResultType.Error, "anthropic", "claude-haiku-4-5"), (e.Usage.ResultType, e.Member("provider"), e.Member("model")));
        Assert.Equal(MappingReason.None, Map(page, Usual with { Path = "/v1/messages", HttpStatus = 502 })[0].Error.Reason);
        Assert.NotEqual(MappingReason.None, Map(page, Usual with { Path = "/v1/messages" })[0].Error.Reason);
    }

    [Fact]
    public void An_error_within_a_stream_leaves_what_had_been_told()
    {
        var e = Accept("""
            data: {"type":"message_start","message":{"id":"m","model":"claude-haiku-4-5","usage":{"input_tokens":77,"output_tokens":1}}}

            data: {"type":"error","error":{"type":"overloaded_error","message":"m"}}

            """);
        Assert.Equal((ResultType.Error, Completeness.Estimated, 77), (e.Usage.ResultType, e.Usage.Completeness, e.Usage.TokensIn));
        Assert.Equal(("provider anthropic cut", false), (e.Member("usage_convention"), e.Usage.Has(EventFields.TokensOut)));
    }

    [Theory]
    [InlineData("""{"usage":{"prompt_tokens":1,"completion_tokens":2}}""")]
    [InlineData("""{"object":"chat.completion"}""")]
    [InlineData("""{"type":"message"}""")]
    [InlineData("""{"message":"m"}""")]
    [InlineData("""{"object":"list","data":[]}""")]
    [InlineData("hello")]
    [InlineData("data: 7")]
    public void One_field_makes_no_answer(string answer) => Assert.Equal(MappingReason.NotOfThisSource, Refuse(answer).Reason);

    [Fact]
    public void A_total_below_its_parts_is_refused() =>
        Assert.Equal(MappingReason.ConventionContradicted, Refuse("""
            {"candidates":[],"modelVersion":"g","usageMetadata":{"promptTokenCount":812,"totalTokenCount":800,"thoughtsTokenCount":1024}}
            """).Reason);

    [Fact]
    public void A_broken_line_that_is_not_the_last_is_refused() =>
        Assert.Equal(MappingReason.InvalidJson, Refuse("data: {\"a\":\n\ndata: [DONE]\n").Reason);

    [Fact]
    public void An_answer_without_an_id_is_named_by_all_that_is_known_of_it()
    {
        const string Answer =
            """{"object":"list","model":"text-embedding-3-small","data":[],"usage":{"prompt_tokens":611,"total_tokens":611}}""";
        var one = Accept(Answer);
        Assert.Equal((611, 0), (one.Usage.TokensIn, one.Usage.TokensOut));
        Assert.Equal(one.Member("event_id"), Accept(Answer).Member("event_id"));
        Assert.NotEqual(one.Member("event_id"), Accept(Answer, Usual with { TimeMs = Usual.TimeMs + 1 }).Member("event_id"));
        Assert.Equal("r-7", Accept(Answer, Usual with { RequestId = "r-7" }).Member("event_id"));
    }

    private static (long In, long Out, long Cached, long Write5m, long Write1h, long Reasoning) Tokens(MappedEvent e)
    {
        var usage = e.Usage;
        var (write5m, write1h) = (usage.TokensCacheWrite5m, usage.TokensCacheWrite1h);
        return (usage.TokensIn, usage.TokensOut, usage.TokensCached, write5m, write1h, usage.TokensReasoning);
    }

    private static MappedEvent Accept(string answer, ProviderContext? context = null)
    {
        var events = Map(answer, context);
        Assert.True(events[0].IsEvent, events[0].Error.ToString());
        return new MappedEvent(events.Event(0), events[0]);
    }

    private static MappingError Refuse(string answer) => Map(answer, null)[0].Error;

    private static MappedEvents Map(string answer, ProviderContext? context)
    {
        var events = new MappedEvents();
        new ProviderUsageMapper().Map(Encoding.UTF8.GetBytes(answer), context ?? Usual, events);
        Assert.Equal(1, events.Count);
        return events;
    }
}
