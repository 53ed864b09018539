using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Events;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Alerting;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream alerts</c>: what lasts, and whether a receiver takes alerts.</summary>
internal static class AlertsCommand
{
    private static readonly Option<bool> All = new("--all") { Description = "Those that are over and events too." };

    internal static Command Create()
    {
        var receiver = new Argument<string>("receiver") { Description = "The receiver's name in the configuration (alerts: receivers:)." };
        var list = new Command("list", "List the alerts that last.") { All };
        var test = new Command("test", "Send a receiver an alert that fires and one that resolves it.") { receiver };
        list.SetAction((parsed, _) => GuardAsync(() => Task.FromResult(List(Connections.Options(parsed), parsed.GetValue(All)))));
        test.SetAction(
            (parsed, cancellation) => GuardAsync(() => TestAsync(Connections.Options(parsed), parsed.GetValue(receiver)!, cancellation)));
        var command = new Command("alerts", "Look at alerts and try out their receivers.") { list, test };
        Connections.AddKafka(command);
        return command;
    }

    private static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception failure) when (failure is NodeStartException or KafkaUnavailableException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static int List(NodeOptions options, bool all)
    {
        using var topic = new ConfigurationTopic(
            Connections.ToKafka(options), options.Topics.Alerts, "tokenstream-alerts-list", NullLogger.Instance);
        topic.ReadToEnd();
        var alerts = topic.Entries.Values.OrderBy(record => record.Offset)
            .Select(record => record.Value is { } value && AlertFormat.TryRead(value, out Alert? alert) ? alert : null)
            .OfType<Alert>().Where(alert => all || (alert.Lasts && alert.EndedMs is null)).ToList();
        foreach (var alert in alerts)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{UtcText.Of(alert.StartedMs)}  {(alert.EndedMs is { } ended ? UtcText.Of(ended) : "lasts"),-20}  {alert.Severity,-6}  " +
                $"{alert.Name,-16}  {alert.Summary}"));
        }

        if (alerts.Count == 0)
        {
            Console.WriteLine(all ? "There are no alerts." : "No alert lasts.");
        }

        return 0;
    }

    private static async Task<int> TestAsync(NodeOptions options, string name, CancellationToken cancellation)
    {
        if (options.Receivers.FirstOrDefault(one => one.Name == name) is not { } receiver)
        {
            var known = options.Receivers.Count == 0
                ? "the configuration names none (--config FILE, alerts: receivers:)"
                : string.Join(", ", options.Receivers.Select(one => one.Name));
            throw new NodeStartException($"there is no receiver '{name}'; known: {known}.");
        }

        using var http = AlertDelivery.Client();
        var now = TimeProvider.System.GetUtcNow();
        var alert = Sample(now.ToUnixTimeMilliseconds());
        var lasting = new LastingAlert(alert, 0, 1);
        foreach (var endedMs in new long?[] { null, alert.AtMs })
        {
            if (await SendAsync(http, receiver, new Notification(lasting, alert, alert, endedMs), now, cancellation) is { } problem)
            {
                await Console.Error.WriteLineAsync($"{receiver.Name} did not take the test alert: {problem}");
                return 1;
            }
        }

        Console.WriteLine($"{receiver.Name} took a test alert and its end.");
        return 0;
    }

    private static async Task<string?> SendAsync(
        HttpClient http, ReceiverOptions receiver, Notification notification, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromSeconds(10));
            using var request = AlertRequests.Make(receiver, [notification], now);
            using var answer = await http.SendAsync(request, patience.Token);
            var body = await answer.Content.ReadAsStringAsync(patience.Token);
            return answer.IsSuccessStatusCode
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"it answers {(int)answer.StatusCode}: {body}");
        }
        catch (Exception failure) when (failure is HttpRequestException or InvalidOperationException)
        {
            return failure.Message;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return "it does not answer within 10 s";
        }
    }

    private static Alert Sample(long nowMs) => new()
    {
        Fingerprint = string.Create(CultureInfo.InvariantCulture, $"{nowMs:x16}"),
        Kind = TransitionKind.Threshold,
        Name = "test",
        Severity = AlertSeverity.Info,
        Notifies = true,
        AtMs = nowMs,
        StartedMs = nowMs,
        Budget = "test",
        Scope = "all",
        Summary = "This is a test of TokenStream's alerts; there is nothing to do.",
    };
}
