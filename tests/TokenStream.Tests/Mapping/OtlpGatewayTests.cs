using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Otlp;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>Spans of Langfuse, Vercel's AI SDK and LiteLLM.</summary>
public sealed class OtlpGatewayTests
{
    private const string UsageObject =
        "{'completion_tokens': 70, 'prompt_tokens': 1250, 'total_tokens': 1320, 'completion_tokens_details': {'reasoning_tokens': 0}, "
        + "'prompt_tokens_details': {'cached_tokens': 900, 'cache_creation_tokens': 250, 'cache_creation_token_details': "
        + "{'ephemeral_5m_input_tokens': 200, 'ephemeral_1h_input_tokens': 50}}, 'cost': 4.6e-05, 'note': \"it's\", 'iterations': None}";

    private static OtlpSpanMaker Generation { get; } = new OtlpSpanMaker("langfuse-sdk", "3.15.0").With(
        ("langfuse.observation.type", "generation"), ("langfuse.observation.model.name", "claude-sonnet-4-5-20250929"),
        ("langfuse.observation.usage_details", """{"input":250,"output":812,"total":1062}"""),
        ("langfuse.observation.model.parameters", """{"max_tokens": 4096}"""),
        ("langfuse.observation.completion_start_time", "\"2026-11-20T22:06:40.040Z\""), ("langfuse.trace.metadata.tenant", "acme"),
        ("langfuse.trace.tags", new[] { "feature:search" }), ("user.id", "u-7"), ("session.id", "s-1"),
        ("langfuse.environment", "staging"));

    private static OtlpSpanMaker Client { get; } =
        (new OtlpSpanMaker("com.anthropic.sdk.python", "2.11.0") with { SpanId = 2, ParentId = 1 })
        .With(("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude-sonnet-4-5"),
            ("gen_ai.response.id", "msg_01TqWmQ7"), ("gen_ai.usage.input_tokens", 41_250), ("gen_ai.usage.output_tokens", 812),
            ("gen_ai.usage.cache_read.input_tokens", 41_000));

    private static OtlpSpanMaker Call { get; } = new OtlpSpanMaker("ai").With(
        ("ai.operationId", "ai.generateText"), ("ai.model.provider", "openai.chat"), ("ai.model.id", "gpt-4.1"),
        ("ai.telemetry.functionId", "search"), ("ai.telemetry.metadata.tenant", "acme"), ("ai.telemetry.metadata.userId", "u-7"));

    private static OtlpSpanMaker Do { get; } = (Call with { SpanId = 2, ParentId = 1 }).With(
        ("ai.operationId", "ai.generateText.doGenerate"), ("gen_ai.system", "openai.chat"), ("gen_ai.request.model", "gpt-4.1"));

    private static OtlpSpanMaker Answered { get; } = Do.With(
        ("ai.response.id", "chatcmpl-9f3a77c1"), ("ai.response.model", "gpt-4.1-2025-04-14"), ("ai.response.finishReason", "stop"),
        ("ai.usage.inputTokens", 2310), ("ai.usage.inputTokenDetails.noCacheTokens", 1286),
        ("ai.usage.inputTokenDetails.cacheReadTokens", 1024), ("ai.usage.outputTokens", 187),
        ("ai.usage.outputTokenDetails.reasoningTokens", 0), ("ai.usage.totalTokens", 2497), ("ai.response.msToFirstChunk", 65.6),
        ("ai.response.providerMetadata", """{"openai":{"serviceTier":"priority"}}"""));

    private static OtlpSpanMaker Proxied { get; } = new OtlpSpanMaker("litellm").With(
        ("litellm.call_id", "call-1"), ("litellm.provider.model", "anthropic/claude-sonnet-4-5"), ("litellm.model_group", "sonnet"),
        ("gen_ai.response.id", "chatcmpl-9f3a77c1"), ("gen_ai.response.model", "claude-sonnet-4-5"), ("gen_ai.system", ""),
        ("metadata.usage_object", UsageObject), ("metadata.user_api_key_team_id", "acme"), ("metadata.user_api_key_user_id", "u-7"),
        ("metadata.requester_metadata", "{'session_id': 's-1', 'feature': 'search', 'headers': {'host': None}}"),
        ("metadata.requester_custom_headers", "{'x-litellm-tags': 'app:shop,env:staging'}"),
        ("hidden_params", """{"cache_key": null, "additional_headers": {"x-litellm-attempted-retries": 1}}"""));

    private static OtlpSpanMaker Raw { get; } =
        (new OtlpSpanMaker("litellm") with { SpanId = 2, ParentId = 1, Name = "raw_gen_ai_request" })
        .With(("llm.anthropic.id", "msg_01TqWmQ7"), ("llm.anthropic.model", "claude-sonnet-4-5-20250929"), ("llm.anthropic.usage",
            "{'input_tokens': 100, 'cache_read_input_tokens': 900, 'cache_creation_input_tokens': 250, 'cache_creation': "
            + "{'ephemeral_5m_input_tokens': 200, 'ephemeral_1h_input_tokens': 50}, 'output_tokens': 70, 'service_tier': 'standard'}"));

    /// <summary>Spans of each kind, for whoever mutates payloads.</summary>
    internal static OtlpSpanMaker[] Spans { get; } = [Generation, Client, Call, Answered, Proxied, Raw];

    [Fact]
    public void A_generation_of_Langfuse_is_a_request()
    {
        var e = One(Generation);
        Assert.Equal((250, 812, 4096, 40), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.MaxTokens, e.Usage.TtftMs));
        Assert.Equal(["acme", "search", "staging", "u-7", "s-1", "anthropic"], new[]
        {
            e.Usage.TenantId, e.Usage.Feature, e.Usage.Environment, e.Usage.UserId, e.Usage.SessionId, e.Usage.Provider,
        }.Select(e.Text));
        Assert.Equal("langfuse-map/3.15 anthropic bound:input", e.Member("usage_convention"));
    }

    [Fact]
    public void A_generation_around_a_clients_own_span_is_that_request_whatever_its_map_left_out()
    {
        var e = One(Generation, Client);
        Assert.Equal((41_250, 41_000, Standing.Exact), (e.Usage.TokensIn, e.Usage.TokensCached, e.Item.Standing));
        Assert.Equal(("acme", "msg_01TqWmQ7"), (e.Member("tenant_id"), e.Member("event_id")));
    }

    [Fact]
    public void A_generation_around_several_requests_is_left_out() =>
        Assert.Equal(2, Map(Generation, Client, Client.With(("gen_ai.response.id", "msg_01TqWmQ8")) with { SpanId = 3 }).Count);

    [Fact]
    public void Spans_and_events_of_Langfuse_are_context() =>
        Assert.Empty(Map(Generation.With(("langfuse.observation.type", "span"))));

    [Fact]
    public void A_generation_that_failed_says_so_by_its_level() =>
        Assert.Equal(ResultType.Error, One(Generation.With(("langfuse.observation.level", "ERROR"))).Usage.ResultType);

    [Fact]
    public void A_call_of_Vercels_sdk_and_its_request_count_once()
    {
        var e = One(
            Call.With(("ai.usage.inputTokens", 2310), ("ai.usage.outputTokens", 187), ("ai.response.finishReason", "stop")), Answered);
        Assert.Equal((2310, 187, 1024, 65), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.TokensCached, e.Usage.TtftMs));
        Assert.Equal(["acme", "search", "u-7", "openai", "priority"], new[]
        {
            e.Usage.TenantId, e.Usage.Feature, e.Usage.UserId, e.Usage.Provider, e.Usage.ServiceTier,
        }.Select(e.Text));
        Assert.False(e.Usage.Has(EventFields.TokensReasoning), "the SDK writes 0 where an answer had no details");
        Assert.Equal("vercel-ai openai exact", e.Member("usage_convention"));
    }

    [Fact]
    public void Vercels_gateway_says_the_provider_before_the_model()
    {
        var span = new OtlpSpanMaker("ai").With(
            ("ai.operationId", "ai.generateText.doGenerate"), ("ai.model.provider", "gateway"), ("ai.model.id", "openai/gpt-4o-mini"),
            ("ai.usage.inputTokens", 10), ("ai.usage.outputTokens", 5), ("ai.usage.inputTokenDetails.noCacheTokens", 10),
            ("tenant.id", "t"));
        var mapped = Assert.Single(OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(span)).Events);
        Assert.Equal(("openai", "gpt-4o-mini"), (mapped.Text(mapped.Usage.Provider), mapped.Text(mapped.Usage.Model)));
        Assert.Equal("vercel-ai openai assumed", mapped.Member("usage_convention"));
    }

    [Fact]
    public void Tries_of_one_call_are_numbered()
    {
        var failed = Do with { SpanId = 3, Status = 2 };
        var again = Do with { SpanId = 4, Status = 2, StartNs = Do.StartNs + 1000 };
        var events = Map(Call, Answered with { StartNs = Do.StartNs + 2000 }, again, failed);
        Assert.Equal(
            [(ResultType.Ok, 3), (ResultType.Error, 2), (ResultType.Error, 0)],
            events.Select(it => (it.Usage.ResultType, it.Usage.Attempt)));
        Assert.Equal(1, events.Count(it => it.Usage.IsRequest));
    }

    [Fact]
    public void A_stream_without_an_end_was_left()
    {
        var e = One(Call.With(("ai.operationId", "ai.streamText")));
        Assert.Equal((ResultType.Cancelled, Completeness.Final), (e.Usage.ResultType, e.Usage.Completeness));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
        Assert.Empty(Map(Call.With(("ai.operationId", "ai.streamText"), ("ai.response.finishReason", "stop"))));
    }

    [Fact]
    public void Before_version_6_the_input_leaves_anthropics_cache_out()
    {
        var e = One(Do.With(("gen_ai.system", "anthropic.messages"), ("ai.usage.inputTokens", 250), ("ai.usage.outputTokens", 70),
            ("ai.usage.cachedInputTokens", 900), ("ai.response.id", "msg_01TqWmQ7")));
        Assert.Equal((1150, 900, Standing.Assumed), (e.Usage.TokensIn, e.Usage.TokensCached, e.Item.Standing));
    }

    [Theory]
    [InlineData("openai.chat", """{"openai":{"cachedPromptTokens":900,"reasoningTokens":16}}""", 1150, 16)]
    [InlineData("anthropic.messages", """{"anthropic":{"cacheReadInputTokens":900,"cacheCreationInputTokens":0}}""", 2050, null)]
    public void Before_version_5_the_providers_metadata_tells_of_the_cache(string system, string metadata, long input, int? reasoning)
    {
        var e = One(Do.With(("gen_ai.system", system), ("ai.usage.promptTokens", 1150), ("ai.usage.completionTokens", 70),
            ("ai.response.providerMetadata", metadata)));
        Assert.Equal((input, 70, 900), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.TokensCached));
        Assert.Equal((reasoning, Standing.Assumed), ((int?)e.Count(EventFields.TokensReasoning, e.Usage.TokensReasoning), e.Item.Standing));
    }

    [Fact]
    public void An_older_LiteLlm_tells_totals_alone()
    {
        var e = One(new OtlpSpanMaker("litellm").With(("llm.request.type", "completion"), ("gen_ai.request.model", "gpt-4o"),
            ("gen_ai.system", "openai"), ("gen_ai.usage.prompt_tokens", 40), ("gen_ai.usage.completion_tokens", 2)));
        Assert.Equal((40, 2, Standing.BoundCached), (e.Usage.TokensIn, e.Usage.TokensOut, e.Item.Standing));
    }

    [Fact]
    public void Anthropics_own_object_tells_lifetimes_and_what_was_not_reported()
    {
        const string metadata =
            """
            {"anthropic":{"usage":{"input_tokens":50,"cache_read_input_tokens":null,"cache_creation_input_tokens":1200,
             "cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":1000}}}}
            """;
        var e = One(Answered.With(("gen_ai.system", "anthropic.messages"), ("ai.response.providerMetadata", metadata)));
        Assert.Equal((2310, 200, 1000), (e.Usage.TokensIn, e.Usage.TokensCacheWrite5m, e.Usage.TokensCacheWrite1h));
        Assert.False(e.Usage.Has(EventFields.TokensCached));
    }

    [Fact]
    public void LiteLlms_account_is_read_from_its_dict()
    {
        var e = One(Proxied, Raw);
        Assert.Equal((1250, 70, 900), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.TokensCached));
        Assert.Equal((200, 50, 2), (e.Usage.TokensCacheWrite5m, e.Usage.TokensCacheWrite1h, e.Usage.Attempt));
        Assert.Equal(["acme", "search", "shop", "staging", "u-7", "s-1", "anthropic"], new[]
        {
            e.Usage.TenantId, e.Usage.Feature, e.Usage.App, e.Usage.Environment, e.Usage.UserId, e.Usage.SessionId, e.Usage.Provider,
        }.Select(e.Text));
        Assert.Equal(("claude-sonnet-4-5-20250929", "sonnet"), (e.Text(e.Usage.Model), e.Member("model_requested")));
    }

    [Fact]
    public void An_answer_of_LiteLlms_cache_is_avoided_and_has_an_id_of_its_own()
    {
        var hit = Proxied.With(("hidden_params", """{"cache_key": "1bff"}""")) with { SpanId = 9 };
        var events = Map(
            Proxied, hit, Raw with { ParentId = 9, Attributes = new() { ["llm.openai.stringified_raw_response"] = "{'id': 1}" } });
        Assert.Equal([false, true], events.Select(it => it.Usage.IsAvoided));
        Assert.NotEqual(events[0].Member("event_id"), events[1].Member("event_id"));
    }

    [Fact]
    public void A_stream_that_the_web_server_could_not_send_was_left()
    {
        var server = new OtlpSpanMaker("fastapi", "0.165.0") { SpanId = 9 }.With(("error.type", "ConnectionError"));
        var e = One(server, Proxied with { ParentId = 9 });
        Assert.Equal((ResultType.Cancelled, Completeness.Estimated), (e.Usage.ResultType, e.Usage.Completeness));
        Assert.Equal(ResultType.Error, One(server, Proxied.With(("error.code", "500")) with { ParentId = 9, Status = 2 }).Usage.ResultType);
    }

    [Fact]
    public void A_try_that_failed_is_not_taken_for_the_one_that_did_not()
    {
        var failed = Proxied.With(("metadata.usage_object", "{}"), ("error.type", "RateLimitError")) with { SpanId = 9, Status = 2 };
        Assert.Equal(2, Map(failed, Proxied).Select(it => it.Member("event_id")).Distinct().Count());
    }

    [Fact]
    public void Google_answered_what_LiteLlm_could_not_read()
    {
        var e = One(Proxied.With(("litellm.provider.model", "gemini/gemini-2.5-flash"), ("metadata.usage_object", "{}"),
            ("error.message", "litellm.BadRequestError: usageMetadata not found in completion_response")) with { Status = 2 });
        Assert.Equal((ResultType.Ok, Standing.Unknown), (e.Usage.ResultType, e.Item.Standing));
    }

    [Theory]
    [InlineData(
        "llm.None.usage", "{'prompt_tokens': 611, 'completion_tokens': 8, 'prompt_tokens_details': {'cached_tokens': 512}}", 611, 8, 512)]
    [InlineData("llm.gemini.usageMetadata",
        "{'promptTokenCount': 500, 'toolUsePromptTokenCount': 100, 'candidatesTokenCount': 3, 'thoughtsTokenCount': 5, " +
        "'totalTokenCount': 608, "
        + "'cachedContentTokenCount': 512, 'cacheTokensDetails': [{'modality': 'TEXT', 'tokenCount': 512}]}", 600, 8, 512)]
    [InlineData(
        "llm.bedrock.usage", "{'inputTokens': 99, 'outputTokens': 8, 'totalTokens': 619, 'cacheReadInputTokens': 512}", 611, 8, 512)]
    public void A_quoted_answer_alone_is_a_request(string name, string usage, long input, long output, long cached)
    {
        var e = One(Raw with { ParentId = 0, Attributes = new() { [name] = usage } });
        Assert.Equal((input, output, cached), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.TokensCached));
    }

    [Fact]
    public void Bedrocks_cache_details_tell_lifetimes()
    {
        var e = One(Raw with
        {
            Attributes = new()
            {
                ["llm.bedrock.usage"] = "{'inputTokens': 250, 'outputTokens': 8, 'cacheWriteInputTokens': 1200, 'cacheDetails': "
                    + "[{'ttl': '1h', 'inputTokens': 1000}, {'ttl': '5m', 'inputTokens': 200}]}",
            },
        });
        Assert.Equal((1450, 200, 1000), (e.Usage.TokensIn, e.Usage.TokensCacheWrite5m, e.Usage.TokensCacheWrite1h));
        Assert.Equal(("bedrock", "unknown"), (e.Text(e.Usage.Provider), e.Text(e.Usage.Model)));
    }

    [Theory]
    [InlineData("{'prompt_tokens': -1}", MappingReason.CountOutOfRange)]
    [InlineData("{'prompt_tokens': 1.5}", MappingReason.NotAnInteger)]
    [InlineData(
        "{'prompt_tokens': 10, 'completion_tokens': 1, 'prompt_tokens_details': {'cached_tokens': 11}}",
        MappingReason.ConventionContradicted)]
    public void Counts_that_are_none_are_refused(string usage, MappingReason reason)
    {
        var events = new MappedEvents();
        new OtlpMapper().Map(new Payload(OtlpSpanMaker.JsonBytes(Proxied.With(("metadata.usage_object", usage))), 0), events);
        Assert.Equal(reason, events[0].Error.Reason);
    }

    /// <summary>Whatever the bytes, an event is one that the stream takes.</summary>
    [Fact]
    public void Mutated_spans_are_answered()
    {
        var (random, mapper, events, decoder) = (new Random(7), new OtlpMapper(), new MappedEvents(), new EventDecoder([]));
        byte[][] seeds = [OtlpSpanMaker.JsonBytes(Spans), OtlpSpanMaker.Protobuf(Spans)];
        var accepted = 0;
        for (var round = 0; round < 3000; round++)
        {
            var payload = (byte[])seeds[round % 2].Clone();
            for (var mutations = random.Next(1, 4); mutations > 0; mutations--)
            {
                payload[random.Next(payload.Length)] = "{}[]'\",:\\0-9eNxu"u8[random.Next(16)];
            }

            mapper.Map(new Payload(payload, 1_795_212_400_000), events);
            for (var item = 0; item < events.Count; item++)
            {
                UsageEvent usage = default;
                Assert.True(!events[item].IsEvent || decoder.TryDecode(events.Event(item), ref usage, out _), $"round {round}");
                accepted += events[item].IsEvent ? 1 : 0;
            }
        }

        Assert.True(accepted > 3000, $"only {accepted} events: the mutations test the refusals alone");
    }

    private static MappedEvent One(params OtlpSpanMaker[] spans) => Assert.Single(Map(spans));

    /// <summary>Both forms of a payload give the same events.</summary>
    private static List<MappedEvent> Map(params OtlpSpanMaker[] spans)
    {
        var events = OtlpMapperTests.Map(OtlpSpanMaker.JsonBytes(spans)).Events;
        Assert.Equal(
            events.Select(it => it.ToString()), OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(spans)).Events.Select(it => it.ToString()));
        return events;
    }
}
