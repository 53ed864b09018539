using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Events;
using TokenStream.Mapping;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>
/// Any bytes, to every source there is: a new one is in by itself. Payloads written here and, where they are at hand, real tools' captures,
/// mutated; each goes to all sources, whoever it was meant for. Seeded; the seed is in the message.
/// </summary>
public sealed class MappingFuzzTests
{
    private const long ReceivedMs = 1_795_212_400_000;

    /// <summary>Memory that a mapper may take for itself, and as many times the payload's size, while it maps one.</summary>
    private const long OwnBytes = 4 * 1024 * 1024;

    private static readonly int Rounds = Payloads.Variable("TOKENSTREAM_FUZZ_ROUNDS", 40_000) / 10;

    private static readonly IReadOnlyList<(byte[] Body, (string Name, string Value)[] Headers)> Seeds =
    [
        .. new[]
        {
            LiteLlmPayloads.Usual().ToJsonString(), $"[{LiteLlmPayloads.Usual().ToJsonString()},{LiteLlmPayloads.Usual().ToJsonString()}]",
            """
            {"id":"msg_1","type":"message","role":"assistant","model":"m",
             "usage":{"input_tokens":250,"cache_read_input_tokens":39800,"output_tokens":812}}
            """,
            """
            data: {"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":77,"output_tokens":1}}}

            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":41}}

            data: {"type":"message_stop"}

            """,
            """
            {"stopReason":"end_turn","usage":{"inputTokens":250,"outputTokens":8,"totalTokens":258,
             "cacheDetails":[{"ttl":"1h","inputTokens":0},{"ttl":"5m"}]}}
            """,
            """
            [{"candidates":[{"finishReason":"STOP"}],"modelVersion":"g","usageMetadata":{"promptTokenCount":10,"totalTokenCount":11}}]
            """,
            LangfusePayloads.Batch(LangfusePayloads.Trace, LangfusePayloads.Create, LangfusePayloads.Update()),
            """
            {"specversion":"1.0","id":"e","source":"/gw","type":"llm","subject":"acme","time":"2026-11-20T22:04:24Z",
             "data":{"provider":"anthropic","model":"m","usage":{"input_tokens":"250","cache_read_input_tokens":398,"output_tokens":8}}}
            """,
            """
            [{"specversion":"1.0","id":"e-1","source":"gw","type":"t","data":{"model":"gpt-5","type":"input","tokens":"7"}},
             {"specversion":"1.0","id":"e-2","source":"gw","type":"t","data":"{\"model\":\"gpt-5\",\"type\":\"output\",\"tokens\":7}"},
             {"specversion":"1.0","id":"e-3","source":"gw","type":"tokenstream.request",
              "data":{"provider":"p","model":"m","tokens_in":1,"tokens_out":2}}]
            """,
            """
            {"started_at":1787307005123,"latencies":{"request":2500},"request":{"id":"r-1"},"response":{"status":200},"ai":{"proxy":{
             "usage":{"prompt_tokens":1833,"completion_tokens":210},"meta":{"provider_name":"openai","request_model":"gpt-4.1"}}}}
            """,
            """
            {"start_time":"2026-08-21T10:10:05.123Z","x-request-id":"9d0f","response_code":200,"response_flags":"-","duration":4748,
             "genai_model_name":"gpt-4o","genai_backend_name":"default/openai/x","genai_tokens_input":15,"genai_tokens_output":"7"}
            """,
            """
            {"event_id":"e-1","time":1795212400000,"tenant_id":"t","provider":"p","model":"m","tokens_in":1,"tokens_out":2}
            {"event_id":"e-2","time":1795212400000,"tenant_id":"t","provider":"p","model":"m","tokens_in":1,"tokens_out":2}
            """,
        }.Select(text => (Encoding.UTF8.GetBytes(text), Array.Empty<(string, string)>())),
        (Encoding.UTF8.GetBytes("""{"provider":"openai","model":"m","usage":{"prompt_tokens":5,"completion_tokens":1}}"""),
            [("ce-specversion", "1.0"), ("ce-id", "e%20"), ("ce-source", "/gw"), ("ce-type", "t"), ("ce-tenantid", "acme")]),
        (OtlpSpanMaker.JsonBytes(Span), [("content-type", "application/json")]),
        (OtlpSpanMaker.Protobuf(Span, Span with { SpanId = 2, ParentId = 1 }), [("content-type", "application/x-protobuf")]),
    ];

    private static OtlpSpanMaker Span => new OtlpSpanMaker("any.instrumentation", "1.0").With(
        ("gen_ai.provider.name", "openai"), ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-5"),
        ("gen_ai.response.id", "r-1"), ("gen_ai.usage.input_tokens", 7L), ("gen_ai.usage.output_tokens", 3L), ("tenant.id", "acme"));

    [Fact]
    public void Whatever_the_bytes_an_event_is_one_that_the_stream_takes_and_equal_bytes_give_equal_events()
    {
        var seed = Payloads.Variable("TOKENSTREAM_SEED", 1);
        var random = new Random(seed);
        var real = RealSeeds().ToList();
        var sources = PayloadSources.All.Select(source => new Fuzzed(source)).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            var seeds = real.Count > 0 && random.Next(2) == 0 ? real : Seeds;
            var (body, beside) = seeds[random.Next(seeds.Count)];
            var headers = new PayloadHeaders();
            foreach (var (name, value) in beside)
            {
                headers.Add(Encoding.UTF8.GetBytes(name), random.Next(8) > 0
                    ? Encoding.UTF8.GetBytes(value)
                    : Payloads.Mutate(Encoding.UTF8.GetBytes(value), random));
            }

            var mutated = Payloads.Mutate(body, random);
            foreach (var source in sources)
            {
                source.Map(mutated, headers, () => $"seed {seed} round {round}");
            }
        }

        Assert.All(sources, source => Assert.True(
            source.Accepted > Rounds / 400, $"{source.Accepted} events of {source.Name} in {Rounds} rounds: they test the refusals alone"));
    }

    [Fact]
    public void Every_beginning_of_a_payload_is_answered()
    {
        var sources = PayloadSources.All.Select(source => new Fuzzed(source)).ToList();
        foreach (var (body, beside) in Seeds)
        {
            var headers = new PayloadHeaders();
            foreach (var (name, value) in beside)
            {
                headers.Add(name, value);
            }

            for (var length = 0; length <= body.Length; length++)
            {
                foreach (var source in sources)
                {
                    source.Map(body[..length], headers, () => $"{length} bytes");
                }
            }
        }
    }

    [Fact]
    public void Random_bytes_are_answered()
    {
        var random = new Random(1);
        var sources = PayloadSources.All.Select(source => new Fuzzed(source)).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            var body = new byte[random.Next(200)];
            random.NextBytes(body);
            foreach (var source in sources)
            {
                source.Map(body, new PayloadHeaders(), () => $"round {round}");
            }
        }
    }

    /// <summary>What is too large is refused unread, and no payload makes more items than there may be.</summary>
    [Fact]
    public void Memory_follows_the_payload_and_its_limits()
    {
        var many = Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat("{}", MappingLimits.Items + 1))}]");
        foreach (var source in PayloadSources.All)
        {
            var (mapper, events) = (source.Create(source.DefaultAttribution), new MappedEvents());
            mapper.Map(new Payload(new byte[MappingLimits.PayloadBytes + 1], ReceivedMs), events);
            Assert.Equal((1, MappingReason.PayloadTooLarge), (events.Count, events[0].Error.Reason));

            mapper.Map(new Payload(many, ReceivedMs), events);
            Assert.True(events.Count <= MappingLimits.Items, $"{events.Count} items of {source.Name}");
        }
    }

    /// <summary>Captures of all tools that are not large, each with its headers.</summary>
    private static IEnumerable<(byte[] Body, (string Name, string Value)[] Headers)> RealSeeds()
    {
        foreach (var tool in Captures.Folder is null ? [] : Directory.GetDirectories(Captures.Folder))
        {
            foreach (var (_, index) in Captures.Index(Path.GetFileName(tool)).Take(12))
            {
                var body = Captures.Payload(Path.GetFileName(tool), index);
                var headers = index["headers"]?.AsObject() ?? new JsonObject();
                if (body.Length < 32 * 1024)
                {
                    yield return (body, [.. headers.Select(header => (header.Key, header.Value!.GetValue<string>()))]);
                }
            }
        }
    }

    /// <summary>A source with two mappers that see the same: they must say the same.</summary>
    private sealed class Fuzzed(PayloadSource source)
    {
        private readonly IPayloadMapper _mapper = source.Create(source.DefaultAttribution);
        private readonly IPayloadMapper _other = source.Create(source.DefaultAttribution);
        private readonly MappedEvents _events = new();
        private readonly MappedEvents _others = new();
        private readonly EventDecoder _decoder = new([]);

        public string Name => source.Name;

        public int Accepted { get; private set; }

        public void Map(byte[] body, PayloadHeaders headers, Func<string> what)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _mapper.Map(new Payload(body, ReceivedMs, headers), _events);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            _other.Map(new Payload(body, ReceivedMs, headers), _others);

            var fault = allocated > OwnBytes + (64L * body.Length) ? $"{allocated} bytes allocated"
                : _events.Count != _others.Count || _events.Count > MappingLimits.Items ? $"{_events.Count} and {_others.Count} items"
                : "";
            for (var item = 0; item < _events.Count && fault.Length == 0; item++)
            {
                fault = Fault(item, body.Length);
            }

            if (fault.Length > 0)
            {
                Assert.Fail($"{source.Name}, {what()}: {fault} of {Encoding.UTF8.GetString(body)}");
            }
        }

        /// <summary>What is wrong with an item; empty where nothing is.</summary>
        private string Fault(int item, int length)
        {
            var emitter = _events.Emitter(item);
            if (emitter.Length > 64 || emitter.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E))
            {
                return "the emitter";
            }

            var error = _events[item].Error;
            if (!_events[item].IsEvent)
            {
                return error != _others[item].Error ? $"two refusals {error} and {_others[item].Error}"
                    : error.Offset < 0 || error.Offset > length ? $"the place of {error}"
                    : "";
            }

            Accepted++;
            UsageEvent usage = default;
            var isTaken = _decoder.TryDecode(_events.Event(item), ref usage, out var refusal);

            // Ticks are of nobody; everybody else's tenant is what the record is keyed by.
            return !isTaken ? $"the stream refuses ({refusal}) {Encoding.UTF8.GetString(_events.Event(item))}"
                : !_events.Event(item).SequenceEqual(_others.Event(item)) ? "two events from one payload"
                : usage.Kind != EventKind.Tick && _events.Tenant(item).IsEmpty ? "no tenant"
                : "";
        }
    }
}
