using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Envoy;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>Envoy AI Gateway's access log as it is documented: there are no captures of it.</summary>
public sealed class EnvoyMapperTests
{
    private const string Tokens =
        "\"gen_ai.usage.input_tokens\":41250,\"gen_ai.usage.output_tokens\":812,\"gen_ai.usage.total_tokens\":42062";

    [Fact]
    public void A_line_is_the_request_with_its_end_and_its_counts()
    {
        var mapped = Single(Line(Tokens));
        var usage = mapped.Usage;

        Assert.Equal((41_250, 812), (usage.TokensIn, usage.TokensOut));
        Assert.Equal((1_787_307_009_871, 4748), (usage.TimeMs, usage.LatencyMs));
        Assert.Equal(("9d0f", "acme"), (mapped.Text(usage.EventId), mapped.Text(usage.TenantId)));
        Assert.Equal(("anthropic-us", "claude-sonnet-4-5-20250929"), (mapped.Text(usage.Provider), mapped.Text(usage.Model)));
        Assert.Equal(("sonnet", "envoy other assumed"), (mapped.Member("model_requested"), mapped.Member("usage_convention")));
    }

    [Fact]
    public void The_older_names_are_known_and_numbers_may_be_texts_or_have_exponents()
    {
        var mapped = Single("""
            {"start_time":"2025-08-30T16:51:37.894Z","duration":"1526","response_code":200,"response_flags":"-","x-request-id":"83b6",
             "genai_backend_name":"default/tars/route/aigw-run/rule/0/ref/0","genai_model_name":"gpt-4o-mini",
             "genai_model_name_override":null,"genai_tokens_input":"15","genai_tokens_output":1e+01,"genai_tokens_total":25.0}
            """);
        Assert.Equal((15, 10, 1526), (mapped.Usage.TokensIn, mapped.Usage.TokensOut, mapped.Usage.LatencyMs));
        Assert.Equal(("openai", "gpt-4o-mini"), (mapped.Text(mapped.Usage.Provider), mapped.Text(mapped.Usage.Model)));
        Assert.True(mapped.Item.IsTenantDefault);
    }

    [Theory]
    [InlineData("gpt-4o", "openai")]
    [InlineData("somebodys", "unknown")]
    public void Without_a_backend_the_models_maker_is_the_provider(string model, string provider)
    {
        var mapped = Single($$"""
            {"start_time":"2025-08-30T16:51:37Z","duration":1,"response_code":200,"genai_model_name":"{{model}}","genai_tokens_total":3}
            """);
        Assert.Equal(provider, mapped.Text(mapped.Usage.Provider));
    }

    [Fact]
    public void A_backend_written_with_escapes_is_not_cut_in_the_middle_of_one()
    {
        var mapped = Single("""
            {"start_time":"2025-08-30T16:51:37Z","duration":1,"response_code":200,"genai_model_name":"m","genai_tokens_total":3,
             "genai_backend_name":"default\/openai-eu\/x"}
            """);
        Assert.Equal("default/openai-eu/x", mapped.Text(mapped.Usage.Provider));
    }

    [Fact]
    public void A_dash_is_nothing()
    {
        var mapped = Single(Line("\"gen_ai.usage.input_tokens\":\"-\",\"gen_ai.usage.output_tokens\":\"-\"", tenant: "-"));
        Assert.Equal((Standing.Unknown, Completeness.Estimated), (mapped.Item.Standing, mapped.Usage.Completeness));
        Assert.False(mapped.Usage.Has(EventFields.TokensIn));
        Assert.True(mapped.Item.IsTenantDefault);
    }

    [Theory]
    [InlineData(200, "-", ResultType.Ok)]
    [InlineData(0, "DC", ResultType.Cancelled)]
    [InlineData(200, "DC", ResultType.Cancelled)]
    [InlineData(504, "UT", ResultType.Timeout)]
    [InlineData(429, "RL", ResultType.BlockedPolicy)]
    [InlineData(403, "UAEX", ResultType.BlockedPolicy)]
    [InlineData(503, "UF,URX", ResultType.Error)]
    [InlineData(429, "-", ResultType.Error)]
    public void Flags_and_status_say_what_became_of_it(int status, string flags, ResultType result) =>
        Assert.Equal(result, Single(Line("\"gen_ai.usage.input_tokens\":null", status, flags)).Usage.ResultType);

    [Fact]
    public void A_stream_whose_client_left_has_what_was_told_until_then()
    {
        var mapped = Single(Line("\"gen_ai.usage.input_tokens\":5,\"gen_ai.usage.output_tokens\":2", 200, "DC"));
        Assert.Equal((Standing.Cut, Completeness.Estimated, 2), (mapped.Item.Standing, mapped.Usage.Completeness, mapped.Usage.TokensOut));
    }

    [Fact]
    public void Lines_are_requests_and_those_that_ask_no_model_give_nothing()
    {
        const string Ordinary = """
            {"start_time":"2026-08-21T10:10:05.123Z","response_code":200,"duration":3,"gen_ai.request.model":"-","mcp_method":"tools/call"}
            """;
        Assert.Equal(2, Map($"{Line(Tokens)}\n{Ordinary}\n{Line(Tokens)}\n").Count);
        Assert.Equal(0, Map(Ordinary).Count);
    }

    [Theory]
    [InlineData("""{"gen_ai.usage.input_tokens":1}""", MappingReason.NotOfThisSource)]
    [InlineData("""{"start_time":"soon","duration":1,"response_code":200,"genai_model_name":"m"}""", MappingReason.TimeUnusable)]
    [InlineData("""{"start_time":"2026-08-21T10:10:05Z","duration":1,"response_code":200,"genai_tokens_input":1.5}""",
        MappingReason.NotAnInteger)]
    public void What_is_refused_is_refused_for_its_reason(string line, MappingReason reason) =>
        Assert.Equal(reason, Map(line)[0].Error.Reason);

    private static string Line(string more, int status = 200, string flags = "-", string tenant = "acme") => $$"""
        {"start_time":"2026-08-21T10:10:05.123Z","x-request-id":"9d0f","response_code":{{status}},"response_flags":"{{flags}}",
         "duration":4748,"gen_ai.request.model":"sonnet","gen_ai.response.model":"claude-sonnet-4-5-20250929",
         "gen_ai.provider.name":"default/anthropic-us/route/chat/rule/0/ref/0","x-tenant-id":"{{tenant}}",{{more}} }
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
        new EnvoyMapper().Map(new Payload(Encoding.UTF8.GetBytes(payload), 0), events);
        return events;
    }
}
