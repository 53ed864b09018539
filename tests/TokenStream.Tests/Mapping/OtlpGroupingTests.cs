using TokenStream.Events;
using TokenStream.Mapping;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>One request counts once, however many spans tell of it; and two are never taken for one.</summary>
public sealed class OtlpGroupingTests
{
    private static OtlpSpanMaker Sdk { get; } = new OtlpSpanMaker("com.anthropic.sdk.python", "2.11.0").With(
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude"),
        ("gen_ai.response.id", "msg_01TqWmQ7"), ("gen_ai.usage.input_tokens", 100), ("gen_ai.usage.output_tokens", 10));

    private static OtlpSpanMaker Chat { get; } = new OtlpSpanMaker("some.framework").With(
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude"),
        ("gen_ai.usage.input_tokens", 100), ("gen_ai.usage.output_tokens", 10), ("tenant.id", "acme"));

    private static OtlpSpanMaker Failed(string scope) => new OtlpSpanMaker(scope) { Status = 2 }.With(
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude"));

    [Fact]
    public void Spans_of_one_response_are_one_request_whatever_their_traces()
    {
        var framework = Chat.With(("gen_ai.response.id", "msg_01TqWmQ7")) with { TraceId = 0xB2, SpanId = 2 };
        foreach (var payload in new[] { OtlpSpanMaker.Protobuf(Sdk, framework), OtlpSpanMaker.Protobuf(framework, Sdk) })
        {
            var (events, context, duplicates) = OtlpMapperTests.Map(payload);
            var mapped = Assert.Single(events);

            // The client library is proven, so that it speaks; the other one knows the tenant.
            Assert.Equal((Standing.Exact, "acme", 0, 1), (mapped.Item.Standing, mapped.Text(mapped.Usage.TenantId), context, duplicates));
            Assert.Equal("msg_01TqWmQ7", mapped.Text(mapped.Usage.EventId));
        }
    }

    [Fact]
    public void Spans_of_one_response_in_two_payloads_have_one_id()
    {
        var framework = Chat.With(("gen_ai.response.id", "msg_01TqWmQ7")) with { TraceId = 0xB2, SpanId = 2 };
        var one = Assert.Single(OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(Sdk)).Events);
        var other = Assert.Single(OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(framework)).Events);
        Assert.Equal(one.Text(one.Usage.EventId), other.Text(other.Usage.EventId));
    }

    [Fact]
    public void A_short_id_counts_within_its_trace()
    {
        var one = Chat.With(("gen_ai.response.id", "chatcmpl-517"));
        var same = one with { SpanId = 2 };
        var other = one with { TraceId = 0xB2 };
        var (events, _, duplicates) = OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(one, same, other));
        Assert.Equal(1, duplicates);
        Assert.Equal(
            ["000000000000000000000000000000a1-chatcmpl-517", "000000000000000000000000000000b2-chatcmpl-517"],
            events.Select(it => it.Text(it.Usage.EventId)));
    }

    [Theory]
    [InlineData(100, 10, 1)]
    [InlineData(100, 11, 2)]
    [InlineData(0, 0, 2)]
    public void A_span_around_one_request_is_the_same_where_its_counts_are(int input, int output, int count)
    {
        var outer = Chat.With(
            ("gen_ai.usage.input_tokens", input), ("gen_ai.usage.output_tokens", output), ("gen_ai.response.id", "run-123456789"));
        var between = new OtlpSpanMaker("http") { SpanId = 2, ParentId = 1 };
        var inner = Sdk with { SpanId = 3, ParentId = 2 };
        var (events, context, _) = OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(inner, between, outer));
        Assert.Equal((count, 1), (events.Count, context));
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(11, 2)]
    public void A_span_around_a_request_that_alone_knows_the_cache_is_the_same(int input, int count)
    {
        var outer = new OtlpSpanMaker("strands.telemetry.tracer") { SpanId = 1 }.With(
            ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m"), ("gen_ai.usage.input_tokens", 10),
            ("gen_ai.usage.output_tokens", 50), ("gen_ai.usage.cache_read_input_tokens", 1000), ("gen_ai.usage.total_tokens", 1060),
            ("tenant.id", "t"));
        var inner = new OtlpSpanMaker("opentelemetry.instrumentation.botocore.bedrock-runtime") { SpanId = 2, ParentId = 1 }.With(
            ("gen_ai.operation.name", "chat"), ("gen_ai.system", "aws.bedrock"), ("gen_ai.request.model", "m"),
            ("gen_ai.usage.input_tokens", input), ("gen_ai.usage.output_tokens", 50));
        var (events, _, _) = OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(inner, outer));
        Assert.Equal(count, events.Count);
        Assert.Contains(events, it => it.Usage is { TokensIn: 1010, TokensCached: 1000 });
    }

    [Fact]
    public void A_span_around_several_requests_is_left_out_where_it_is_their_sum()
    {
        var first = Chat with { SpanId = 2, ParentId = 1 };
        var second = Chat.With(("gen_ai.usage.input_tokens", 7)) with { SpanId = 3, ParentId = 1 };
        var sum = Chat.With(("gen_ai.usage.input_tokens", 107), ("gen_ai.usage.output_tokens", 20));
        var own = Chat.With(("gen_ai.usage.input_tokens", 5));

        var (events, _, duplicates) = OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(first, second, sum));
        Assert.Equal((107, 1), (events.Sum(it => it.Usage.TokensIn), duplicates));
        Assert.Equal(112, OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(first, second, own)).Events.Sum(it => it.Usage.TokensIn));
    }

    [Fact]
    public void A_span_without_counts_around_a_request_speaks_of_it()
    {
        var outer = Failed("some.framework").With(("tenant.id", "acme"));
        var inner = Failed("com.anthropic.sdk.python").With(("error.type", "overloaded_error")) with { SpanId = 2, ParentId = 1 };
        var mapped = Assert.Single(OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(inner, outer)).Events);
        Assert.Equal((ResultType.Error, "acme", "overloaded_error"),
            (mapped.Usage.ResultType, mapped.Text(mapped.Usage.TenantId), mapped.Member("error_type")));
    }

    [Fact]
    public void A_client_librarys_failure_is_that_of_the_span_around_it_in_time()
    {
        var outer = Failed("some.framework") with { TraceId = 0xB2, SpanId = 2 };
        var inner = Failed("com.anthropic.sdk.python") with { StartNs = 1_795_212_400_010_000_000, EndNs = 1_795_212_400_240_000_000 };
        Assert.Single(Of(outer, inner));

        // Another model, another time, another end: another request.
        Assert.Equal(2, Of(outer.With(("gen_ai.request.model", "other")), inner).Count);
        Assert.Equal(2, Of(outer with { EndNs = 1_795_212_400_239_000_000 }, inner).Count);
        Assert.Equal(2, Of(outer.With(("error.type", "TimeoutError")), inner).Count);

        // Two failures beside two: each has its own.
        Assert.Equal(2, Of(outer, inner, outer with { SpanId = 8 }, inner with { SpanId = 9 }).Count);
        Assert.Equal(2, Of(outer, outer with { SpanId = 8 }).Count);
    }

    [Fact]
    public void Two_instrumentations_of_embeddings_tell_of_one_request()
    {
        var outer = new OtlpSpanMaker("opentelemetry.instrumentation.openai.v1", "0.62.4").With(
            ("gen_ai.operation.name", "embeddings"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "text-embedding-3-small"),
            ("gen_ai.usage.input_tokens", 611));
        var inner = new OtlpSpanMaker("openinference.instrumentation.openai", "0.1.66")
        {
            TraceId = 0xB2, SpanId = 2, StartNs = 1_795_212_400_010_000_000, EndNs = 1_795_212_400_240_000_000,
        }.With(
            ("openinference.span.kind", "EMBEDDING"), ("embedding.model_name", "text-embedding-3-small"), ("llm.token_count.prompt", 611));
        Assert.Equal(611, Of(outer, inner).Sum(it => it.Usage.TokensIn));
        Assert.Equal(611, Of(inner, outer).Sum(it => it.Usage.TokensIn));

        // Another count, another place or the same scope: another request.
        Assert.Equal(2, Of(outer, inner.With(("llm.token_count.prompt", 612))).Count);
        Assert.Equal(2, Of(outer, inner with { ParentId = 77 }).Count);
        Assert.Equal(2, Of(outer, outer with { SpanId = 2, StartNs = inner.StartNs, EndNs = inner.EndNs }).Count);
    }

    [Fact]
    public void Who_asked_comes_from_the_spans_around_a_request()
    {
        var root = new OtlpSpanMaker("app").With(("tenant.id", "acme"), ("app.feature", "search"), ("labels", """{"team":{"name":"x"}}"""));
        var middle = new OtlpSpanMaker("http") { SpanId = 2, ParentId = 1 }.With(("app.feature", "mail"));
        var chat = Sdk with { SpanId = 3, ParentId = 2 };
        var mapped = Assert.Single(OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(chat, middle, root)).Events);
        Assert.Equal(("acme", "mail"), (mapped.Text(mapped.Usage.TenantId), mapped.Text(mapped.Usage.Feature)));

        var paths = new AttributionPaths { Tenant = ["labels#team.name"], Session = ["resource:service.name"], DefaultTenant = "nobody" };
        mapped = Assert.Single(OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(chat, middle, root), paths).Events);
        Assert.Equal(
            ("x", "shop", ""),
            (mapped.Text(mapped.Usage.TenantId), mapped.Text(mapped.Usage.SessionId), mapped.Text(mapped.Usage.Feature)));

        mapped = Assert.Single(OtlpMapperTests.Map(OtlpSpanMaker.Protobuf(chat, middle), paths).Events);
        Assert.True(mapped.Item.IsTenantDefault);
        Assert.Equal("nobody", mapped.Text(mapped.Usage.TenantId));
    }

    [Fact]
    public void Spans_that_lie_in_each_other_end_the_search()
    {
        var one = Chat with { SpanId = 1, ParentId = 2 };
        var other = Chat.With(("gen_ai.usage.input_tokens", 7)) with { SpanId = 2, ParentId = 1 };
        Assert.Equal(2, Of(one, other).Count);
        Assert.Single(Of(one with { ParentId = 1 }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("resource:")]
    [InlineData("#a")]
    [InlineData("tags[]")]
    [InlineData("metadata#")]
    public void A_path_that_is_none_is_refused(string path) =>
        Assert.Throws<FormatException>(() => new TokenStream.Mapping.Otlp.OtlpMapper(new AttributionPaths { User = [path] }));

    private static List<MappedEvent> Of(params OtlpSpanMaker[] spans)
    {
        // Spans of one resource, as a program sends them: one payload of both forms.
        var json = OtlpSpanMaker.Json(spans)["resourceSpans"]!.AsArray();
        var scopes = json.SelectMany(resource => resource!["scopeSpans"]!.AsArray()).Select(scope => scope!.DeepClone()).ToArray();
        var merged = new System.Text.Json.Nodes.JsonObject
        {
            ["resourceSpans"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject
            {
                ["scopeSpans"] = new System.Text.Json.Nodes.JsonArray(scopes),
            }),
        };
        return OtlpMapperTests.Map(System.Text.Encoding.UTF8.GetBytes(merged.ToJsonString())).Events;
    }
}
