using System.Buffers.Binary;
using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using TokenStream.Mapping.ProviderUsage;
using Xunit;

namespace TokenStream.Tests.Mapping;

/// <summary>The usage of an answer that passes in pieces, against the same answer read as a whole.</summary>
public sealed class ProviderUsageScannerTests
{
    private const string Folder = "raw-provider-usage";

    private const string Chat = """
        data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-5-2026","choices":[{"index":0,"delta":{"content":"a \"}]"}}],"usage":null}

        data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-5-2026","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

        data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-5-2026","choices":[],"service_tier":"flex","usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4}}}

        data: [DONE]

        """;

    private const string Messages = """
        event: message_start
        data: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"claude-x","usage":{"input_tokens":25,"cache_read_input_tokens":100,"output_tokens":1}}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"data: {\"usage\":{}}"}}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}

        event: message_stop
        data: {"type":"message_stop"}

        """;

    [Fact]
    public void A_stream_of_OpenAI_is_read_to_its_usage()
    {
        var reading = Read(Encoding.UTF8.GetBytes(Chat), 7, out var pieces);
        Assert.Equal((12, 5, 4), (reading.TokensIn, reading.TokensOut, reading.TokensCached));
        Assert.Equal(
            (ProviderShape.OpenAiChat, true, "gpt-5-2026", "flex"), (reading.Shape, reading.IsEnded, reading.Model, reading.ServiceTier));
        Assert.Equal(("provider openai exact", 3), (reading.Convention, pieces));
    }

    [Fact]
    public void A_stream_of_Anthropic_that_was_cut_has_its_input_and_no_output()
    {
        var whole = Read(Encoding.UTF8.GetBytes(Messages), 5, out _);
        Assert.Equal((125, 15, 100, true), (whole.TokensIn, whole.TokensOut, whole.TokensCached, whole.IsEnded));
        var cut = Messages[..Messages.IndexOf("event: message_delta", StringComparison.Ordinal)];
        var part = Read(Encoding.UTF8.GetBytes(cut), 5, out var pieces);
        Assert.Equal((125, null, false, 2), (part.TokensIn, part.TokensOut, part.IsEnded, pieces));
        Assert.Equal(Standing.Cut, part.Standing);
    }

    [Fact]
    public void An_error_within_a_stream_is_told()
    {
        var stream = Messages[..Messages.IndexOf("event: message_delta", StringComparison.Ordinal)]
            + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
        var reading = Read(Encoding.UTF8.GetBytes(stream), 64, out _);
        Assert.Equal((true, "overloaded_error"), (reading.IsError, reading.ErrorType));
    }

    [Fact]
    public void Frames_of_Amazons_event_stream_are_read_by_their_lengths()
    {
        byte[] stream =
        [
            .. Frame("""{"contentBlockIndex":0,"delta":{"text":"hello"}}"""), .. Frame("""{"stopReason":"end_turn"}"""),
            .. Frame("""{"metrics":{"latencyMs":700},"usage":{"inputTokens":30,"outputTokens":8,"totalTokens":38}}"""),
        ];
        foreach (var size in new[] { 1, 3, 1000 })
        {
            var reading = Read(stream, size, out var pieces, isAmazonStream: true);
            Assert.Equal((30, 8, true, 3), (reading.TokensIn, reading.TokensOut, reading.IsEnded, pieces));
        }

        // A length that no frame can have is no frame.
        BinaryPrimitives.WriteUInt32BigEndian(stream, 15);
        Assert.Equal(
            (null, false), (Read(stream, 50, out _, isAmazonStream: true).TokensIn, Read(stream, 50, out _, isAmazonStream: true).IsEnded));
    }

    [Fact]
    public void The_memory_of_a_scanner_does_not_grow_with_the_answer()
    {
        var scanner = new ProviderUsageScanner("/v1/embeddings");
        scanner.Take("""{"object":"list","data":[{"object":"embedding","embedding":[0.1"""u8);
        var numbers = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(",-0.0123456789", 1000)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            scanner.Take(numbers);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
        scanner.Take("""]}],"model":"e","usage":{"prompt_tokens":9,"total_tokens":9}}"""u8);
        scanner.End();
        Assert.Equal((9, 0), (scanner.Read().TokensIn, scanner.Read().TokensOut));
    }

    [Fact]
    public void Whatever_the_bytes_and_wherever_they_are_cut_the_reading_is_the_same()
    {
        var random = new Random(7);
        string[] seeds = [Chat, Messages, """[{"candidates":[{"finishReason":"STOP"}],"modelVersion":"g","usageMetadata":{"promptTokenCount":10,"totalTokenCount":11}}]"""];
        string[] odd = ["\"", "\\", "{", "}", "[", "]", ",", "\\u00", "data:", "\n", "1e9", "\"usage\":{", "null", "\\ud800", "\0"];
        for (var round = 0; round < 4000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]).ToList();
            for (var change = random.Next(4); change > 0; change--)
            {
                var at = random.Next(bytes.Count);
                bytes.RemoveRange(at, Math.Min(random.Next(4), bytes.Count - at));
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(odd[random.Next(odd.Length)]));
            }

            var isAmazonStream = random.Next(8) == 0;
            var whole = Read([.. bytes], int.MaxValue, out var pieces, isAmazonStream);
            Assert.Equal((whole, pieces), (Read([.. bytes], 1 + random.Next(9), out var same, isAmazonStream), same));
        }
    }

    [CaptureTheory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(4096)]
    public void An_answer_in_pieces_is_read_as_the_whole_one_is(int size)
    {
        var mapper = new ProviderUsageMapper();
        var events = new MappedEvents();
        var read = 0;
        foreach (var truth in Captures.Truths(Folder))
        {
            var about = Captures.Index(Folder)[truth.Capture];
            var payload = Captures.Payload(Folder, about);
            var path = about["path"]!.GetValue<string>();
            mapper.Map(payload, new ProviderContext { TimeMs = 1_795_212_400_000, Path = path, Model = "m" }, events);
            if (!events[0].IsEvent)
            {
                continue;
            }

            read++;
            var mapped = new MappedEvent(events.Event(0), events[0]);
            var reading = Read(payload, size, out _, path: path);
            Assert.Equal(mapped.Item.Standing, reading.Standing);
            Assert.Equal(mapped.Count(EventFields.TokensIn, mapped.Usage.TokensIn), reading.TokensIn);
            Assert.Equal(mapped.Count(EventFields.TokensOut, mapped.Usage.TokensOut), reading.TokensOut);
            Assert.Equal(mapped.Count(EventFields.TokensCached, mapped.Usage.TokensCached), reading.TokensCached);
            Assert.Equal(mapped.Count(EventFields.TokensReasoning, mapped.Usage.TokensReasoning), reading.TokensReasoning);
            Assert.Equal(mapped.Usage.TokensCacheWrite5m, reading.TokensCacheWrite5m ?? 0);
            Assert.Equal(mapped.Usage.TokensCacheWrite1h, reading.TokensCacheWrite1h ?? 0);
            Assert.Equal(mapped.Member("usage_convention"), reading.Convention ?? mapped.Member("usage_convention"));
            Assert.Equal(mapped.Text(mapped.Usage.ServiceTier), reading.ServiceTier ?? "");
        }

        Assert.True(read > 40, $"only {read} answers were read");
    }

    private static ProviderReading Read(
        byte[] answer, int size, out long pieces, bool isAmazonStream = false, string path = "/v1/chat/completions")
    {
        var scanner = new ProviderUsageScanner(path, isAmazonStream);
        for (var at = 0; at < answer.Length; at += Math.Min(size, answer.Length - at))
        {
            scanner.Take(answer.AsSpan(at, Math.Min(size, answer.Length - at)));
        }

        scanner.End();
        pieces = scanner.Pieces;
        return scanner.Read();
    }

    private static byte[] Frame(string payload)
    {
        byte[] headers = [11, .. Encoding.ASCII.GetBytes(":event-type"), 7, 0, 2, (byte)'x', (byte)'y'];
        var body = Encoding.UTF8.GetBytes(payload);
        var frame = new byte[12 + headers.Length + body.Length + 4];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)frame.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)headers.Length);
        headers.CopyTo(frame, 12);
        body.CopyTo(frame, 12 + headers.Length);
        return frame;
    }
}
