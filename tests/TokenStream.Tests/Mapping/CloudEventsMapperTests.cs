using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.CloudEvents;
using Xunit;

namespace TokenStream.Tests.Mapping;

public sealed class CloudEventsMapperTests
{
    private const long ReceivedMs = 1_795_212_400_000;

    [Fact]
    public void A_providers_usage_counts_as_the_provider_counts()
    {
        var mapped = Event("""
            {"provider":"anthropic","model":"claude-x",
             "usage":{"input_tokens":250,"cache_read_input_tokens":39800,"output_tokens":812}}
            """);

        Assert.Equal((40_050, 812, 39_800), (mapped.Usage.TokensIn, mapped.Usage.TokensOut, mapped.Usage.TokensCached));
        Assert.Equal("cloudevents anthropic exact", mapped.Member("usage_convention"));
        Assert.Equal("/gw e-1", mapped.Text(mapped.Usage.EventId));
        Assert.Equal("acme", mapped.Text(mapped.Usage.TenantId));
    }

    [Theory]
    [InlineData("""{"model":"gemini-x","usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":3,"thoughtsTokenCount":4}}""", 10, 7)]
    [InlineData("""{"model":"gemini-x","usage_metadata":{"prompt_token_count":10,"candidates_token_count":3}}""", 10, 3)]
    [InlineData("""{"provider":"bedrock","model":"nova","usage":{"inputTokens":10,"cacheReadInputTokens":5,"outputTokens":3}}""", 15, 3)]
    [InlineData("""{"model":"gpt-5","usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":5},"output_tokens":3}}""", 10, 3)]
    [InlineData("""{"provider":"azure","model":"gpt-5","prompt_tokens":"10","completion_tokens":"3.0"}""", 10, 3)]
    [InlineData("""{"provider":"openai","model":"gpt-5","prompt_tokens":1e1,"completion_tokens":3,"cached_tokens":4}""", 10, 3)]
    public void Counts_are_found_under_every_name_and_as_texts(string data, long input, long output)
    {
        var usage = Event(data).Usage;
        Assert.Equal((input, output, Completeness.Final), (usage.TokensIn, usage.TokensOut, usage.Completeness));
    }

    [Theory]
    [InlineData("input", 7, 0, Completeness.Final, "exact")]
    [InlineData("cache_read", 7, 0, Completeness.Partial, "exact")]
    [InlineData("cache_write", 7, 0, Completeness.Partial, "bound:cache_write")]
    [InlineData("output", 0, 7, Completeness.Partial, "exact")]
    [InlineData("reasoning", 0, 7, Completeness.Partial, "exact")]
    [InlineData("thinking", 0, 7, Completeness.Partial, "assumed")]
    public void Tokens_of_one_class_are_an_increment_and_those_of_input_the_request(
        string name, long input, long output, Completeness completeness, string standing)
    {
        var mapped = Event($$"""{"provider":"anthropic","model":"claude-x","type":"{{name}}","tokens":"7"}""");

        Assert.Equal((input, output, completeness), (mapped.Usage.TokensIn, mapped.Usage.TokensOut, mapped.Usage.Completeness));
        Assert.Equal($"cloudevents-classes anthropic {standing}", mapped.Member("usage_convention"));
        Assert.Equal(name == "input", mapped.Usage.IsRequest);
    }

    [Theory]
    [InlineData("openai", Standing.BoundCached)]
    [InlineData("anthropic", Standing.BoundInput)]
    [InlineData("groq", Standing.Assumed)]
    public void Totals_without_what_was_cached_are_a_bound(string provider, Standing standing) => Assert.Equal(
        standing, Event($$"""{"provider":"{{provider}}","model":"m","prompt_tokens":18,"completion_tokens":3}""").Item.Standing);

    [Fact]
    public void Without_a_provider_the_model_says_who_made_it_and_that_is_an_assumption()
    {
        var mapped = Event("""{"model":"gpt-4.1","type":"input","tokens":5}""");
        Assert.Equal(("openai", Standing.Assumed), (mapped.Text(mapped.Usage.Provider), mapped.Item.Standing));
        mapped = Event("""{"model":"anybodys","type":"input","tokens":5}""");
        Assert.Equal(("unknown", Standing.Assumed), (mapped.Text(mapped.Usage.Provider), mapped.Item.Standing));
    }

    [Fact]
    public void What_has_no_time_is_of_when_it_came()
    {
        const string Data = """{"provider":"openai","model":"m","prompt_tokens":1,"completion_tokens":1}""";
        Assert.Equal(ReceivedMs, Event(Data, time: null).Usage.TimeMs);
        Assert.Equal(MappingReason.TimeUnusable, Error(Data, time: "yesterday").Reason);
    }

    [Fact]
    public void In_binary_mode_the_attributes_are_headers()
    {
        var headers = new PayloadHeaders();
        foreach (var (name, value) in new[]
        {
            ("content-type", "application/json"), ("ce-specversion", "1.0"), ("ce-id", "a%20%22b%22"), ("ce-source", "/gw"),
            ("ce-type", "x"), ("ce-time", "2026-11-20T22:04:24Z"), ("ce-tenantid", "acme"), ("ce-subject", "u-1"),
        })
        {
            headers.Add(name, value);
        }

        var mapped = Single(" {\"provider\":\"openai\",\"model\":\"m\",\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}} ", headers);
        Assert.Equal("/gw a \"b\"", mapped.Text(mapped.Usage.EventId));
        Assert.Equal(("acme", 5), (mapped.Text(mapped.Usage.TenantId), mapped.Usage.TokensIn));
    }

    [Fact]
    public void Records_of_kafka_name_attributes_with_an_underscore_and_escape_nothing()
    {
        var headers = new PayloadHeaders();
        headers.Add("ce_specversion", "1.0");
        headers.Add("ce_id", "50%25");
        headers.Add("ce_source", "gw");
        headers.Add("ce_type", "x");
        var mapped = Single("""{"provider":"openai","model":"m","usage":{"prompt_tokens":5,"completion_tokens":1}}""", headers);
        Assert.Equal("gw 50%25", mapped.Text(mapped.Usage.EventId));
        Assert.True(mapped.Item.IsTenantDefault);
    }

    [Fact]
    public void A_body_cannot_break_out_of_its_envelope()
    {
        var headers = new PayloadHeaders();
        headers.Add("ce-specversion", "1.0");
        headers.Add("ce-id", "1\",\"tenantid\":\"victim");
        headers.Add("ce-source", "gw");
        headers.Add("ce-type", "x");
        const string Data = """{"provider":"openai","model":"m","usage":{"prompt_tokens":5,"completion_tokens":1}}""";
        Assert.True(Single(Data, headers).Item.IsTenantDefault);

        var events = Map(Data + ",\"tenantid\":\"victim\"", headers);
        Assert.Equal((MappingReason.InvalidJson, Data.Length), (events[0].Error.Reason, events[0].Error.Offset));
    }

    [Fact]
    public void An_error_in_a_binary_body_is_placed_in_the_body()
    {
        var headers = new PayloadHeaders();
        headers.Add("ce-specversion", "1.0");
        headers.Add("ce-id", "1");
        headers.Add("ce-source", "gw");
        headers.Add("ce-type", "x");
        const string Body = """{"model":"m","usage":{"prompt_tokens":-5}}""";
        var error = Map(Body, headers)[0].Error;
        Assert.Equal(
            new MappingError(MappingReason.CountOutOfRange, Body.IndexOf("-5", StringComparison.Ordinal), "data.usage.prompt_tokens"),
            error);
    }

    [Fact]
    public void Data_as_text_or_base64_are_unpacked()
    {
        const string Data = """{"provider":"openai","model":"m","usage":{"prompt_tokens":5,"completion_tokens":1}}""";
        var text = Single(new JsonObject(Envelope()) { ["data"] = Data }.ToJsonString());
        var packed = Convert.ToBase64String(Encoding.UTF8.GetBytes(Data));
        var base64 = Single(new JsonObject(Envelope()) { ["data_base64"] = packed }.ToJsonString());

        Assert.Equal((5, 5), (text.Usage.TokensIn, base64.Usage.TokensIn));
        var refused = Map(new JsonObject(Envelope()) { ["data"] = "hello" }.ToJsonString());
        Assert.Equal((MappingReason.NotOfThisSource, "data"), (refused[0].Error.Reason, refused[0].Error.Path));
        refused = Map(new JsonObject(Envelope()) { ["data"] = "1,\"subject\":\"victim\"" }.ToJsonString());
        Assert.Equal(MappingReason.NotOfThisSource, refused[0].Error.Reason);
    }

    [Fact]
    public void A_native_event_is_taken_as_it_is_and_gets_what_it_lacks()
    {
        var envelope = new JsonObject(Envelope())
        {
            ["type"] = "tokenstream.request",
            ["data"] = JsonNode.Parse("""{"provider":"openai","model":"m","tokens_in":5,"tokens_out":1,"feature":"chat"}"""),
        };
        var mapped = Single(envelope.ToJsonString());
        Assert.Equal(("/gw e-1", "acme"), (mapped.Text(mapped.Usage.EventId), mapped.Text(mapped.Usage.TenantId)));
        Assert.Equal(("chat", 1_795_212_264_000), (mapped.Text(mapped.Usage.Feature), mapped.Usage.TimeMs));

        envelope["data"] = JsonNode.Parse("""
            { "event_id":"own","tenant_id":"mine","time":1795212400000,"provider":"openai","model":"m","tokens_in":5,"tokens_out":1}
            """);
        var events = Map(envelope.ToJsonString());
        Assert.Equal("mine", Encoding.UTF8.GetString(events.Tenant(0)));

        envelope["data"]!["tokens_in"] = -1;
        var error = Map(envelope.ToJsonString())[0].Error;
        Assert.Equal((MappingReason.NoNativeEvent, "data.tokens_in: count_negative"), (error.Reason, error.Path));
    }

    [Theory]
    [InlineData("""{"model":"m"}""", MappingReason.NotOfThisSource)]
    [InlineData("""{"path":"/v1","method":"GET","duration_ms":12}""", MappingReason.NotOfThisSource)]
    [InlineData("""{"model":"m","provider":"p","type":"total","tokens":3,"usage":null}""", MappingReason.None)]
    [InlineData("""{"model":"m","provider":"p","prompt_tokens":"many"}""", MappingReason.WrongType)]
    [InlineData("""{"model":"m","provider":"p","prompt_tokens":"1.5"}""", MappingReason.NotAnInteger)]
    [InlineData("""{"model":"m","provider":"p","prompt_tokens":"10000000000000"}""", MappingReason.CountOutOfRange)]
    [InlineData("""{"provider":"p","prompt_tokens":1}""", MappingReason.MissingField)]
    [InlineData("""{"model":"m","provider":"openai","usage":{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}}""",
        MappingReason.ConventionContradicted)]
    public void What_is_refused_is_refused_for_its_reason(string data, MappingReason reason) =>
        Assert.Equal(reason, Error(data).Reason);

    [Fact]
    public void A_long_identity_is_hashed_and_stays_an_identity()
    {
        var envelope = new JsonObject(Envelope())
        {
            ["id"] = new string('i', 300),
            ["data"] = JsonNode.Parse("""{"provider":"openai","model":"m","usage":{"prompt_tokens":5,"completion_tokens":1}}"""),
        };
        var first = Single(envelope.ToJsonString());
        envelope["source"] = "/other";
        var second = Single(envelope.ToJsonString());
        Assert.Equal(16, first.Text(first.Usage.EventId).Length);
        Assert.NotEqual(first.Text(first.Usage.EventId), second.Text(second.Usage.EventId));
    }

    [Theory]
    [InlineData("""{"model":"m","provider":"p","error":{"type":"rate_limit"}}""", ResultType.Error)]
    [InlineData("""{"model":"m","provider":"p","status_code":504}""", ResultType.Timeout)]
    [InlineData("""{"model":"m","provider":"p","status":"canceled"}""", ResultType.Cancelled)]
    [InlineData("""{"model":"m","provider":"p","status":200}""", ResultType.Ok)]
    public void What_failed_is_told_apart(string data, ResultType result)
    {
        var usage = Event(data).Usage;
        Assert.Equal(result, usage.ResultType);
        Assert.False(usage.Has(EventFields.TokensIn));
    }

    private static Dictionary<string, JsonNode?> Envelope(string? time = "2026-11-20T22:04:24Z") => new()
    {
        ["specversion"] = "1.0", ["id"] = "e-1", ["source"] = "/gw", ["type"] = "llm.request", ["subject"] = "acme", ["time"] = time,
    };

    private static MappedEvent Event(string data, string? time = "2026-11-20T22:04:24Z") =>
        Single(new JsonObject(Envelope(time)) { ["data"] = JsonNode.Parse(data) }.ToJsonString());

    private static MappingError Error(string data, string? time = "2026-11-20T22:04:24Z") =>
        Map(new JsonObject(Envelope(time)) { ["data"] = JsonNode.Parse(data) }.ToJsonString())[0].Error;

    private static MappedEvent Single(string payload, PayloadHeaders? headers = null)
    {
        var events = Map(payload, headers);
        Assert.True(events.Count == 1 && events[0].IsEvent, events[0].Error.ToString());
        return new MappedEvent(events.Event(0), events[0]);
    }

    private static MappedEvents Map(string payload, PayloadHeaders? headers = null)
    {
        var events = new MappedEvents();
        new CloudEventsMapper().Map(new Payload(Encoding.UTF8.GetBytes(payload), ReceivedMs, headers), events);
        return events;
    }
}
