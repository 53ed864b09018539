using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Receiver;
using TokenStream.Receiver.Http;
using TokenStream.Receiver.Intake;
using TokenStream.Runtime;
using TokenStream.Tests.Broker;
using Xunit;

namespace TokenStream.Tests.Receiving;

public sealed class OpenMeterAddressTests
{
    private const string Event = """
        {"specversion":"1.0","id":"e-1","source":"gw","type":"llm","subject":"acme","time":"2026-11-20T22:04:24Z",
         "data":{"provider":"openai","model":"m","usage":{"prompt_tokens":5,"completion_tokens":1}}}
        """;

    /// <summary>OpenMeter's clients take anything but 204 for a failure.</summary>
    [Theory]
    [InlineData("application/cloudevents+json", Event, HttpStatusCode.NoContent, 1)]
    [InlineData("application/cloudevents-batch+json", "[" + Event + "]", HttpStatusCode.NoContent, 1)]
    [InlineData("application/cloudevents-batch+json", "[]", HttpStatusCode.NoContent, 0)]
    [InlineData("application/cloudevents+json", "{\"specversion\":\"1.0\"}", HttpStatusCode.UnprocessableEntity, 0)]
    public async Task OpenMeters_clients_are_answered_as_OpenMeter_does(string type, string body, HttpStatusCode status, int events)
    {
        using var sink = new ListSink();
        using var metrics = new StreamMetrics();
        using var receiver = new PayloadReceiver(
            new PayloadReceiverOptions { Topics = new LogTopics("in", "dead", 1), InFlightBytes = 1 << 20 },
            sink, metrics.Receive, counters: null, new ManualTime(), NullLogger.Instance);
        await using var server = await ReceiveServer.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0), receiver, _ => (new Sender(null), null), CancellationToken.None);
        using var client = new HttpClient();
        using var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);

        using var answer = await client.PostAsync(new Uri($"http://{server.Address}/api/v1/events"), content);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(events, sink.Values("in").Count());
    }
}
