using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Otlp;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>
/// Any bytes, in either form: what comes out is an event that the stream takes, or a reason. Seeded; the seed is in the message.
/// </summary>
public sealed class OtlpFuzzTests
{
    private static readonly int Rounds = Payloads.Variable("TOKENSTREAM_FUZZ_ROUNDS", 40_000) / 10;

    private static readonly string[] Tags = ["env:prod", "feature:search"];

    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "\\ud800", "\\u0000", "true", "{\"intValue\":\"7\"}",
            "[[[[[[[[", "{\"key\":\"tenant.id\",\"value\":{\"stringValue\":\"\"}},", "\"traceId\":\"\",",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x00], [0x0B],
        [0x4A, 0x00], [0x12, 0x02, 0x18, 0x07],
    ];

    private static OtlpSpanMaker[] Spans =>
    [
        new OtlpSpanMaker("com.anthropic.sdk.python", "2.11.0") { ParentId = 2 }.With(
            ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude"),
            ("gen_ai.usage.input_tokens", 300), ("gen_ai.usage.output_tokens", 12), ("gen_ai.response.id", "msg_01TqWmQ7")),
        new OtlpSpanMaker("app") { SpanId = 2, ParentId = 1 }.With(("tenant.id", "acme")),
        new OtlpSpanMaker("openinference.instrumentation.openai", "0.1.66") { SpanId = 3, Events = ["exception"] }.With(
            ("openinference.span.kind", "LLM"), ("llm.model_name", "gpt-5"), ("llm.token_count.prompt", 9),
            ("llm.token_count.completion", 1.0),
            ("output.value", """{"id":"chatcmpl-B0Zq7v\u0051kWc","usage":[]}"""), ("tag.tags", Tags), ("metadata", """{"tenant":"x"}""")),
    ];

    [Fact]
    public void Whatever_the_bytes_an_event_is_one_that_the_stream_takes()
    {
        var seed = Payloads.Variable("TOKENSTREAM_SEED", 1);
        var (random, accepted) = (new Random(seed), 0);
        var (mapper, events, decoder) = (new OtlpMapper(), new MappedEvents(), new EventDecoder([]));
        byte[][] seeds = [OtlpSpanMaker.Protobuf(Spans), OtlpSpanMaker.JsonBytes(Spans)];
        for (var round = 0; round < Rounds; round++)
        {
            var payload = Payloads.Mutate(seeds[random.Next(seeds.Length)], random, Pieces);
            mapper.Map(new Payload(payload, 1_795_212_400_000), events);
            for (var item = 0; item < events.Count; item++)
            {
                UsageEvent usage = default;
                var isFine = events[item].IsEvent
                    ? decoder.TryDecode(events.Event(item), ref usage, out _)
                    : events[item].Error.Offset is var at && at >= 0 && at <= payload.Length && events[item].Error.Describe().Length > 0;
                Assert.True(isFine, $"seed {seed} round {round}: {Convert.ToBase64String(payload)}");
                accepted += events[item].IsEvent ? 1 : 0;
            }
        }

        Assert.True(accepted > Rounds / 4, $"only {accepted} events of {Rounds} mutations: they test the refusals alone");
    }

    [Fact]
    public void Every_beginning_of_a_payload_is_answered()
    {
        var (mapper, events) = (new OtlpMapper(), new MappedEvents());
        foreach (var payload in new[] { OtlpSpanMaker.Protobuf(Spans), OtlpSpanMaker.JsonBytes(Spans) })
        {
            for (var length = 1; length < payload.Length; length++)
            {
                mapper.Map(new Payload(payload.AsSpan(0, length), 1_795_212_400_000), events);

                // Protobuf may end between two resources.
                Assert.True(events.Count > 0, $"{length} of {payload.Length} bytes");
                Assert.True(!events[0].IsEvent || payload[0] != '{', $"{length} of {payload.Length} bytes");
            }
        }
    }

    /// <summary>Whatever the spans, both forms of them say the same.</summary>
    [Fact]
    public void Both_forms_say_the_same()
    {
        var names = Gen.Elements(
            "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.id", "gen_ai.usage.input_tokens",
            "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens", "gen_ai.response.finish_reasons", "gen_ai.request.stream",
            "error.type", "tenant.id", "metadata", "tag.tags", "llm.token_count.prompt", "llm.model_name", "openinference.span.kind",
            "other");
        var values = Gen.Elements<object>(
            "chat", "LLM", "anthropic", "m", "chatcmpl-B0Zq7vQkWc", "id-1", "", "\u00fc\"\\\n", 7L, 0L, 500L, -3L, 2.0, 0.25, true, false,
            Tags,
            """{"tenant":"\u00fc","user_id":7}""");
        var attributes = Gen.ListOf(names.SelectMany(name => values.Select(value => (name, value))), 8);
        var scopes = Gen.Elements(
            "com.anthropic.sdk.python", "opentelemetry.instrumentation.anthropic", "openinference.x", "pydantic-ai", "");
        var ids = Gen.Choose(0, 3);
        var spans = Gen.ListOf(
            scopes.SelectMany(scope => attributes.SelectMany(some => ids.SelectMany(id => ids.Select(parent =>
                new OtlpSpanMaker(scope) { SpanId = (ulong)id, ParentId = (ulong)parent, Status = id }.With([.. some]))))), 4);
        Prop.ForAll(Arb.From(spans), made =>
        {
            var (protobuf, json) = (Told(OtlpSpanMaker.Protobuf([.. made])), Told(OtlpSpanMaker.JsonBytes([.. made])));
            Assert.Equal(protobuf, json);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void What_is_too_much_is_refused_as_a_whole()
    {
        var (mapper, events) = (new OtlpMapper(), new MappedEvents());
        mapper.Map(new Payload(new byte[MappingLimits.PayloadBytes + 1], 0), events);
        Assert.Equal((1, MappingReason.PayloadTooLarge), (events.Count, events[0].Error.Reason));

        // Spans without anything in them, two bytes each.
        byte[] empty = [0x12, 0x00];
        var spans = OtlpSpanMaker.Bytes(1, OtlpSpanMaker.Bytes(
            2, [.. Enumerable.Repeat(OtlpSpanMaker.Bytes(2, OtlpSpanMaker.Fixed(7, 1)), OtlpTraces.MostSpans + 1).SelectMany(it => it)]));
        mapper.Map(new Payload(spans, 0), events);
        Assert.Equal((1, MappingReason.PayloadTooLarge), (events.Count, events[0].Error.Reason));
        mapper.Map(new Payload(OtlpSpanMaker.Bytes(1, OtlpSpanMaker.Bytes(2, empty)), 0), events);
        Assert.Equal((1, MappingReason.NotTraces), (events.Count, events[0].Error.Reason));
    }

    [Fact]
    public void What_is_too_deep_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 70)) + string.Concat(Enumerable.Repeat("]", 70));
        var (mapper, events) = (new OtlpMapper(), new MappedEvents());
        foreach (var json in new[] { $$"""{"x":{{deep}}}""", $$$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"value":{{{deep}}}}]}]}]}]}""" })
        {
            mapper.Map(new Payload(Encoding.UTF8.GetBytes(json), 0), events);
            Assert.Equal((1, MappingReason.TooDeep), (events.Count, events[0].Error.Reason));
        }
    }

    private static List<string> Told(byte[] payload)
    {
        var events = new MappedEvents();
        new OtlpMapper().Map(new Payload(payload, 1_795_212_400_000), events);
        return
        [
            $"{events.ContextItems} {events.DuplicateItems}",
            .. Enumerable.Range(0, events.Count).Select(item => events[item].IsEvent
                ? $"{Encoding.UTF8.GetString(events.Event(item))} {events[item].Standing} {events[item].OmittedTexts}"
                : $"{events[item].Error.Reason} {events[item].Error.Path}"),
        ];
    }
}
