using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Otlp;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>What spans become, rule by rule. Each payload is sent in both forms, which have to agree.</summary>
public sealed class OtlpMapperTests
{
    private const long ReceivedMs = 1_795_212_999_000;

    private const string Usage = "gen_ai.usage.";

    private static readonly string[] Tags = ["team:x", "env:staging"];

    private static OtlpSpanMaker Chat { get; } = new OtlpSpanMaker("some.instrumentation", "1.2.3").With(
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "gpt-5"),
        ("gen_ai.response.model", "gpt-5-2025-08-07"), ("gen_ai.response.id", "chatcmpl-B0Zq7vQkWc"), (Usage + "input_tokens", 1200),
        (Usage + "output_tokens", 40), ("tenant.id", "acme"));

    private static OtlpSpanMaker Anthropic { get; } = new OtlpSpanMaker("com.anthropic.sdk.python", "2.11.0").With(
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude-sonnet-4-5"),
        ("gen_ai.response.model", "claude-sonnet-4-5-20250929"), ("gen_ai.response.id", "msg_01TqWmQ7"), (Usage + "input_tokens", 41250),
        (Usage + "cache_read.input_tokens", 39800), (Usage + "cache_write.input_tokens", 1200),
        ("anthropic.usage.cache_creation.ephemeral_5m_input_tokens", 200),
        ("anthropic.usage.cache_creation.ephemeral_1h_input_tokens", 1000), (Usage + "output_tokens", 812), ("tenant.id", "acme"));

    private static OtlpSpanMaker Traceloop { get; } = new OtlpSpanMaker("opentelemetry.instrumentation.anthropic", "0.62.4").With(
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude-sonnet-4-5"),
        ("gen_ai.response.model", "claude-sonnet-4-5-20250929"), ("gen_ai.response.id", "msg_01TqWmQ7"), ("gen_ai.is_streaming", true),
        (Usage + "input_tokens", 41250), (Usage + "cache_read.input_tokens", 39800), (Usage + "cache_creation.input_tokens", 1200),
        (Usage + "output_tokens", 813), (Usage + "total_tokens", 42063), ("tenant.id", "acme"));

    [Fact]
    public void A_span_of_the_conventions_becomes_an_event()
    {
        var mapped = One(Chat.With(
            (Usage + "cache_read.input_tokens", 1024), (Usage + "reasoning.output_tokens", 30), ("user.id", "u1"), ("session.id", "s1"),
            ("app.feature", "search"), ("openai.response.service_tier", "flex"), ("gen_ai.response.time_to_first_chunk", 0.0305)) with
        {
            Resource = new() { ["service.name"] = "shop", ["deployment.environment.name"] = "staging" },
        });

        var usage = mapped.Usage;
        Assert.Equal((1200, 40, 1024, 30), (usage.TokensIn, usage.TokensOut, usage.TokensCached, usage.TokensReasoning));
        Assert.False(usage.Has(EventFields.TokensCacheWrite5m));
        Assert.Equal((1_795_212_400_250, 250, 30), (usage.TimeMs, usage.LatencyMs, usage.TtftMs));
        Assert.Equal(
            ("chatcmpl-B0Zq7vQkWc", "acme", "shop", "search"),
            (mapped.Text(usage.EventId), mapped.Text(usage.TenantId), mapped.Text(usage.App), mapped.Text(usage.Feature)));
        Assert.Equal(
            ("staging", "u1", "s1", "flex"),
            (mapped.Text(usage.Environment), mapped.Text(usage.UserId), mapped.Text(usage.SessionId), mapped.Text(usage.ServiceTier)));
        Assert.Equal(("openai", "gpt-5-2025-08-07"), (mapped.Text(usage.Provider), mapped.Text(usage.Model)));
        Assert.Equal(("gpt-5", "semconv other assumed"), (mapped.Member("model_requested"), mapped.Member("usage_convention")));
    }

    [Theory]
    [InlineData("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens", "gen_ai.usage.cache_read_input_tokens")]
    [InlineData("llm.usage.prompt_tokens", "llm.usage.completion_tokens", "gen_ai.usage.input_tokens.cached")]
    [InlineData("gen_ai.response.prompt_tokens", "gen_ai.response.completion_tokens", "gen_ai.usage.details.cache_read_tokens")]
    [InlineData("gen_ai.response.input_tokens", "gen_ai.response.output_tokens", "gen_ai.usage.prompt_tokens_details.cache_read")]
    public void Older_names_and_those_of_vendors_are_read(string input, string output, string cached)
    {
        var usage = One(new OtlpSpanMaker("old").With(
            ("gen_ai.system", "openai"), ("gen_ai.request.model", "m"), (input, 1200), (output, 40), (cached, 1024), ("tenant.id", "t"))).Usage;

        Assert.Equal((1200, 40, 1024), (usage.TokensIn, usage.TokensOut, usage.TokensCached));
    }

    [Fact]
    public void Json_of_other_exporters_is_the_same()
    {
        var plain = Encoding.UTF8.GetString(OtlpSpanMaker.JsonBytes(Chat));
        var other = plain.Replace("resourceSpans", "resource_spans", StringComparison.Ordinal)
            .Replace("scopeSpans", "scope_spans", StringComparison.Ordinal)
            .Replace(
                "\"traceId\":\"000000000000000000000000000000a1\"", "\"trace_id\":\"AAAAAAAAAAAAAAAAAAAAoQ==\"", StringComparison.Ordinal)
            .Replace("\"spanId\":\"0000000000000001\"", "\"span_id\":\"AAAAAAAAAAE=\"", StringComparison.Ordinal)
            .Replace("endTimeUnixNano\":\"1795212400250000000\"", "end_time_unix_nano\":1795212400250000000", StringComparison.Ordinal)
            .Replace("{\"intValue\":\"1200\"}", "{ \"int_value\" : 1200 }", StringComparison.Ordinal)
            .Replace("{\"key\":\"tenant.id\",\"value\":{\"stringValue\":\"acme\"}}", """{"value":{"stringValue":"\u0061cme"},"key":"tenant\u002eid"}""",
                StringComparison.Ordinal)
            .Replace("gen_ai.response.id", "gen_ai.response.none", StringComparison.Ordinal);
        var expected = Chat with { Attributes = Chat.Attributes.Where(it => it.Key != "gen_ai.response.id").ToDictionary() };

        Assert.NotEqual(plain, other);
        Assert.Equal(One(expected).ToString(), Assert.Single(Map(Encoding.UTF8.GetBytes(other)).Events).ToString());
    }

    [Fact]
    public void An_unknown_emitter_whose_parts_exceed_its_total_leaves_them_out()
    {
        var usage = One(Chat.With((Usage + "input_tokens", 250), (Usage + "cache_read.input_tokens", 39800))).Usage;
        Assert.Equal((40050, 39800), (usage.TokensIn, usage.TokensCached));
    }

    [Fact]
    public void An_unknown_emitter_whose_total_has_the_cache_beside_the_input_leaves_it_out()
    {
        var usage = One(Chat.With(
            (Usage + "input_tokens", 5000), (Usage + "cache_read.input_tokens", 1000), (Usage + "total_tokens", 6040))).Usage;
        Assert.Equal((6000, 1000), (usage.TokensIn, usage.TokensCached));
    }

    [Theory]
    [InlineData(50, 200, 250)]
    [InlineData(250, 200, 250)]
    public void An_unknown_emitter_whose_reasoning_exceeds_its_output_leaves_it_out(int told, int reasoning, int output)
    {
        var usage = One(Chat.With((Usage + "output_tokens", told), (Usage + "reasoning_tokens", reasoning))).Usage;
        Assert.Equal((output, reasoning), (usage.TokensOut, usage.TokensReasoning));
    }

    [Fact]
    public void A_former_version_whose_parts_exceed_its_total_is_assumed_to_leave_them_out()
    {
        var mapped = One(Anthropic.With((Usage + "input_tokens", 250)) with { Version = "2.9.4" });
        Assert.Equal((41250, 39800, Standing.Assumed), (mapped.Usage.TokensIn, mapped.Usage.TokensCached, mapped.Item.Standing));
    }

    [Theory]
    [InlineData("experimental.reasoning_tokens", 56)]
    [InlineData("reasoning.output_tokens", 50)]
    public void Googles_kit_left_reasoning_out_of_the_output_under_its_former_name(string name, int output)
    {
        var mapped = One(new OtlpSpanMaker("gcp.vertex.agent", "1.10.0").With(
            ("gen_ai.system", "gcp.vertex.agent"), ("gen_ai.request.model", "gemini-2.5-flash"), (Usage + "input_tokens", 106),
            (Usage + "output_tokens", 50), (Usage + name, 6), ("tenant.id", "t")));
        Assert.Equal((output, 6, Standing.Assumed), (mapped.Usage.TokensOut, mapped.Usage.TokensReasoning, mapped.Item.Standing));
    }

    [Theory]
    [InlineData("openinference.instrumentation.bedrock", 5000, null, 6000)]
    [InlineData("openinference.instrumentation.bedrock", 6000, 6050, 6000)]
    [InlineData("openinference.instrumentation.anthropic", 6000, null, 6000)]
    public void OpenInference_leaves_Bedrocks_cache_out(string scope, int told, int? total, int input)
    {
        var span = new OtlpSpanMaker(scope, "0.1.20").With(
            ("openinference.span.kind", "LLM"), ("llm.provider", "aws"), ("llm.model_name", "claude-sonnet-4-5"),
            ("llm.token_count.prompt", told), ("llm.token_count.completion", 50),
            ("llm.token_count.prompt_details.cache_read", 1000), ("tenant.id", "t"));
        var mapped = One(total is null ? span : span.With(("llm.token_count.total", total)));
        Assert.Equal((input, 1000, Standing.Assumed), (mapped.Usage.TokensIn, mapped.Usage.TokensCached, mapped.Item.Standing));
    }

    [Fact]
    public void A_way_before_a_models_name_tells_the_provider_where_nobody_else_does()
    {
        var mapped = One(new OtlpSpanMaker("openinference.instrumentation.litellm", "0.1.20").With(
            ("openinference.span.kind", "LLM"), ("llm.model_name", "azure/gpt-4o-mini"), ("llm.token_count.prompt", 5),
            ("tenant.id", "t")));
        Assert.Equal(("azure", "gpt-4o-mini"), (Text(mapped), mapped.Text(mapped.Usage.Model)));
    }

    [Fact]
    public void A_total_without_the_cache_does_not_say_that_the_input_has_it()
    {
        var mapped = One(new OtlpSpanMaker("openinference.instrumentation.bedrock", "0.1.20").With(
            ("openinference.span.kind", "LLM"), ("llm.provider", "aws"), ("llm.model_name", "claude-sonnet-4-5"),
            ("llm.token_count.prompt", 10), ("llm.token_count.completion", 40), ("llm.token_count.total", 50),
            ("llm.token_count.prompt_details.cache_read", 1000), ("tenant.id", "t")));
        Assert.Equal((1010, 1000, 40), (mapped.Usage.TokensIn, mapped.Usage.TokensCached, mapped.Usage.TokensOut));
    }

    [Fact]
    public void A_model_that_Spring_calls_none_is_the_one_that_was_asked_for()
    {
        var mapped = One(Chat.With(("gen_ai.response.model", "none")));
        Assert.Equal("gpt-5", mapped.Text(mapped.Usage.Model));
    }

    [Theory]
    [InlineData("strands-agents", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock")]
    [InlineData("Langchain", "gpt-5", "openai")]
    [InlineData("OpenAI", "gpt-5", "OpenAI")]
    [InlineData("", "some-model", "unknown")]
    public void A_framework_is_no_provider(string system, string model, string provider) =>
        Assert.Equal(provider, Text(One(new OtlpSpanMaker("x").With(
            ("gen_ai.operation.name", "chat"), ("gen_ai.system", system), ("gen_ai.request.model", model), (Usage + "input_tokens", 1)))));

    [Fact]
    public void A_span_that_Logfire_announces_is_no_request()
    {
        var (events, context, _) = Map(OtlpSpanMaker.Protobuf(Chat.With(("logfire.span_type", "pending_span")) with { SpanId = 7 }, Chat));
        Assert.Equal((1, 1), (events.Count, context));
    }

    [Fact]
    public void Embeddings_of_older_instrumentations_have_no_output()
    {
        var mapped = One(new OtlpSpanMaker("opentelemetry.instrumentation.openai.v1", "0.33.1").With(
            ("llm.request.type", "embedding"), ("gen_ai.system", "OpenAI"), ("gen_ai.request.model", "text-embedding-3-small"),
            (Usage + "prompt_tokens", 4096)));
        Assert.Equal((4096, 0, Standing.Assumed), (mapped.Usage.TokensIn, mapped.Usage.TokensOut, mapped.Item.Standing));
    }

    [Fact]
    public void A_known_emitter_whose_parts_exceed_its_total_is_refused() =>
        Assert.Equal(MappingReason.ConventionContradicted, Refusal(Anthropic.With((Usage + "input_tokens", 250))));

    [Theory]
    [InlineData("2.11.0", Standing.Exact)]
    [InlineData("3.0.1", Standing.Exact)]
    [InlineData("2.9.4", Standing.Assumed)]
    [InlineData("", Standing.Exact)]
    public void What_a_capture_shows_is_proven_from_its_version_on(string version, Standing standing) =>
        Assert.Equal(standing, One(Anthropic with { Version = version }).Item.Standing);

    [Theory]
    [InlineData("2.11.0", "anthropic", "anthropic-sdk/2.11 anthropic exact")]
    [InlineData("2.11.0", "somebody", "anthropic-sdk other assumed")]
    [InlineData("2.9.4", "anthropic", "anthropic-sdk/2.11 anthropic assumed")]
    public void The_convention_names_emitter_provider_and_standing(string version, string provider, string name) =>
        Assert.Equal(name, One(Anthropic.With(("gen_ai.provider.name", provider)) with { Version = version }).Member("usage_convention"));

    [Fact]
    public void A_stream_of_Traceloops_Anthropic_has_one_token_too_many()
    {
        var streamed = One(Traceloop);
        var whole = One(Traceloop.With(("gen_ai.is_streaming", false)));
        var official = One(
            Traceloop with { Attributes = Traceloop.Attributes.Where(it => it.Key != "gen_ai.is_streaming").ToDictionary() });

        Assert.Equal((812, Standing.Assumed), (streamed.Usage.TokensOut, streamed.Item.Standing));
        Assert.Equal((813, Standing.BoundCacheWrite), (whole.Usage.TokensOut, whole.Item.Standing));
        Assert.Equal((813, Standing.Assumed), (official.Usage.TokensOut, official.Item.Standing));
    }

    [Fact]
    public void A_former_stream_of_Traceloops_Anthropic_has_one_token_too_many() =>
        Assert.Equal(812, One(new OtlpSpanMaker("opentelemetry.instrumentation.anthropic", "0.33.1").With(
            ("llm.request.type", "chat"), ("gen_ai.system", "Anthropic"), ("gen_ai.request.model", "claude"), ("llm.is_streaming", true),
            (Usage + "prompt_tokens", 41250), (Usage + "completion_tokens", 813))).Usage.TokensOut);

    [Fact]
    public void Zeros_that_Traceloops_Anthropic_invents_are_unknown()
    {
        var usage = One(Traceloop.With((Usage + "cache_read.input_tokens", 0), (Usage + "cache_creation.input_tokens", 0))).Usage;
        Assert.False(usage.Has(EventFields.TokensCached) || usage.Has(EventFields.TokensCacheWrite5m));
    }

    [Theory]
    [InlineData("opentelemetry.instrumentation.openai_v2", 1023, Standing.Exact)]
    [InlineData("opentelemetry.instrumentation.openai_v2", 1024, Standing.BoundCached)]
    [InlineData("opentelemetry.util.genai.handler", 1024, Standing.BoundCached)]
    [InlineData("opentelemetry.instrumentation.openai.v1", 1023, Standing.Exact)]
    [InlineData("opentelemetry.instrumentation.openai.v1", 1024, Standing.BoundCacheWrite)]
    public void What_an_emitter_loses_makes_a_bound_where_there_can_be_any(string scope, int input, Standing standing) =>
        Assert.Equal(standing, One(Chat.With((Usage + "input_tokens", input)) with { Scope = scope, Version = "2.0" }).Item.Standing);

    [Fact]
    public void What_is_told_after_all_is_not_lost()
    {
        var mapped = One(
            Chat.With((Usage + "cache_read.input_tokens", 1024)) with { Scope = "opentelemetry.instrumentation.openai_v2", Version = "" });
        Assert.Equal((Standing.Exact, 1024), (mapped.Item.Standing, mapped.Usage.TokensCached));
    }

    [Fact]
    public void Of_embeddings_nothing_is_cached()
    {
        var mapped = One(new OtlpSpanMaker("opentelemetry.instrumentation.openai.v1", "0.62.4").With(
            ("gen_ai.operation.name", "embeddings"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "text-embedding-3-small"),
            (Usage + "input_tokens", 4096), (Usage + "cache_read.input_tokens", 0)));
        Assert.Equal((4096, 0, Standing.Exact), (mapped.Usage.TokensIn, mapped.Usage.TokensOut, mapped.Item.Standing));
        Assert.False(mapped.Usage.Has(EventFields.TokensCached));
    }

    [Theory]
    [InlineData(600, Standing.Exact, 180, Completeness.Final)]
    [InlineData(900, Standing.BoundOutput, 480, Completeness.Estimated)]
    public void The_rest_of_a_total_is_output_at_most(int total, Standing standing, int output, Completeness completeness)
    {
        var mapped = One(new OtlpSpanMaker("opentelemetry.instrumentation.google_generativeai", "0.21.5").With(
            ("gen_ai.operation.name", "generate_content"), ("gen_ai.provider.name", "gcp.gen_ai"),
            ("gen_ai.request.model", "gemini-2.5-pro"),
            (Usage + "input_tokens", 420), (Usage + "output_tokens", 180), (Usage + "total_tokens", total)));
        Assert.Equal((420, output, completeness), (mapped.Usage.TokensIn, mapped.Usage.TokensOut, mapped.Usage.Completeness));
        Assert.Equal(standing, mapped.Item.Standing);
    }

    [Theory]
    [InlineData(null, 480, Completeness.Estimated)]
    [InlineData(300, 480, Completeness.Final)]
    [InlineData(100, 480, Completeness.Estimated)]
    public void Of_Gemini_nobody_names_the_rest_of_a_total(int? reasoning, int output, Completeness completeness)
    {
        var made = new OtlpSpanMaker("some.instrumentation").With(
            ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "gcp.vertex_ai"), ("gen_ai.request.model", "gemini-2.5-pro"),
            (Usage + "input_tokens", 420), (Usage + "output_tokens", 180), (Usage + "total_tokens", 900));
        var mapped = One(reasoning is { } told ? made.With((Usage + "reasoning_tokens", told)) : made);
        Assert.Equal((420, output, completeness), (mapped.Usage.TokensIn, mapped.Usage.TokensOut, mapped.Usage.Completeness));
        Assert.Equal(Standing.Assumed, mapped.Item.Standing);
    }

    [Theory]
    [InlineData(0, ResultType.Cancelled, Standing.Cut)]
    [InlineData(1, ResultType.Ok, Standing.Assumed)]
    public void A_stream_of_OpenInference_that_is_not_ok_was_left(int status, ResultType result, Standing standing)
    {
        var mapped = One(new OtlpSpanMaker("openinference.instrumentation.anthropic", "0.1.19") { Status = status }.With(
            ("openinference.span.kind", "LLM"), ("llm.model_name", "claude"), ("llm.token_count.prompt", 18048),
            ("llm.token_count.completion", 1), ("llm.invocation_parameters", """{"stream":true}""")));
        Assert.Equal((result, standing), (mapped.Usage.ResultType, mapped.Item.Standing));
        Assert.Equal(result == ResultType.Ok ? Completeness.Final : Completeness.Estimated, mapped.Usage.Completeness);
    }

    [Fact]
    public void Two_lifetimes_of_which_one_is_told_tell_the_other()
    {
        var usage = One(Traceloop.With(
            (Usage + "details.ephemeral_1h_input_tokens", 1000), ("gen_ai.is_streaming", false)) with
            {
                Scope = "pydantic-ai", Version = "2.68.0",
            });
        Assert.Equal((200, 1000), (usage.Usage.TokensCacheWrite5m, usage.Usage.TokensCacheWrite1h));
        Assert.Equal(Standing.Exact, usage.Item.Standing);
    }

    [Fact]
    public void A_count_of_zero_that_pydantic_leaves_out_is_there()
    {
        var made = Chat with
        {
            Scope = "pydantic-ai",
            Version = "2.68.0",
            Attributes = Chat.Attributes.Where(it => it.Key != Usage + "output_tokens").ToDictionary(),
        };
        Assert.Equal((Completeness.Final, 0), (One(made).Usage.Completeness, One(made).Usage.TokensOut));
    }

    [Theory]
    [InlineData(12.0, 12)]
    [InlineData("12", 12)]
    [InlineData(12, 12)]
    public void Whole_numbers_are_counts_however_they_are_written(object written, int count) =>
        Assert.Equal(count, One(Chat.With((Usage + "output_tokens", written))).Usage.TokensOut);

    [Theory]
    [InlineData(12.5, MappingReason.NotAnInteger)]
    [InlineData(-1, MappingReason.CountOutOfRange)]
    [InlineData(1e300, MappingReason.NotAnInteger)]
    [InlineData("many", MappingReason.WrongType)]
    [InlineData(true, MappingReason.WrongType)]
    public void What_is_no_count_refuses_the_request(object written, MappingReason reason) =>
        Assert.Equal(reason, Refusal(Chat.With((Usage + "output_tokens", written))));

    [Theory]
    [InlineData("RateLimitError", 0, ResultType.Error)]
    [InlineData("openai.APITimeoutError", 0, ResultType.Timeout)]
    [InlineData("504", 0, ResultType.Timeout)]
    [InlineData("asyncio.CancelledError", 0, ResultType.Cancelled)]
    [InlineData("", 529, ResultType.Error)]
    [InlineData("", 504, ResultType.Timeout)]
    [InlineData("", 200, ResultType.Ok)]
    public void A_failure_is_told_by_type_or_status(string type, int http, ResultType result)
    {
        var failed =
            Chat with { Attributes = Chat.Attributes.Where(it => !it.Key.StartsWith(Usage, StringComparison.Ordinal)).ToDictionary() };
        var mapped = One(failed.With(("error.type", type), ("http.response.status_code", http)));
        Assert.Equal(result, mapped.Usage.ResultType);
        Assert.False(mapped.Usage.Has(EventFields.TokensIn));
        Assert.Equal(result == ResultType.Ok ? Completeness.Estimated : Completeness.Final, mapped.Usage.Completeness);
    }

    [Fact]
    public void An_exception_tells_what_the_status_does_not()
    {
        var mapped = One(new OtlpSpanMaker("x") { Status = 2, Events = ["exception"] }.With(
            ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m"), ("tenant.id", "t")));
        Assert.Equal((ResultType.Timeout, "openai.APITimeoutError"), (mapped.Usage.ResultType, mapped.Member("error_type")));
    }

    [Theory]
    [InlineData(true, false, ResultType.Cancelled)]
    [InlineData(true, true, ResultType.Ok)]
    [InlineData(false, false, ResultType.Ok)]
    public void A_stream_without_an_end_was_left_where_its_emitter_tells_ends(bool isStream, bool hasReason, ResultType result)
    {
        var made = Anthropic with { Attributes = Anthropic.Attributes.Where(it => it.Key != Usage + "output_tokens").ToDictionary() };
        var mapped = One(made.With(
            ("gen_ai.request.stream", isStream), (hasReason ? "anthropic.message.stop_reason" : "other", "end_turn")));
        Assert.Equal((result, Completeness.Estimated, 41250), (mapped.Usage.ResultType, mapped.Usage.Completeness, mapped.Usage.TokensIn));
        Assert.Equal(result == ResultType.Cancelled ? Standing.Cut : Standing.Exact, mapped.Item.Standing);
    }

    [Fact]
    public void Agents_and_tools_and_other_work_are_context()
    {
        var agent = Chat.With(("gen_ai.operation.name", "invoke_agent")) with { SpanId = 2 };
        var tool = new OtlpSpanMaker("x") { SpanId = 3 }.With(
            ("gen_ai.operation.name", "execute_tool"), ("gen_ai.provider.name", "openai"));
        var http = new OtlpSpanMaker("http") { SpanId = 4 }.With(("http.response.status_code", 200), ("server.address", "api.openai.com"));
        var chain = new OtlpSpanMaker("openinference.instrumentation.langchain") { SpanId = 5 }.With(
            ("openinference.span.kind", "CHAIN"), ("llm.token_count.prompt", 1200));

        var (events, context, duplicates) = Map(OtlpSpanMaker.Protobuf(agent, tool, http, chain, Chat));
        Assert.Single(events);
        Assert.Equal((4, 0), (context, duplicates));
    }

    [Fact]
    public void OpenInference_is_read_with_the_json_it_carries()
    {
        var mapped = One(new OtlpSpanMaker("openinference.instrumentation.openai", "0.1.66") { Status = 1, Events = ["First Token Stream Event"] }.With(
            ("openinference.span.kind", "LLM"), ("llm.system", "openai"), ("llm.model_name", "gpt-5-2025-08-07"),
            ("llm.token_count.prompt", 1200), ("llm.token_count.completion", 40), ("llm.token_count.prompt_details.cache_read", 1024),
            ("llm.token_count.prompt_details.cache_write", 100), ("llm.token_count.completion_details.reasoning", 30),
            ("llm.invocation_parameters", """{"model":"gpt-5","max_tokens":99,"service_tier":"auto"}"""),
            ("output.value", """{"id":"chatcmpl-B0Zq7vQ\u006bWc","service_tier":"flex","choices":[{"message":{"content":"cut of"""),
            ("metadata", """{"tenant":"a\u0063me","feature":"search"}"""), ("tag.tags", Tags)));

        var usage = mapped.Usage;
        Assert.Equal(
            (1200, 40, 1024, 100, 30),
            (usage.TokensIn, usage.TokensOut, usage.TokensCached, usage.TokensCacheWrite5m, usage.TokensReasoning));
        Assert.Equal(
            ("chatcmpl-B0Zq7vQkWc", "flex", "gpt-5", "99"),
            (mapped.Text(usage.EventId), mapped.Text(usage.ServiceTier), mapped.Member("model_requested"), mapped.Member("max_tokens")));
        Assert.Equal(
            ("acme", "search", "staging", 40),
            (mapped.Text(usage.TenantId), mapped.Text(usage.Feature), mapped.Text(usage.Environment), usage.TtftMs));
        Assert.Equal(Standing.Exact, mapped.Item.Standing);
    }

    [Fact]
    public void A_time_that_is_not_told_is_when_it_came() =>
        Assert.Equal(ReceivedMs, One(Chat with { StartNs = 0, EndNs = 0 }).Usage.TimeMs);

    [Fact]
    public void A_time_of_another_unit_is_refused() =>
        Assert.Equal(MappingReason.TimeUnusable, Refusal(Chat with { EndNs = 1_795_212_400_250 }));

    [Fact]
    public void Texts_keep_every_letter()
    {
        var mapped = One(Chat.With(("user.id", "O\"Hara\\ \u00fc\u4f60"), ("app.feature", "new\nline")));
        Assert.Equal(("O\"Hara\\ \u00fc\u4f60", ""), (mapped.Text(mapped.Usage.UserId), mapped.Text(mapped.Usage.Feature)));
        Assert.Equal(1, mapped.Item.OmittedTexts);
    }

    [Fact]
    public void A_tenant_that_an_event_cannot_carry_is_refused()
    {
        Assert.Equal(MappingReason.TextUnusable, Refusal(Chat.With(("tenant.id", "a\nb"))));
        Assert.Equal(MappingReason.TextUnusable, Refusal(Chat.With(("tenant.id", new string('a', 257)))));
    }

    [Fact]
    public void A_request_without_a_model_is_refused()
    {
        var made =
            Chat with { Attributes = Chat.Attributes.Where(it => !it.Key.EndsWith(".model", StringComparison.Ordinal)).ToDictionary() };
        Assert.Equal(MappingReason.MissingField, Refusal(made));
    }

    [Fact]
    public void An_attribute_that_comes_twice_refuses_its_request()
    {
        var json = Encoding.UTF8.GetString(OtlpSpanMaker.JsonBytes(Chat));
        var twice = json.Replace("{\"key\":\"tenant.id\"", "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"7\"}},{\"key\":\"tenant.id\"",
            StringComparison.Ordinal);
        Assert.Equal(MappingReason.DuplicateField, Refused(Encoding.UTF8.GetBytes(twice)));
    }

    [Theory]
    [InlineData("""{"resourceMetrics":[]}""", MappingReason.NotTraces)]
    [InlineData("""{"resource_logs":[{}]}""", MappingReason.NotTraces)]
    [InlineData("""{"resourceSpans":[""", MappingReason.InvalidJson)]
    [InlineData("""{"resourceSpans":[]} x""", MappingReason.InvalidJson)]
    [InlineData("{\"id\":\"chatcmpl-1\",\"usage\":{}}", MappingReason.NotOfThisSource)]
    [InlineData("\u0012\u0001a", MappingReason.NotOfThisSource)]
    [InlineData("", MappingReason.EmptyPayload)]
    [InlineData("   ", MappingReason.EmptyPayload)]
    public void What_are_no_traces_is_refused_as_what_it_is(string payload, MappingReason reason) =>
        Assert.Equal(reason, Refused(Encoding.UTF8.GetBytes(payload)));

    [Fact]
    public void A_metric_in_protobuf_is_no_span()
    {
        var histogram = OtlpSpanMaker.Message(
            OtlpSpanMaker.Text(1, "gen_ai.client.token.usage"), OtlpSpanMaker.Text(3, "{token}"),
            OtlpSpanMaker.Bytes(9, OtlpSpanMaker.Bytes(1, OtlpSpanMaker.Fixed(3, 1_795_212_400_250_000_000))));
        var sum = OtlpSpanMaker.Message(OtlpSpanMaker.Text(1, "requests"), OtlpSpanMaker.Bytes(7, OtlpSpanMaker.Number(3, 1)));
        foreach (var metric in new[] { histogram, sum })
        {
            var payload = OtlpSpanMaker.Bytes(1, OtlpSpanMaker.Bytes(2, OtlpSpanMaker.Bytes(2, metric)));
            Assert.Equal(MappingReason.NotTraces, Refused(payload));
        }
    }

    [Fact]
    public void A_payload_without_spans_has_no_events()
    {
        Assert.Empty(Map("""{"resourceSpans":[]}"""u8.ToArray()).Events);
        Assert.Empty(Map("{}"u8.ToArray()).Events);
        var headers = new PayloadHeaders();
        headers.Add("Content-Type", "application/x-protobuf");
        var events = new MappedEvents();
        new OtlpMapper().Map(new Payload([], ReceivedMs, headers), events);
        Assert.Equal(0, events.Count);
    }

    [Fact]
    public void Protobuf_whose_length_looks_like_a_brace_is_protobuf()
    {
        var made = new OtlpSpanMaker("x") { Name = "", Resource = [] }.With(("gen_ai.response.id", "r"));
        made = made with { Name = new string('n', 125 - OtlpSpanMaker.Protobuf(made).Length) };
        var payload = OtlpSpanMaker.Protobuf(made);
        Assert.Equal((125, (byte)'\n', (byte)'{'), (payload.Length, payload[0], payload[1]));
        var (events, context, _) = Map(payload);
        Assert.Equal((0, 1), (events.Count, context));

        byte[] json = [(byte)'\n', (byte)'\n', .. OtlpSpanMaker.JsonBytes(Chat)];
        Assert.Single(Map(json).Events);
    }

    [Fact]
    public void Protobuf_that_is_cut_is_refused_or_shorter()
    {
        var payload = OtlpSpanMaker.Protobuf(Chat);
        Assert.Equal(MappingReason.InvalidProtobuf, Refused(payload[..^1]));
        Assert.Equal(MappingReason.InvalidProtobuf, Refused([.. payload, 0x0B]));
    }

    [Fact]
    public void Mapping_allocates_nothing_once_its_tables_have_grown()
    {
        var (mapper, events) = (new OtlpMapper(), new MappedEvents());
        foreach (var payload in new[] { OtlpSpanMaker.Protobuf(Chat, Anthropic, Traceloop), OtlpSpanMaker.JsonBytes(Chat, Anthropic, Traceloop) })
        {
            const int Rounds = 100;
            var before = 0L;
            for (var round = 0; round < 2 * Rounds; round++)
            {
                before = round == Rounds ? GC.GetAllocatedBytesForCurrentThread() : before;
                mapper.Map(new Payload(payload, ReceivedMs), events);
            }

            Assert.Equal(0, (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds);
            Assert.Equal((2, 1), (events.Count, events.DuplicateItems));
        }
    }

    internal static MappedEvent One(OtlpSpanMaker span)
    {
        var protobuf = Assert.Single(Map(OtlpSpanMaker.Protobuf(span)).Events);
        Assert.Equal(protobuf.ToString(), Assert.Single(Map(OtlpSpanMaker.JsonBytes(span)).Events).ToString());
        return protobuf;
    }

    internal static (List<MappedEvent> Events, int Context, int Duplicates) Map(byte[] payload, AttributionPaths? paths = null)
    {
        var events = new MappedEvents { Trace = new MappingTrace() };
        new OtlpMapper(paths).Map(new Payload(payload, ReceivedMs), events);
        var mapped = new List<MappedEvent>();
        for (var item = 0; item < events.Count; item++)
        {
            Assert.True(events[item].IsEvent, events[item].Error.ToString());
            mapped.Add(new MappedEvent(events.Event(item), events[item]));
        }

        return (mapped, events.ContextItems, events.DuplicateItems);
    }

    private static string Text(MappedEvent mapped) => mapped.Text(mapped.Usage.Provider);

    private static MappingReason Refusal(OtlpSpanMaker span)
    {
        var reason = Refused(OtlpSpanMaker.Protobuf(span));
        Assert.Equal(reason, Refused(OtlpSpanMaker.JsonBytes(span)));
        return reason;
    }

    private static MappingReason Refused(byte[] payload)
    {
        var events = new MappedEvents();
        new OtlpMapper().Map(new Payload(payload, ReceivedMs), events);
        Assert.Equal(1, events.Count);
        return events[0].Error.Reason;
    }
}
