using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Runtime;
using TokenStream.Service.Alerting;
using TokenStream.Service.Options;
using TokenStream.Tests.Broker;
using Xunit;
using static TokenStream.Tests.Service.Alerting.AlertFixture;

namespace TokenStream.Tests.Service.Alerting;

public sealed class ReceiverDeliveryTests : IDisposable
{
    private readonly AlertFixture _receiver = new();
    private readonly ManualTime _clock = new();
    private readonly StreamMetrics _metrics = new();
    private readonly HttpClient _http;
    private AlertBook? _book;

    public ReceiverDeliveryTests() => _http = new HttpClient(_receiver);

    public void Dispose()
    {
        _http.Dispose();
        _metrics.Dispose();
        _receiver.Dispose();
    }

    [Fact]
    public async Task A_webhook_gets_the_alert_when_it_begins_and_when_it_ends()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.Webhook) with { Token = "secret" });
        _book!.Take(Begin(), 1, Untold);
        await StepAsync(delivery, 2);
        _book.Take(End(), 2, Untold);
        await StepAsync(delivery, 2);
        Assert.Equal(["firing", "resolved"], _receiver.Posted.Select(post => Text(post.Body["status"])));
        var (address, authorization, body) = _receiver.Posted[1];
        Assert.Equal(("http://receiver.example/hook", "Bearer secret"), (address.ToString(), authorization));
        Assert.Equal("2023-11-14T22:13:20.000Z 2023-11-14T22:14:20.000Z over acme", $"{body["started_at"]} {body["ended_at"]} {body["summary"]} {body["labels"]!["tenant"]}");
        Assert.Equal("100000000000000", Text(body["alert"]!["evidence"]!["limit"]));
    }

    [Fact]
    public async Task A_slack_shaped_webhook_gets_a_text_and_a_block_without_markup_of_others()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.Slack));
        _book!.Take(Begin() with { Summary = "a <!channel> & b" }, 1, Untold);
        await StepAsync(delivery, 1);
        var body = _receiver.Posted[0].Body;
        Assert.Equal("Page: burn_rate page: a <!channel> & b", Text(body["text"]));
        Assert.StartsWith("*Page: burn_rate page*\na &lt;!channel&gt; &amp; b\nspent: ", Text(body["blocks"]![0]!["text"]!["text"]), StringComparison.Ordinal);
        Assert.Contains("limit: 100.00 USD", Text(body["blocks"]![0]!["text"]!["text"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_acknowledgement_is_told_in_each_receivers_own_words()
    {
        foreach (var kind in Enum.GetValues<ReceiverKind>())
        {
            var delivery = Delivery(AReceiver(kind));
            _receiver.Posted.Clear();
            _book!.Take(Begin(), 1, Untold);
            await StepAsync(delivery, 2);
            _book.Take(Begin().Acknowledge("ada", "on it", StartMs + 5000), 2, Untold);
            await StepAsync(delivery, 2);
            Assert.Equal(2, _receiver.Posted.Count);
            var body = _receiver.Posted[1].Body;
            Assert.Equal(
                kind switch
                {
                    ReceiverKind.Alertmanager => "ada has taken on 'burn_rate page' of tenant=acme: on it",
                    ReceiverKind.Slack => "Acknowledged: burn_rate page: ada has taken on 'burn_rate page' of tenant=acme: on it",
                    ReceiverKind.PagerDuty => "acknowledge tokenstream/a",
                    _ => "acknowledged ada on it 2023-11-14T22:13:25.000Z",
                },
                kind switch
                {
                    ReceiverKind.Alertmanager => Text(body[0]!["annotations"]!["acknowledged"]),
                    ReceiverKind.Slack => Text(body["text"]),
                    ReceiverKind.PagerDuty => $"{body["event_action"]} {body["dedup_key"]}",
                    _ => $"{body["status"]} {body["acknowledged"]!["by"]} {body["acknowledged"]!["reason"]} {body["acknowledged"]!["at"]}",
                });
        }
    }

    [Fact]
    public async Task PagerDuty_gets_trigger_and_resolve_under_one_key()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.PagerDuty));
        _book!.Take(Begin(), 1, Untold);
        _book.Take(End(), 2, Untold);
        await StepAsync(delivery, 1);
        Assert.Equal(
            ["trigger tokenstream/a key critical", "resolve tokenstream/a key "],
            _receiver.Posted.Select(post => $"{post.Body["event_action"]} {post.Body["dedup_key"]} {post.Body["routing_key"]} {post.Body["payload"]?["severity"]}"));
    }

    [Fact]
    public async Task Alertmanager_is_told_states_each_minute_with_the_same_labels_and_an_end_ahead_while_they_last()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.Alertmanager) with { Url = "http://am.example/prefix/" });
        _book!.Take(Begin(), 1, Untold);
        _book.Take(Begin() with { Owner = "somebody-else" }, 2, Untold);
        await StepAsync(delivery, 4 * 125);
        Assert.Equal(3, _receiver.Posted.Count);
        Assert.All(_receiver.Posted, post => Assert.Equal("http://am.example/prefix/api/v2/alerts", post.Address.ToString()));
        Assert.Single(_receiver.Posted.Select(post => post.Body[0]!["labels"]!.ToJsonString()).Distinct());
        Assert.All(_receiver.Posted, post => Assert.True(Time(post.Body[0]!["endsAt"]) > _clock.GetUtcNow().AddMinutes(10)));
        _book.Take(End(), 3, Untold);
        await StepAsync(delivery, 1);
        Assert.Equal("2023-11-14T22:14:20.000Z", Text(_receiver.Posted[^1].Body[0]!["endsAt"]));
    }

    [Fact]
    public async Task A_receiver_that_is_away_is_tried_again_less_and_less_often_and_then_told_everything_once()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.Webhook));
        _receiver.Answers.Clear();
        _receiver.Answers.Enqueue(null);
        _book!.Take(Begin("a"), 1, Untold);
        await StepAsync(delivery, 4 * 300);
        Assert.InRange(_receiver.Posted.Count, 15, 40);
        Assert.True(delivery.IsAway);
        _book.Take(Begin("b"), 2, Untold);
        _book.Take(End("b"), 3, Untold);
        _receiver.Posted.Clear();
        _receiver.Answers.Clear();
        _receiver.Answers.Enqueue(HttpStatusCode.TooManyRequests);
        _receiver.Answers.Enqueue(HttpStatusCode.Accepted);
        await StepAsync(delivery, 4 * 62);
        Assert.Equal(["a firing", "a firing", "b firing", "b resolved"], _receiver.Posted.Select(post => $"{post.Body["fingerprint"]} {post.Body["status"]}"));
        Assert.False(delivery.IsAway);
    }

    [Fact]
    public async Task What_is_refused_for_good_is_passed_over()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.Webhook));
        _receiver.Answers.Clear();
        _receiver.Answers.Enqueue(HttpStatusCode.BadRequest);
        _receiver.Answers.Enqueue(HttpStatusCode.OK);
        _book!.Take(Begin("a"), 1, Untold);
        _book.Take(Begin("b"), 2, Untold);
        await StepAsync(delivery, 10);
        Assert.Equal(["a", "b"], _receiver.Posted.Select(post => Text(post.Body["fingerprint"])));
    }

    [Fact]
    public async Task Nothing_is_told_before_the_end_of_the_topic_is_reached_or_while_another_node_delivers()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.Webhook));
        var book = new AlertBook([AReceiver(ReceiverKind.Webhook)]);
        book.Take(Begin(), 1, Untold);
        _book = book;
        await StepAsync(delivery, 2);
        _book = null;
        await StepAsync(delivery, 2);
        Assert.Empty(_receiver.Posted);
    }

    [Fact]
    public async Task A_secret_that_cannot_be_read_is_tried_again()
    {
        var delivery = Delivery(AReceiver(ReceiverKind.Webhook) with { Token = "${file:/nowhere/at/all}" });
        _book!.Take(Begin(), 1, Untold);
        await StepAsync(delivery, 1);
        Assert.True(delivery.IsAway);
        Assert.Empty(_receiver.Posted);
    }

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static DateTimeOffset Time(JsonNode? node) => DateTimeOffset.Parse(Text(node), CultureInfo.InvariantCulture);

    private ReceiverDelivery Delivery(ReceiverOptions receiver)
    {
        _book = Book(receiver);
        return new ReceiverDelivery(0, receiver, () => _book, _http, _clock, _metrics.Alerts, NullLogger.Instance);
    }

    private async Task StepAsync(ReceiverDelivery delivery, int quarters)
    {
        for (var i = 0; i < quarters; i++)
        {
            _clock.Advance(250);
            await delivery.StepAsync(CancellationToken.None);
        }
    }
}
