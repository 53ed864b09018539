using System.Net;
using System.Text.Json.Nodes;
using TokenStream.Governing.Alerts;
using TokenStream.Service.Alerting;
using TokenStream.Service.Options;
using TokenStream.Tests.Governing.Alerts;

namespace TokenStream.Tests.Service.Alerting;

/// <summary>Alerts, and a receiver that writes down what is posted to it and answers as told.</summary>
internal sealed class AlertFixture : HttpMessageHandler
{
    public const long StartMs = 1_700_000_000_000;

    public static readonly bool[] Untold = [false, false, false, false];

    /// <summary>Status of the next answers; null does not answer at all. The last one goes on.</summary>
    public Queue<HttpStatusCode?> Answers { get; } = new([HttpStatusCode.OK]);

    public List<(Uri Address, string? Authorization, JsonNode Body)> Posted { get; } = [];

    public static ReceiverOptions AReceiver(ReceiverKind kind) => new()
    {
        Name = "one",
        Kind = kind,
        Url = "http://receiver.example/hook",
        RoutingKey = kind == ReceiverKind.PagerDuty ? "key" : null,
    };

    public static Alert Begin(string fingerprint = "a", long startedMs = StartMs) => Alert.Of(AlertFormatTests.Burning()) with
    {
        Fingerprint = fingerprint,
        StartedMs = startedMs,
        AtMs = startedMs,
    };

    public static Alert End(string fingerprint = "a", long startedMs = StartMs, long endedMs = StartMs + 60_000) => Begin(fingerprint, startedMs) with
    {
        AtMs = endedMs,
        EndedMs = endedMs,
        Summary = "over",
    };

    public static AlertBook Book(params ReceiverOptions[] receivers)
    {
        var book = new AlertBook(receivers);
        book.BecomeReady([]);
        return book;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!;
        Posted.Add((request.RequestUri!, request.Headers.Authorization?.ToString(), body));
        var answer = Answers.Count > 1 ? Answers.Dequeue() : Answers.Peek();
        return answer is { } status ? new HttpResponseMessage(status) : throw new HttpRequestException("Connection refused");
    }
}
