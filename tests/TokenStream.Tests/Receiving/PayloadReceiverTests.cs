using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Mapping;
using TokenStream.Receiver;
using TokenStream.Receiver.Http;
using TokenStream.Receiver.Intake;
using TokenStream.Runtime;
using TokenStream.Tests.Broker;
using Xunit;

namespace TokenStream.Tests.Receiving;

public sealed class PayloadReceiverTests : IDisposable
{
    private const string Event =
        """{"event_id":"a","time":1750000000000,"tenant_id":"acme","provider":"openai","model":"gpt-4o","tokens_in":7,"tokens_out":1}""";

    private readonly ListSink _sink = new();
    private readonly StreamMetrics _metrics = new();
    private PayloadReceiver? _receiver;

    public void Dispose()
    {
        _sink.Open();
        _receiver?.Dispose();
        _metrics.Dispose();
        _sink.Dispose();
    }

    [Fact]
    public async Task An_answer_comes_once_the_log_has_acknowledged_and_not_before()
    {
        _sink.Hold();
        var answering = PostAsync(Event);
        await Task.Run(() => SpinWait.SpinUntil(() => _sink.Records.Count == 1, TimeSpan.FromMinutes(1)));
        Assert.False(answering.IsCompleted);
        _sink.Open();
        Assert.Equal((200, """{"accepted":1,"refused":0}"""), Told(await answering));
        Assert.Equal([(new TopicPartition("in", TopicPartition.OfKey), "acme", Event)], _sink.Records);
    }

    [Fact]
    public async Task Where_the_log_takes_nothing_senders_are_told_to_come_again_and_the_next_at_once()
    {
        _sink.Fault = "no broker";
        var answer = await PostAsync(Event);
        Assert.Equal((503, "5"), (answer.Response.StatusCode, answer.Response.Headers.RetryAfter.ToString()));
        Assert.Equal("no broker", Receiver().Unavailable);
        Assert.Equal(503, (await PostAsync(Event)).Response.StatusCode);
        Assert.Equal(1, _sink.Flushes);

        // Whoever looks after the log finds it again.
        (_sink.Fault, Receiver().Unavailable) = (null, null);
        Assert.Equal(200, (await PostAsync(Event)).Response.StatusCode);
    }

    [Fact]
    public async Task Beyond_the_memory_for_what_waits_senders_are_told_to_come_again()
    {
        _sink.Hold();
        var large = Event[..^1] + ",\"x\":\"" + new string('x', 90_000) + "\"}";
        var waiting = new List<Task<HttpContext>>();
        for (var i = 0; i < 12; i++)
        {
            waiting.Add(PostAsync(large, inFlight: 400_000));
        }

        _sink.Open();
        var statuses = (await Task.WhenAll(waiting)).Select(answer => answer.Response.StatusCode).ToList();
        // Four of 90 kB and the buffer that the fourth is read into are more than 400 kB; how many are let in depends on when they came.
        Assert.Contains(429, statuses);
        Assert.Contains(200, statuses);
        Assert.All(statuses, status => Assert.True(status is 200 or 429));
        Assert.Equal(200, (await PostAsync(large)).Response.StatusCode);
    }

    [Fact]
    public async Task A_part_that_is_refused_is_told_and_put_aside_alone()
    {
        var answer = Body(await PostAsync($$"""[{"event_id":"b"}, {{Event}}]"""));
        Assert.Equal((1, 1), ((int)answer["accepted"]!, (int)answer["refused"]!));
        Assert.Equal(
            """[{"item":0,"reason":"missing_field","offset":1,"path":"time","detail":"The field is required and is absent, null or empty."}]""",
            answer["errors"]!.ToJsonString());
        Assert.Equal(["""[{"event_id":"b"}]"""], _sink.Values("dead"));
        Assert.Equal(("missing_field", "http:native"), (_sink.Headers["reason"], _sink.Headers["source.topic"]));
        Assert.False(_sink.Headers.ContainsKey("items.taken"));
    }

    [Theory]
    [InlineData("{", 400, "invalid_json")]
    [InlineData("[1,2]", 422, "invalid_json")]
    [InlineData("""{"event_id":"b"}""", 422, "missing_field")]
    public async Task What_gives_no_event_is_refused_and_put_aside(string payload, int status, string reason)
    {
        var answer = await PostAsync(payload);
        Assert.Equal(status, answer.Response.StatusCode);
        Assert.Equal($"urn:tokenstream:problem:{reason}", (string?)Body(answer)["type"]);
        Assert.Equal([payload], _sink.Values("dead"));
    }

    [Fact]
    public async Task A_token_of_a_tenant_writes_that_tenant_alone()
    {
        var answer = await PostAsync($"[{Event},{Event.Replace("acme", "globex", StringComparison.Ordinal)}]", tenant: "globex");
        Assert.Equal(["globex"], _sink.Records.Where(record => record.Partition.Topic == "in").Select(record => record.Key));
        Assert.Equal("tenant_not_allowed", (string?)Body(answer)["errors"]![0]!["reason"]);
        // Where the item stands in the payload is not known, so the whole of it is kept, and says that a part was taken.
        Assert.Equal("1", _sink.Headers["items.taken"]);
    }

    [Fact]
    public async Task What_names_no_tenant_is_the_tokens()
    {
        const string Payload =
            """{"litellm_call_id":"c","call_type":"completion","status":"success","startTime":1750000000.0,"endTime":1750000001.0,"model":"gpt-4o","custom_llm_provider":"openai","prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"metadata":{"usage_object":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}""";
        var answer = await PostAsync(Payload, source: PayloadSources.LiteLlm, tenant: "größe");
        Assert.True(answer.Response.StatusCode == 200, Body(answer).ToJsonString());
        var (_, key, value) = Assert.Single(_sink.Records);
        Assert.Equal(("größe", "größe"), (key, (string?)JsonNode.Parse(value)!["tenant_id"]));
    }

    [Fact]
    public async Task What_is_packed_is_unpacked_up_to_the_limit()
    {
        Assert.Equal(200, (await PostAsync(Packed(Encoding.UTF8.GetBytes(Event)), "gzip")).Response.StatusCode);
        Assert.Equal(413, (await PostAsync(Packed(new byte[MappingLimits.PayloadBytes + 1]), "gzip")).Response.StatusCode);
        Assert.Equal(413, (await PostAsync(new byte[MappingLimits.PayloadBytes + 1], "")).Response.StatusCode);
        Assert.Equal(400, (await PostAsync(Encoding.UTF8.GetBytes(Event), "gzip")).Response.StatusCode);
        Assert.Equal(415, (await PostAsync(Encoding.UTF8.GetBytes(Event), "br")).Response.StatusCode);
        Assert.Equal([Event], _sink.Values("in"));
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            zip.Write(bytes);
        }

        return packed.ToArray();
    }

    private static (int Status, string Body) Told(HttpContext answer) => (answer.Response.StatusCode, Body(answer).ToJsonString());

    private static JsonNode Body(HttpContext answer) => JsonNode.Parse(((MemoryStream)answer.Response.Body).ToArray())!;

    private PayloadReceiver Receiver(long inFlight = 256 << 20) => _receiver ??= new PayloadReceiver(
        new PayloadReceiverOptions { Topics = new LogTopics("in", "dead", 1), InFlightBytes = inFlight },
        _sink, _metrics.Receive, counters: null, new ManualTime(), NullLogger.Instance);

    private Task<HttpContext> PostAsync(string payload, PayloadSource? source = null, string? tenant = null, long inFlight = 256 << 20) =>
        PostAsync(Encoding.UTF8.GetBytes(payload), "", source, tenant, inFlight);

    private async Task<HttpContext> PostAsync(
        byte[] payload, string encoding, PayloadSource? source = null, string? tenant = null, long inFlight = 256 << 20)
    {
        var http = new DefaultHttpContext();
        http.Request.Body = new MemoryStream(payload);
        http.Request.ContentType = "application/json";
        http.Request.Headers.ContentEncoding = encoding;
        http.Response.Body = new MemoryStream();
        await Receiver(inFlight).TakeAsync(http, source ?? PayloadSources.Native, new EventsAnswer(), tenant);
        return http;
    }
}
