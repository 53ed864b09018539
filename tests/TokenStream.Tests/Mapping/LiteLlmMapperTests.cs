using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.LiteLlm;
using Xunit;
using static TokenStream.Tests.Mapping.LiteLlmPayloads;

namespace TokenStream.Tests.Mapping;

public sealed class LiteLlmMapperTests
{
    [Fact]
    public void A_payload_becomes_a_native_event()
    {
        var e = Accept(Usual().ToJsonString());

        Assert.Equal((1250, 70, 900), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.TokensCached));
        Assert.Equal((200, 50), (e.Usage.TokensCacheWrite5m, e.Usage.TokensCacheWrite1h));
        Assert.Equal((1_795_213_107_750, 1250), (e.Usage.TimeMs, e.Usage.LatencyMs));
        Assert.Equal(["call-1", "acme", "search", "staging", "u-7", "s-1"], new[]
        {
            e.Usage.EventId, e.Usage.TenantId, e.Usage.Feature, e.Usage.Environment, e.Usage.UserId, e.Usage.SessionId,
        }.Select(e.Text));
        Assert.Equal(("anthropic", "claude-sonnet-4-5"), (e.Text(e.Usage.Provider), e.Text(e.Usage.Model)));
        Assert.Equal("sonnet", e.Member("model_requested"));
        Assert.Equal("litellm/1.106 anthropic exact", e.Member("usage_convention"));
        Assert.False(e.Usage.Has(EventFields.TokensReasoning), "LiteLLM writes 0 reasoning tokens for Anthropic whatever happened");
        Assert.False(e.Usage.Has(EventFields.TtftMs), "no stream, no first token");
    }

    [Theory]
    [InlineData("1795213106.580066", 1_795_213_106_580)]
    [InlineData("1795213106.9999999", 1_795_213_106_999)]
    [InlineData("1795213107", 1_795_213_107_000)]
    [InlineData("1.7952131075e9", 1_795_213_107_500)]
    [InlineData("\"2026-11-20T22:18:26.580Z\"", 1_795_213_106_580)]
    public void Times_are_read_to_the_millisecond(string end, long timeMs) =>
        Assert.Equal(timeMs, Accept(With(("endTime", end))).Usage.TimeMs);

    [Theory]
    [InlineData("1795213106580")]
    [InlineData("-1795213106.5")]
    [InlineData("1e99")]
    [InlineData("12.5")]
    [InlineData("\"yesterday\"")]
    [InlineData("null")]
    public void A_time_that_none_can_be_is_refused(string end) =>
        Assert.Equal((end == "null" ? MappingReason.NotOfThisSource : MappingReason.TimeUnusable), Refuse(With(("endTime", end))).Reason);

    [Fact]
    public void A_first_token_is_one_of_a_stream() => Assert.Equal(500, Accept(With(("stream", "true"))).Usage.TtftMs);

    [Fact]
    public void A_hit_of_the_gateways_cache_is_avoided()
    {
        var e = Accept(With(("cache_hit", "true"))).Usage;
        Assert.Equal((CacheStatus.Exact, true, 1250), (e.CacheStatus, e.IsAvoided, e.TokensIn));
    }

    [Fact]
    public void A_stored_stream_has_lost_what_the_provider_cached()
    {
        var e = Accept(With(("cache_hit", "true"), ("metadata/usage_object/prompt_tokens_details", "null"),
            ("metadata/usage_object/cache_read_input_tokens", null), ("metadata/usage_object/cache_creation_input_tokens", null)));
        Assert.False(e.Usage.Has(EventFields.TokensCached));
        Assert.Equal("litellm/1.106 anthropic bound:cached", e.Member("usage_convention"));
    }

    [Fact]
    public void Totals_without_the_providers_usage_have_lost_what_it_cached()
    {
        var e = Accept(With(("metadata/usage_object", null)));
        Assert.Equal((1250, 70, false), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.Has(EventFields.TokensCached)));
        Assert.Equal("litellm/1.106 anthropic bound:cached", e.Member("usage_convention"));
    }

    [Fact]
    public void No_tokens_and_no_details_say_that_the_answer_had_no_usage()
    {
        var e = Accept(With(("custom_llm_provider", "\"openai\""), ("metadata/usage_object",
            """
            {"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"completion_tokens_details":{"reasoning_tokens":0},
             "prompt_tokens_details":null}
            """)));
        Assert.False(e.Usage.Has(EventFields.TokensIn) || e.Usage.Has(EventFields.TokensOut) || e.Usage.Has(EventFields.TokensReasoning));
        Assert.Equal((ResultType.Ok, Completeness.Estimated), (e.Usage.ResultType, e.Usage.Completeness));
        Assert.Equal("litellm/1.106 openai unknown", e.Member("usage_convention"));
    }

    [Fact]
    public void No_tokens_with_details_were_counted()
    {
        var e = Accept(With(("custom_llm_provider", "\"openai\""), ("metadata/usage_object",
            """
            {"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"completion_tokens_details":null,
             "prompt_tokens_details":{"cached_tokens":0}}
            """)));
        Assert.True(e.Usage.Has(EventFields.TokensIn) && e.Usage.Has(EventFields.TokensOut) && e.Usage.Has(EventFields.TokensCached));
        Assert.Equal(Completeness.Final, e.Usage.Completeness);
    }

    [Fact]
    public void A_zero_of_the_cache_without_its_split_says_nothing_for_Anthropic()
    {
        var e = Accept(With(("metadata/usage_object/prompt_tokens_details", """{"cached_tokens":0,"cache_creation_tokens":0}"""),
            ("metadata/usage_object/cache_read_input_tokens", "0"), ("metadata/usage_object/cache_creation_input_tokens", "0"))).Usage;
        Assert.False(e.Has(EventFields.TokensCached) || e.Has(EventFields.TokensCacheWrite5m));
        Assert.Equal(1250, e.TokensIn);
    }

    [Fact]
    public void A_write_without_its_split_is_booked_at_the_shorter_time_and_flagged()
    {
        var e = Accept(With(("metadata/usage_object/prompt_tokens_details", """{"cached_tokens":900,"cache_creation_tokens":250}""")));
        Assert.Equal((250, 0), (e.Usage.TokensCacheWrite5m, e.Usage.TokensCacheWrite1h));
        Assert.Equal("litellm/1.106 anthropic bound:cache_write", e.Member("usage_convention"));
    }

    [Fact]
    public void A_provider_that_no_capture_shows_is_assumed() =>
        Assert.Equal("litellm/1.106 other assumed", Accept(With(("custom_llm_provider", "\"mistral\""))).Member("usage_convention"));

    [Fact]
    public void Parts_above_their_total_are_refused_and_not_clamped() =>
        Assert.Equal(MappingReason.ConventionContradicted, Refuse(With(
            ("metadata/usage_object/prompt_tokens", "1149"), ("metadata/usage_object/total_tokens", "1219"))).Reason);

    [Fact]
    public void Before_lifetimes_were_told_the_input_left_Anthropics_cache_out()
    {
        var e = Accept(With(("metadata/usage_object",
            """
            {"prompt_tokens":4,"completion_tokens":70,"total_tokens":74,"cache_creation_input_tokens":0,"cache_read_input_tokens":1159,
             "prompt_tokens_details":{"cached_tokens":1159}}
            """)));
        Assert.Equal((1163, 1159, 70), (e.Usage.TokensIn, e.Usage.TokensCached, e.Usage.TokensOut));
        Assert.Equal("litellm other assumed", e.Member("usage_convention"));
    }

    [Theory]
    [InlineData("""{"prompt_tokens":1200,"completion_tokens":30,"total_tokens":1230,"prompt_cache_hit_tokens":1000}""", 0)]
    [InlineData(
        """
        {"input_tokens":1200,"output_tokens":30,"total_tokens":1230,"input_tokens_details":{"cached_tokens":1000},
         "output_tokens_details":{"reasoning_tokens":20}}
        """, 20)]
    public void Objects_of_usage_that_were_passed_on_are_read(string usage, int reasoning)
    {
        var e = Accept(With(("custom_llm_provider", "\"openai\""), ("metadata/usage_object", usage))).Usage;
        Assert.Equal((1200, 30, 1000, reasoning), (e.TokensIn, e.TokensOut, e.TokensCached, e.TokensReasoning));
    }

    [Theory]
    [InlineData("bedrock_converse", "bedrock/converse/us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0")]
    [InlineData("bedrock", "invoke/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")]
    [InlineData("openrouter", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5")]
    [InlineData("openai", "open/x", "open/x")]
    public void A_model_stands_without_the_way_to_it(string provider, string model, string expected)
    {
        var e = Accept(With(("custom_llm_provider", $"\"{provider}\""), ("response/model", $"\"{model}\"")));
        Assert.Equal(expected, e.Text(e.Usage.Model));
    }

    [Fact]
    public void Where_one_total_is_told_and_the_other_is_not_the_event_is_an_estimate()
    {
        var e = Accept(With(("metadata/usage_object", null), ("completion_tokens", null), ("total_tokens", null)));
        Assert.Equal((1250, Completeness.Estimated), (e.Usage.TokensIn, e.Usage.Completeness));
        Assert.False(e.Usage.Has(EventFields.TokensOut));
    }

    [Fact]
    public void A_stream_that_the_client_left_is_cancelled_and_an_estimate()
    {
        var e = Accept(With(("error_information", """{"error_code":"499","error_class":"ClientDisconnected"}""")));
        Assert.Equal((ResultType.Cancelled, Completeness.Estimated, 900), (e.Usage.ResultType, e.Usage.Completeness, e.Usage.TokensCached));
        Assert.Equal("litellm/1.106 anthropic counted", e.Member("usage_convention"));
    }

    [Fact]
    public void A_failed_try_has_no_tokens_and_an_id_of_its_own()
    {
        var payload = With(("status", "\"failure\""), ("metadata/usage_object", "{}"), ("prompt_tokens", "0"), ("completion_tokens", "0"),
            ("total_tokens", "0"), ("response", "{}"), ("error_information", """{"error_code":"429","error_class":"RateLimitError"}"""));
        var e = Accept(payload);
        Assert.Equal("call-1~1795213106500000", e.Text(e.Usage.EventId));
        Assert.Equal((ResultType.Error, "RateLimitError"), (e.Usage.ResultType, e.Member("error_type")));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
    }

    [Theory]
    [InlineData("""{"error_code":"400","error_class":"BudgetExceededError"}""", ResultType.BlockedBudget)]
    [InlineData("""{"error_code":"429","error_class":"RateLimitError","error_rate_limit_type":"budget"}""", ResultType.BlockedBudget)]
    [InlineData("""{"error_code":"408","error_class":"Timeout"}""", ResultType.Timeout)]
    [InlineData("""{"error_code":"500","error_class":"InternalServerError"}""", ResultType.Error)]
    public void A_failure_tells_why(string error, ResultType expected) =>
        Assert.Equal(expected, Accept(With(("status", "\"failure\""), ("error_information", error))).Usage.ResultType);

    [Fact]
    public void A_Gemini_answer_without_usage_was_served()
    {
        var text = "litellm.BadRequestError: GeminiException - block=usageMetadata not found in completion_response. Got={}";
        var e = Accept(With(("status", "\"failure\""), ("custom_llm_provider", "\"gemini\""), ("error_str", $"\"{text}\""),
            ("metadata/usage_object", "{}"), ("prompt_tokens", "0"), ("completion_tokens", "0"), ("total_tokens", "0")));
        Assert.Equal((ResultType.Ok, Completeness.Estimated), (e.Usage.ResultType, e.Usage.Completeness));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
    }

    [Fact]
    public void A_made_up_answer_has_no_tokens_of_a_provider()
    {
        var e = Accept(With(("api_base", "\"\""), ("hidden_params", """{"additional_headers":{},"litellm_overhead_time_ms":null}"""),
            ("metadata/usage_object", """{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30,"prompt_tokens_details":null}""")));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
        Assert.Equal("litellm/1.106 anthropic mock", e.Member("usage_convention"));
    }

    [Fact]
    public void The_try_that_succeeded_says_which_it_was() =>
        Assert.Equal(3, Accept(With(("hidden_params", """
            {"additional_headers":{"x-litellm-attempted-retries":1,"x-litellm-attempted-fallbacks":1}}
            """))).Usage.Attempt);

    [Fact]
    public void Who_and_what_for_come_from_the_first_path_with_a_value()
    {
        var paths = new AttributionPaths
        {
            Tenant = ["metadata.nothing", "metadata.requester_metadata.org\\.name"],
            Feature = ["request_tags[job]"],
            DefaultTenant = "nobody",
        };
        var payload = With(
            ("metadata/requester_metadata", """{"org.name":"north"}"""), ("request_tags", """["x","job: nightly ","job:late"]"""));

        var e = Accept(payload, paths);
        Assert.Equal(("north", "nightly", "prod"), (e.Text(e.Usage.TenantId), e.Text(e.Usage.Feature), e.Text(e.Usage.Environment)));

        var nobody = Accept(Usual().ToJsonString(), paths);
        Assert.Equal(("nobody", true), (nobody.Text(nobody.Usage.TenantId), nobody.Item.IsTenantDefault));
    }

    [Fact]
    public void Tags_are_found_in_a_header_too()
    {
        var e = Accept(With(
            ("request_tags", "[]"), ("metadata/requester_custom_headers", """{"x-litellm-tags":"env:dev, feature:late"}""")));
        Assert.Equal(("late", "dev"), (e.Text(e.Usage.Feature), e.Text(e.Usage.Environment)));
    }

    [Fact]
    public void An_optional_text_that_an_event_cannot_carry_is_left_out_and_counted()
    {
        var e = Accept(With(("id", $"\"{new string('x', 257)}\""), ("end_user", "\"unused\"")));
        Assert.Equal((1, (string?)null), (e.Item.OmittedTexts, e.Member("request_id")));
    }

    [Fact]
    public void A_tenant_that_an_event_cannot_carry_is_refused()
    {
        var error = Refuse(With(("metadata/user_api_key_team_id", $"\"{new string('x', 257)}\"")));
        Assert.Equal((MappingReason.TextUnusable, "metadata.user_api_key_team_id"), (error.Reason, error.Path));
    }

    [Fact]
    public void Escapes_are_kept_and_mean_what_they_meant()
    {
        var payload = With(("end_user", "\"x\"")).Replace("\"acme\"", "\"Z\\u00fcrich \\\"West\\\"\"", StringComparison.Ordinal);
        var e = Accept(payload);
        Assert.Equal("Zürich \"West\"", e.Text(e.Usage.TenantId));
    }

    [Fact]
    public void A_field_named_twice_refuses_its_item_only()
    {
        var twice = Usual().ToJsonString().Replace(
            "\"prompt_tokens\":1250,\"completion", "\"prompt_tokens\":1250,\"prompt_tokens\":1,\"completion", StringComparison.Ordinal);
        var events = Map($"[{twice},{Usual().ToJsonString()}]");
        Assert.Equal((2, MappingReason.DuplicateField, true), (events.Count, events[0].Error.Reason, events[1].IsEvent));
        Assert.Equal("call-1", new MappedEvent(events.Event(1), events[1]).Member("event_id"));
    }

    [Fact]
    public void Lines_are_read_as_an_array_is()
    {
        var other = Usual().ToJsonString().Replace("call-1", "call-2", StringComparison.Ordinal);
        var events = Map($"{Usual().ToJsonString()}\n{other}\n");
        Assert.Equal(
            ["call-1", "call-2"],
            Enumerable.Range(0, events.Count).Select(item => new MappedEvent(events.Event(item), events[item]).Member("event_id")));
    }

    [Theory]
    [InlineData("", MappingReason.EmptyPayload)]
    [InlineData(" \n", MappingReason.EmptyPayload)]
    [InlineData("{", MappingReason.InvalidJson)]
    [InlineData("[{}", MappingReason.InvalidJson)]
    [InlineData("{} }", MappingReason.InvalidJson)]
    [InlineData("[{}] {}", MappingReason.InvalidJson)]
    [InlineData("7", MappingReason.NotOfThisSource)]
    [InlineData("{}", MappingReason.NotOfThisSource)]
    [InlineData("{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"usage\":{}}", MappingReason.NotOfThisSource)]
    public void What_is_no_payload_is_refused(string payload, MappingReason reason) => Assert.Equal(reason, Refuse(payload).Reason);

    [Theory]
    [InlineData("-1", MappingReason.CountOutOfRange)]
    [InlineData("1000000000001", MappingReason.CountOutOfRange)]
    [InlineData("1.5", MappingReason.NotAnInteger)]
    [InlineData("1e3", MappingReason.NotAnInteger)]
    [InlineData("\"12\"", MappingReason.WrongType)]
    public void A_count_that_is_none_is_refused_where_it_stands(string count, MappingReason reason)
    {
        var payload = With(("metadata/usage_object/completion_tokens", count));
        var error = Refuse(payload);
        Assert.Equal((reason, "metadata.usage_object.completion_tokens"), (error.Reason, error.Path));
        Assert.Equal(count.Trim('"')[0], payload[error.Offset]);
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        var deep = With(("messages", "0")).Replace(
            "\"messages\":0", $"\"messages\":{new string('[', 64)}{new string(']', 64)}", StringComparison.Ordinal);
        Assert.Equal(MappingReason.TooDeep, Refuse(deep).Reason);
    }

    [Fact]
    public void An_empty_batch_becomes_nothing() => Assert.Equal(0, Map("[]").Count);

    [Fact]
    public void Mapping_allocates_nothing_once_its_tables_have_grown()
    {
        var payload = Encoding.UTF8.GetBytes($"[{Usual().ToJsonString()},{Usual().ToJsonString()}]");
        var (mapper, events) = (new LiteLlmMapper(), new MappedEvents());
        mapper.Map(new Payload(payload, 0), events);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 100; round++)
        {
            mapper.Map(new Payload(payload, 0), events);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
