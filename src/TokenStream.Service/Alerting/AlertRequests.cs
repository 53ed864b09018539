using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Options;

namespace TokenStream.Service.Alerting;

/// <summary>What is posted to each kind of receiver: docs/alerts.md. Secrets are read here, at each attempt, and go nowhere else.</summary>
internal static class AlertRequests
{
    /// <summary>
    /// Alertmanager holds an alert to be over when nobody has repeated it for so long: longer than a receiver or a node is away, so that an
    /// alert that still lasts does not end in between.
    /// </summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(15);

    private const int MostSummaryCharacters = 1000;

    /// <summary>The end of the year 9999.</summary>
    private const long LatestMs = 253_402_300_799_999;

    /// <exception cref="InvalidOperationException">A secret cannot be read.</exception>
    public static HttpRequestMessage Make(ReceiverOptions receiver, IReadOnlyList<Notification> notifications, DateTimeOffset now)
    {
        var url = SecretReference.Resolve(receiver.Url);
        JsonNode body = receiver.Kind switch
        {
            ReceiverKind.Alertmanager => new JsonArray([.. notifications.Select(notification => Alertmanager(notification, now))]),
            ReceiverKind.Slack => Slack(notifications[0]),
            ReceiverKind.PagerDuty => PagerDuty(notifications[0], SecretReference.Resolve(receiver.RoutingKey!)),
            _ => Webhook(notifications[0]),
        };
        var request = new HttpRequestMessage(HttpMethod.Post, receiver.Kind == ReceiverKind.Alertmanager ? url.TrimEnd('/') + "/api/v2/alerts" : url)
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString())) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        if (receiver.Token is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", SecretReference.Resolve(token));
        }

        return request;
    }

    private static JsonObject Alertmanager(in Notification notification, DateTimeOffset now) => new()
    {
        ["labels"] = Labels(notification.First),
        ["annotations"] = new JsonObject([
            new("summary", notification.Last.Summary),
            .. new[] { notification.Acknowledged }.OfType<Alert>().Select(taken => KeyValuePair.Create<string, JsonNode?>("acknowledged", taken.Summary)),
            .. Evidence(notification.Last).Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Name, pair.Value)),
        ]),
        ["startsAt"] = Time(notification.First.StartedMs),
        ["endsAt"] = notification.EndedMs is { } ended ? Time(ended) : Text(now + Validity),
    };

    private static JsonObject Webhook(in Notification notification) => new()
    {
        ["version"] = 1,
        ["status"] = notification.What.ToString().ToLowerInvariant(),
        ["fingerprint"] = notification.First.Fingerprint,
        ["started_at"] = Time(notification.First.StartedMs),
        ["ended_at"] = notification.EndedMs is { } ended ? Time(ended) : null,
        ["acknowledged"] = notification.Acknowledged is { } taken
            ? new JsonObject { ["by"] = taken.By, ["at"] = Time(taken.AtMs), ["reason"] = taken.Reason }
            : null,
        ["labels"] = Labels(notification.First),
        ["summary"] = notification.Last.Summary,
        ["alert"] = JsonNode.Parse(AlertFormat.Write(notification.Last))!["alert"]!.DeepClone(),
    };

    private static JsonObject Slack(in Notification notification)
    {
        var title = $"{(notification.What == Told.Firing ? notification.First.Severity : notification.What)}: {notification.First.Name}";
        var summary = notification is { What: Told.Acknowledged, Acknowledged: { } taken } ? taken.Summary : notification.Last.Summary;
        var text = new StringBuilder($"*{Escaped(title)}*\n{Escaped(summary)}");
        foreach (var (name, value) in Evidence(notification.Last))
        {
            text.Append('\n').Append(name).Append(": ").Append(Escaped(value));
        }

        return new JsonObject
        {
            // Shown where blocks are not: in notifications.
            ["text"] = $"{title}: {summary}",
            ["blocks"] = new JsonArray(new JsonObject
            {
                ["type"] = "section",
                ["text"] = new JsonObject { ["type"] = "mrkdwn", ["text"] = text.ToString() },
            }),
        };
    }

    private static JsonObject PagerDuty(in Notification notification, string routingKey)
    {
        var first = notification.First;
        var request = new JsonObject
        {
            ["routing_key"] = routingKey,
            ["event_action"] = notification.What switch { Told.Firing => "trigger", Told.Acknowledged => "acknowledge", _ => "resolve" },
            ["dedup_key"] = $"tokenstream/{first.Fingerprint}",
        };
        if (notification.What == Told.Firing)
        {
            request["payload"] = new JsonObject
            {
                ["summary"] = Shortened(notification.Last.Summary),
                ["source"] = first.Scope.Length > 0 ? first.Scope : "tokenstream",
                ["severity"] = first.Severity switch { AlertSeverity.Page => "critical", AlertSeverity.Ticket => "warning", _ => "info" },
                ["timestamp"] = Time(first.StartedMs),
                ["component"] = "tokenstream",
                ["group"] = first.Budget.Length > 0 ? first.Budget : first.Anomaly?.Tenant ?? "",
                ["class"] = first.Name,
                ["custom_details"] = new JsonObject([
                    .. Evidence(notification.Last).Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Name, pair.Value)),
                ]),
            };
        }

        return request;
    }

    /// <summary>The figures of an alert for people.</summary>
    private static IEnumerable<(string Name, string Value)> Evidence(Alert alert)
    {
        if (alert.Anomaly is { } anomaly)
        {
            foreach (var pair in Evidence(anomaly))
            {
                yield return pair;
            }
        }

        if (alert.Evidence is not { } figures)
        {
            yield break;
        }

        yield return ("spent", Amount(figures.Spent, figures.IsTokens));
        yield return ("limit", Amount(figures.Limit, figures.IsTokens));
        if (figures.UnpricedBound > 0)
        {
            yield return ("unpriced_bound", Amount(figures.UnpricedBound, figures.IsTokens));
        }

        yield return ("demand_per_minute", Amount(figures.DemandPerMinute, figures.IsTokens));
        if (figures.BurnRates.Count > 0)
        {
            yield return ("burn_rates", string.Join(", ", figures.BurnRates.Select(pair => string.Create(
                CultureInfo.InvariantCulture, $"{pair.LongRate:0.0}x in {pair.LongMs / 60_000} min, {pair.ShortRate:0.0}x in {pair.ShortMs / 60_000} min"))));
        }

        if (figures.ExhaustedAtMs is { } exhausted)
        {
            yield return ("exhausted_at", Time(exhausted));
        }
    }

    private static IEnumerable<(string Name, string Value)> Evidence(AnomalyFigures anomaly)
    {
        // A digest counts places, and a clock's drift is a share: their summaries say so.
        if (anomaly is { AnomalyKind: AnomalyKind.Spike or AnomalyKind.Silence, Value: { } value, Expected: { } expected })
        {
            yield return ("seen", AnomalyText.Quantity(anomaly.Measure, value));
            yield return ("expected", AnomalyText.Quantity(anomaly.Measure, expected));
        }

        yield return ("per_hour", Amount(anomaly.CostPerHour, isTokens: false));
        yield return ("so_far", Amount(anomaly.ExcessCost, isTokens: false));
        if (anomaly.Cause is { } cause)
        {
            yield return ("cause", cause);
        }

        if (anomaly.Note is { } note)
        {
            yield return ("note", note);
        }
    }

    /// <summary>To the microdollar, at least to the cent; without a decimal, which does not hold 128 bits.</summary>
    private static string Amount(Int128 amount, bool isTokens)
    {
        if (isTokens)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{amount} tokens");
        }

        var micro = Int128.Abs(amount / 1_000_000);
        var fraction = ((long)(micro % 1_000_000)).ToString("D6", CultureInfo.InvariantCulture);
        fraction = fraction[..2] + fraction[2..].TrimEnd('0');
        return string.Create(CultureInfo.InvariantCulture, $"{(amount < 0 ? "-" : "")}{micro / 1_000_000}.{fraction} USD");
    }

    private static JsonObject Labels(Alert alert) =>
        new(alert.Labels().Select(label => KeyValuePair.Create<string, JsonNode?>(label.Key, label.Value)));

    private static string Time(long unixMs) => Text(DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(unixMs, 0, LatestMs)));

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private static string Shortened(string text) => text.Length <= MostSummaryCharacters ? text : text[..MostSummaryCharacters];

    private static string Escaped(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
