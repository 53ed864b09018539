using System.Globalization;
using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.Langfuse;
using TokenStream.Mapping.LiteLlm;
using TokenStream.Mapping.ProviderUsage;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>
/// Any bytes: payloads with pieces cut, doubled, moved, and swapped for what a parser trips over. Seeded; the seed is in the message.
/// </summary>
public sealed class MappingFuzzTests
{
    private static readonly int Rounds = Variable("TOKENSTREAM_FUZZ_ROUNDS", 40_000) / 10;

    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "1.5", "999999999999999999999", "\\ud800", "\\u0000",
            "true", "data: ", "\n\n", "data: [DONE]\n", "\"prompt_tokens\":7,", "\"usage\":{\"inputTokens\":1},", "[[[[[[[[",
            "{\"a\":{\"a\":", "\"\":", " ", "\r",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3], [0x00], [0xEF, 0xBB, 0xBF],
    ];

    private static readonly string[] Seeds =
    [
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
        LangfusePayloads.Batch(LangfusePayloads.Trace, LangfusePayloads.Create, LangfusePayloads.Update()),
        """[{"candidates":[{"finishReason":"STOP"}],"modelVersion":"g","usageMetadata":{"promptTokenCount":10,"totalTokenCount":11}}]""",
    ];

    [Fact]
    public void Whatever_the_bytes_an_event_is_one_that_the_stream_takes()
    {
        var seed = Variable("TOKENSTREAM_SEED", 1);
        var random = new Random(seed);
        var (liteLlm, provider, events) = (new LiteLlmMapper(), new ProviderUsageMapper(), new MappedEvents());
        var langfuse = new LangfuseMapper();
        var decoder = new EventDecoder([]);
        var context = new ProviderContext { TimeMs = 1_795_212_400_000, Path = "/model/m/converse" };
        var accepted = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var payload = Mutate(Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]), random);
            foreach (var map in new Action[]
            {
                () => liteLlm.Map(new Payload(payload, 0), events), () => provider.Map(payload, context, events),
                () => langfuse.Map(new Payload(payload, 1_795_212_400_000), events),
            })
            {
                map();
                for (var item = 0; item < events.Count; item++)
                {
                    Assert.True(events[item].Error.Offset is var at && at >= 0 && at <= payload.Length, $"seed {seed} round {round}");
                    UsageEvent usage = default;
                    Assert.True(
                        !events[item].IsEvent || decoder.TryDecode(events.Event(item), ref usage, out _),
                        $"seed {seed} round {round}: {Encoding.UTF8.GetString(payload)}");
                    accepted += events[item].IsEvent ? 1 : 0;
                }
            }
        }

        Assert.True(accepted > Rounds / 20, $"only {accepted} of {Rounds} mutations are still events: they test the refusals alone");
    }

    [Fact]
    public void Every_beginning_of_a_payload_is_answered()
    {
        var (liteLlm, provider, events) = (new LiteLlmMapper(), new ProviderUsageMapper(), new MappedEvents());
        var langfuse = new LangfuseMapper();
        foreach (var payload in Seeds.Select(Encoding.UTF8.GetBytes))
        {
            for (var length = 0; length <= payload.Length; length++)
            {
                liteLlm.Map(new Payload(payload.AsSpan(0, length), 0), events);
                Assert.True(events.Count > 0);
                langfuse.Map(new Payload(payload.AsSpan(0, length), 0), events);
                Assert.True(events.Count > 0);
                provider.Map(payload.AsSpan(0, length), new ProviderContext { TimeMs = 1_795_212_400_000 }, events);
                Assert.Equal(1, events.Count);
            }
        }
    }

    [Fact]
    public void Memory_follows_the_payload_and_its_limits()
    {
        var events = new MappedEvents();
        new LiteLlmMapper().Map(new Payload(new byte[MappingLimits.PayloadBytes + 1], 0), events);
        Assert.Equal(MappingReason.PayloadTooLarge, events[0].Error.Reason);

        new LiteLlmMapper().Map(
            new Payload(Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat("{}", MappingLimits.Items + 1))}]"), 0), events);
        Assert.Equal((1, MappingReason.PayloadTooLarge), (events.Count, events[0].Error.Reason));
    }

    private static int Variable(string name, int other) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : other;

    private static byte[] Mutate(byte[] payload, Random random)
    {
        for (var mutations = random.Next(4); mutations > 0 && payload.Length > 0; mutations--)
        {
            var (at, other) = (random.Next(payload.Length), random.Next(payload.Length));
            var (start, end) = (Math.Min(at, other), Math.Min(Math.Max(at, other), Math.Min(at, other) + 40));
            payload = random.Next(6) switch
            {
                0 => payload[..at],
                1 => [.. payload[..start], .. payload[end..]],
                2 => [.. payload[..end], .. payload[start..]],
                3 => [.. payload[..at], .. Pieces[random.Next(Pieces.Length)], .. payload[at..]],
                4 => [.. payload[..start], .. Pieces[random.Next(Pieces.Length)], .. payload[end..]],
                _ => [.. payload[..at], (byte)(payload[at] ^ (1 << random.Next(8))), .. payload[(at + 1)..]],
            };
        }

        return payload;
    }
}
