using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Langfuse;
using Xunit;
using static TokenStream.Tests.Mapping.LangfusePayloads;

namespace TokenStream.Tests.Mapping;

public sealed class LangfuseMapperTests
{
    [Fact]
    public void What_one_batch_tells_of_a_generation_becomes_one_event()
    {
        var e = Accept(Batch(Trace, Create, Update()));

        Assert.Equal((41_250, 812, 39_800), (e.Usage.TokensIn, e.Usage.TokensOut, e.Usage.TokensCached));
        Assert.Equal((1200, false), (e.Usage.TokensCacheWrite5m, e.Usage.Has(EventFields.TokensCacheWrite1h)));
        Assert.Equal((1_795_212_099_250, 1250, 4096), (e.Usage.TimeMs, e.Usage.LatencyMs, e.Usage.MaxTokens));
        Assert.Equal(["gen-1", "acme", "shop", "search", "staging", "u-7", "s-1"], new[]
        {
            e.Usage.EventId, e.Usage.TenantId, e.Usage.App, e.Usage.Feature, e.Usage.Environment, e.Usage.UserId, e.Usage.SessionId,
        }.Select(e.Text));
        Assert.Equal(("anthropic", "claude-sonnet-4-5-20250929"), (e.Text(e.Usage.Provider), e.Text(e.Usage.Model)));
        Assert.Equal(("claude-sonnet-4-5", "tr-1"), (e.Member("model_requested"), e.Member("request_id")));
        Assert.Equal("langfuse-map/2.60 anthropic bound:cache_write", e.Member("usage_convention"));
    }

    [Fact]
    public void An_update_in_a_later_batch_knows_who_asked()
    {
        var together = Accept(Batch(Trace, Create, Update()));
        Assert.Equal(together.ToString(), Accept(Batch(Trace, Create), Batch(Update())).ToString());
        Assert.Equal(together.ToString(), Accept(Batch(Trace), Batch(Create), Batch(Update())).ToString());
    }

    [Fact]
    public void A_generation_that_only_began_is_no_event()
    {
        var events = Map(new LangfuseMapper(), Batch(Trace, Create));
        Assert.Equal((0, 2), (events.Count, events.Sources.Count));
        Assert.All(events.Sources, source => Assert.Equal(-1, source.Item));
    }

    [Fact]
    public void Without_its_beginning_a_generation_belongs_to_the_default_tenant()
    {
        var e = Accept(Batch(Update()));
        Assert.True(e.Item.IsTenantDefault);
        Assert.Equal(("default", 41_250, false), (e.Text(e.Usage.TenantId), e.Usage.TokensIn, e.Usage.Has(EventFields.LatencyMs)));
    }

    [Fact]
    public void What_another_sender_told_is_not_taken_for_this_ones()
    {
        var (mapper, one, other) = (new LangfuseMapper(), new PayloadHeaders(), new PayloadHeaders());
        one.Add("Authorization", "Basic one");
        other.Add("Authorization", "Basic other");
        Map(mapper, Batch(Trace, Create), one);
        Assert.True(Map(mapper, Batch(Update()), other)[0].IsTenantDefault);
        Assert.False(Map(mapper, Batch(Update()), one)[0].IsTenantDefault);
    }

    [Fact]
    public void Mappers_of_several_threads_share_what_they_remember()
    {
        var make = PayloadSources.Langfuse.Mappers(LangfuseMapper.DefaultAttribution);
        Map((LangfuseMapper)make(), Batch(Trace, Create));
        Assert.Equal("acme", Accept((LangfuseMapper)make(), Batch(Update())).Member("tenant_id"));
        Assert.NotSame(PayloadSources.LiteLlm.Mappers(new AttributionPaths())(), PayloadSources.LiteLlm.Mappers(new AttributionPaths())());
    }

    [Fact]
    public void Each_event_of_a_batch_says_what_it_became()
    {
        const string score = """{"id":"e-4","type":"score-create","timestamp":"2026-11-20T22:01:39.300Z","body":{"value":1}}""";
        var payload = Batch(Trace, Create, Update(), score, """{"id":"e-5","type":"generation-update","body":{"id":""}}""", "17");
        var events = Map(new LangfuseMapper(), payload);
        var bytes = Encoding.UTF8.GetBytes(payload);

        Assert.Equal(
            ["e-1", "e-2", "e-3", "e-4", "e-5", ""],
            events.Sources.Select(it => Encoding.UTF8.GetString(bytes, it.IdOffset, it.IdLength)));
        var items = events.Sources.Select(it => it.Item).ToList();
        Assert.Equal((-1, -1), (items[0], items[3]));
        Assert.True(items[1] == items[2] && events[items[1]].IsEvent, "what began and what ended are one request");
        Assert.Equal(MappingReason.NotOfThisSource, events[items[5]].Error.Reason);
    }

    [Theory]
    [InlineData(
        """
        {"prompt_tokens":900,"completion_tokens":40,"total_tokens":940,"prompt_tokens_details":{"cached_tokens":512},
         "completion_tokens_details":{"reasoning_tokens":16}}
        """, 900, 40, 512, 16)]
    [InlineData("""{"promptTokens":900,"completionTokens":40,"totalTokens":940}""", 900, 40, null, null)]
    [InlineData(
        """
        {"input_tokens":900,"output_tokens":40,"input_tokens_details":{"cached_tokens":512},"output_tokens_details":{"reasoning_tokens":16}}
        """, 900, 40, 512, 16)]
    [InlineData("""{"input_tokens":388,"output_tokens":40,"cache_read_input_tokens":512}""", 900, 40, 512, null)]
    [InlineData(
        """
        {"input_tokens":300,"output_tokens":40,"cache_read_input_tokens":512,"cache_creation_input_tokens":88,
         "cache_creation":{"ephemeral_5m_input_tokens":88,"ephemeral_1h_input_tokens":0},"output_tokens_details":{"thinking_tokens":16}}
        """, 900, 40, 512, 16)]
    [InlineData("""{"input":388,"input_cached_tokens":512,"output":24,"output_reasoning_tokens":16,"total":940}""", 900, 40, 512, 16)]
    [InlineData("""{"input":388,"input_cache_read":512,"output":40}""", 900, 40, 512, null)]
    [InlineData(
        """{"input":300,"input_audio_tokens":88,"cache_read_input_tokens":512,"output":30,"output_audio_tokens":10}""", 900, 40, 512, null)]
    [InlineData(
        """
        {"input":900,"output":40,"total":940,"input_cached_tokens":512,"input_audio_tokens":100,"output_reasoning_tokens":16,
         "output_audio_tokens":4,"output_accepted_prediction_tokens":0,"output_rejected_prediction_tokens":0}
        """, 900, 40, 512, 16)]
    [InlineData("""{"input":"388","output":"40","input_cached_tokens":"512"}""", 900, 40, 512, null)]
    [InlineData("""{"input":900,"output":40,"total":940,"cache_read_input_tokens":512}""", 900, 40, 512, null)]
    [InlineData("""{"inputTokens":388,"outputTokens":40,"totalTokens":940,"cacheReadInputTokens":512}""", 900, 40, 512, null)]
    [InlineData(
        """
        {"promptTokenCount":900,"candidatesTokenCount":24,"thoughtsTokenCount":16,"totalTokenCount":940,"cachedContentTokenCount":512}
        """, 900, 40, 512, 16)]
    public void Maps_of_every_kind_count_alike(string usage, long input, long output, int? cached, int? reasoning)
    {
        var e = Accept(Batch(Create, Update(usage)));
        Assert.Equal((input, output), (e.Usage.TokensIn, e.Usage.TokensOut));
        Assert.Equal(cached, e.Count(EventFields.TokensCached, e.Usage.TokensCached));
        Assert.Equal(reasoning, e.Count(EventFields.TokensReasoning, e.Usage.TokensReasoning));
    }

    [Fact]
    public void A_cache_write_has_the_lifetime_that_a_map_tells()
    {
        const string usage = """{"input":250,"input_cache_creation_5m":200,"input_cache_creation_1h":1000,"output":812}""";
        var e = Accept(Batch(Create, Update(usage)));
        Assert.Equal((1450, 200, 1000), (e.Usage.TokensIn, e.Usage.TokensCacheWrite5m, e.Usage.TokensCacheWrite1h));
        Assert.Equal(Standing.Exact, e.Item.Standing);
    }

    [Theory]
    [InlineData("""{"input":301,"output":97}""", "langfuse-map/2.60 anthropic bound:input")]
    [InlineData("""{"input":301,"output":97,"total":398}""", "langfuse-map/2.60 anthropic bound:input")]
    [InlineData("""{"input":301,"output":97,"cache_read_input_tokens":0}""", "langfuse-map/2.60 anthropic exact")]
    [InlineData("""{"prompt_tokens":301,"completion_tokens":97}""", "langfuse/2.60 other assumed")]
    public void A_map_says_how_sure_it_is(string usage, string convention)
    {
        var e = Accept(Batch(Create, Update(usage)));
        Assert.Equal((301, 97, convention), (e.Usage.TokensIn, e.Usage.TokensOut, e.Member("usage_convention")));
        Assert.False(e.Usage.Has(EventFields.TokensCached), "a zero that people write says nothing");
    }

    [Fact]
    public void Usage_and_its_details_are_the_same_twice()
    {
        const string usage = ""","usage":{"input":41250,"output":812,"total":42062,"unit":"TOKENS"}""";
        Assert.Equal(41_250, Accept(Batch(Create, Update(more: usage))).Usage.TokensIn);
        Assert.Equal(41_250, Accept(Batch(Create, Update("null", usage))).Usage.TokensIn);
    }

    [Theory]
    [InlineData("null", ""","usage":{"input":500,"output":70,"unit":"CHARACTERS"}""")]
    [InlineData("{}", "")]
    [InlineData("null", ""","usage":{"inputCost":0.5,"totalCost":0.5,"unit":"TOKENS"}""")]
    public void What_counts_no_tokens_is_unknown(string details, string more)
    {
        var e = Accept(Batch(Create, Update(details, more)));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
        Assert.Equal((Completeness.Estimated, Standing.Unknown), (e.Usage.Completeness, e.Item.Standing));
    }

    [Fact]
    public void Usage_without_an_end_counts_at_the_time_of_its_event() =>
        Assert.Equal(1_795_212_099_300, Accept(Batch(Create, Update(end: "null"))).Usage.TimeMs);

    [Theory]
    [InlineData("Error code: 429 - {'error': {'message': 'x', 'type': 'rate_limit_error'}}", ResultType.Error, "rate_limit_error")]
    [InlineData("Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error'}}", ResultType.Error, "overloaded_error")]
    [InlineData("HTTP Error 529: ", ResultType.Error, "529")]
    [InlineData("Request timed out.", ResultType.Timeout, null)]
    [InlineData("HTTP Error 504: Gateway Timeout", ResultType.Timeout, "504")]
    [InlineData("it broke", ResultType.Error, null)]
    public void A_failure_is_told_by_its_message(string message, ResultType result, string? type)
    {
        var e = Accept(Batch(Create, Update("null", $",\"level\":\"ERROR\",\"statusMessage\":\"{message}\"")));
        Assert.Equal((result, type, Completeness.Final), (e.Usage.ResultType, e.Member("error_type"), e.Usage.Completeness));
        Assert.False(e.Usage.Has(EventFields.TokensIn));
    }

    [Theory]
    [InlineData("""{"input":-1,"output":1}""", MappingReason.CountOutOfRange)]
    [InlineData("""{"input":1.5,"output":1}""", MappingReason.NotAnInteger)]
    [InlineData("""{"input":"many","output":1}""", MappingReason.WrongType)]
    [InlineData("""{"input":true,"output":1}""", MappingReason.WrongType)]
    [InlineData("""{"input":1,"input":2,"output":1}""", MappingReason.DuplicateField)]
    [InlineData("""{"input":1000000000000,"cache_read_input_tokens":1,"output":1}""", MappingReason.CountOutOfRange)]
    [InlineData(
        """{"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":11}}""",
        MappingReason.ConventionContradicted)]
    public void Counts_that_are_none_are_refused(string usage, MappingReason reason) =>
        Assert.Equal(reason, Refuse(Batch(Create, Update(usage))).Reason);

    [Theory]
    [InlineData("""{"batch":{}}""", MappingReason.NotOfThisSource)]
    [InlineData("""[1]""", MappingReason.NotOfThisSource)]
    [InlineData("""{"batch":[],"batch":[]}""", MappingReason.DuplicateField)]
    [InlineData("""{"batch":[]""", MappingReason.InvalidJson)]
    [InlineData("  ", MappingReason.EmptyPayload)]
    public void What_is_no_batch_is_refused_as_a_whole(string payload, MappingReason reason)
    {
        var events = Map(new LangfuseMapper(), payload);
        Assert.Equal((1, reason, 0), (events.Count, events[0].Error.Reason, events.Sources.Count));
    }

    [Fact]
    public void A_refused_batch_is_not_remembered()
    {
        var mapper = new LangfuseMapper();
        Map(mapper, Batch(Trace, Create)[..^1]);
        Assert.True(Accept(mapper, Batch(Update())).Item.IsTenantDefault);
    }

    [Fact]
    public void A_time_that_cannot_be_read_refuses_the_generation_and_not_the_next_one()
    {
        var mapper = new LangfuseMapper();
        Assert.Equal(MappingReason.TimeUnusable, Map(mapper, Batch(Create, Update(end: "\"soon\"")))[0].Error.Reason);
        Assert.Equal(41_250, Accept(mapper, Batch(Update())).Usage.TokensIn);
    }

    [Fact]
    public void What_is_remembered_is_bounded_and_the_oldest_goes_first()
    {
        var memory = new LangfuseMemory(mostEntries: 100, mostBytes: 1_000_000);
        var mapper = new LangfuseMapper(LangfuseMapper.DefaultAttribution, memory);
        for (var number = 0; number < 1000; number++)
        {
            Map(mapper, Batch(Trace.Replace("tr-1", $"tr-{number}", StringComparison.Ordinal)));
        }

        Assert.Equal(100, memory.Count);
        Assert.Null(memory.Find(isTrace: true, StableHash.Hash([]), "tr-899"u8));
        Assert.NotNull(memory.Find(isTrace: true, StableHash.Hash([]), "tr-900"u8));
    }

    [Fact]
    public void Long_texts_cannot_fill_the_memory()
    {
        var memory = new LangfuseMemory(mostEntries: 1_000_000, mostBytes: 100_000);
        var mapper = new LangfuseMapper(LangfuseMapper.DefaultAttribution, memory);
        for (var number = 0; number < 500; number++)
        {
            var trace = Trace.Replace("tr-1", $"tr-{number}", StringComparison.Ordinal);
            Map(mapper, Batch(trace.Replace("search", new string('x', 1500), StringComparison.Ordinal)));
        }

        Assert.InRange(memory.Count, 1, 100);
    }
}
