using TokenStream.Governing.Alerts;

namespace TokenStream.Service.Options;

/// <summary>What a receiver of alerts speaks.</summary>
internal enum ReceiverKind
{
    /// <summary>Prometheus Alertmanager's v2 API.</summary>
    Alertmanager,

    /// <summary>The alert's JSON, one request each.</summary>
    Webhook,

    /// <summary>An incoming webhook of Slack, or of what understands the same.</summary>
    Slack,

    /// <summary>PagerDuty's Events API v2.</summary>
    PagerDuty,
}

/// <summary>Somewhere that alerts are sent to. An empty list lets every alert pass.</summary>
internal sealed record ReceiverOptions
{
    public const int Most = 32;
    public const int MostNameCharacters = 40;
    public const string PagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";

    /// <summary>Unique; <c>[a-z0-9][a-z0-9._-]*</c>.</summary>
    public required string Name { get; init; }

    public required ReceiverKind Kind { get; init; }

    /// <summary>Where to post; may be a secret reference, as Slack's addresses are secrets.</summary>
    public required string Url { get; init; }

    /// <summary>Sent as a bearer token; may be a secret reference.</summary>
    public string? Token { get; init; }

    /// <summary>PagerDuty's integration key; may be a secret reference.</summary>
    public string? RoutingKey { get; init; }

    public IReadOnlyList<string> Routes { get; init; } = [];

    public IReadOnlyList<string> Owners { get; init; } = [];

    public IReadOnlyList<AlertSeverity> Severities { get; init; } = [];

    /// <summary>Whether an alert is for it.</summary>
    public bool Takes(Alert alert) =>
        (Routes.Count == 0 || Routes.Contains(alert.Route ?? "", StringComparer.Ordinal)) &&
        (Owners.Count == 0 || Owners.Contains(alert.Owner ?? "", StringComparer.Ordinal)) &&
        (Severities.Count == 0 || Severities.Contains(alert.Severity));
}
