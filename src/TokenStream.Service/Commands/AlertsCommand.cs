using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Events;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Alerting;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream alerts</c>: what lasts, who has taken it on, and whether a receiver takes alerts.</summary>
internal static class AlertsCommand
{
    private static readonly Option<bool> All = new("--all") { Description = "Those that are over and events too." };

    internal static Command Create()
    {
        var receiver = new Argument<string>("receiver") { Description = "The receiver's name in the configuration (alerts: receivers:)." };
        var fingerprint = new Argument<string>("fingerprint") { Description = "The alert's fingerprint, as `alerts list` shows it." };
        var reason = new Option<string?>("--reason") { Description = "What you do about it; kept in the audit." };
        var list = new Command("list", "List the alerts that last.") { All };
        var ack = new Command("ack", "Take an alert on: nobody else is called for it until it is over.") { fingerprint, reason };
        var test = new Command("test", "Send a receiver an alert that fires and one that resolves it.") { receiver };
        list.SetAction((parsed, _) => GuardAsync(() => Task.FromResult(List(Connections.Options(parsed), parsed.GetValue(All)))));
        ack.SetAction((parsed, _) => GuardAsync(() =>
            AcknowledgeAsync(Connections.Options(parsed), parsed.GetValue(fingerprint)!, parsed.GetValue(reason))));
        test.SetAction(
            (parsed, cancellation) => GuardAsync(() => TestAsync(Connections.Options(parsed), parsed.GetValue(receiver)!, cancellation)));
        var command = new Command("alerts", "Look at alerts, take them on, and try out their receivers.") { list, ack, test };
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
        if (!all)
        {
            return ListOpen(options);
        }

        using var topic = new ConfigurationTopic(
            Connections.ToKafka(options), options.Topics.Alerts, "tokenstream-alerts-list", NullLogger.Instance);
        topic.ReadToEnd();
        var alerts = topic.Entries.Values.OrderBy(record => record.Offset)
            .Select(record => record.Value is { } value && AlertFormat.TryRead(value, out Alert? alert) ? alert : null)
            .OfType<Alert>().ToList();
        foreach (var alert in alerts)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{UtcText.Of(alert.StartedMs)}  {(alert.EndedMs is { } ended ? UtcText.Of(ended) : "lasts"),-20}  {alert.Severity,-6}  " +
                $"{alert.Name,-16}  {alert.Summary}"));
        }

        if (alerts.Count == 0)
        {
            Console.WriteLine("There are no alerts.");
        }

        return 0;
    }

    private static int ListOpen(NodeOptions options)
    {
        using var connection = new AlertConnection(options);
        var open = connection.Alerts.Read();
        foreach (var (alert, acknowledged) in open)
        {
            var taken = acknowledged is null ? "" : $"  [{acknowledged.By} since {UtcText.Of(acknowledged.AtMs)}: {acknowledged.Reason}]";
            Console.WriteLine(
                $"{alert.Fingerprint}  {UtcText.Of(alert.StartedMs)}  {alert.Severity,-6}  {alert.Name,-16}  {alert.Summary}{taken}");
        }

        Console.WriteLine(open.Count == 0 ? "No alert lasts." : "Take one on: tokenstream alerts ack FINGERPRINT --reason ..");
        return 0;
    }

    private static async Task<int> AcknowledgeAsync(NodeOptions options, string fingerprint, string? reason)
    {
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new NodeStartException("--reason must be said: it is kept in the audit.");
        }

        using var connection = new AlertConnection(options);
        var before = connection.Alerts.Read().FirstOrDefault(open => open.Alert.Fingerprint == fingerprint)?.Acknowledged;
        var open = await connection.Alerts.AcknowledgeAsync(fingerprint, reason.Trim(), Actor.CommandLine)
            ?? throw new NodeStartException(
                $"no alert with the fingerprint {fingerprint} lasts; `tokenstream alerts list` shows those that do.");
        Console.WriteLine(before is null
            ? $"'{open.Alert.Name}' is yours: nobody else is called for it until it is over. Alertmanager keeps silences of its own."
            : $"'{open.Alert.Name}' was taken on by {before.By} at {UtcText.Of(before.AtMs)} already: {before.Reason}");
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

/// <summary>What a command needs of the alerts topic.</summary>
internal sealed class AlertConnection : IDisposable
{
    private readonly Audit _audit;

    public AlertConnection(NodeOptions options)
    {
        var kafka = Connections.ToKafka(options);
        _audit = new Audit(options, kafka, TimeProvider.System, NullLogger.Instance);
        try
        {
            Alerts = new AlertList(options, kafka, _audit, TimeProvider.System, NullLogger.Instance);
        }
        catch (KafkaUnavailableException)
        {
            _audit.Dispose();
            throw;
        }
    }

    public AlertList Alerts { get; }

    public void Dispose()
    {
        Alerts.Dispose();
        _audit.Dispose();
    }
}
