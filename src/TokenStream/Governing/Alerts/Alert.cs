using TokenStream.Governing.Evaluation;
using TokenStream.Scopes;

namespace TokenStream.Governing.Alerts;

/// <summary>
/// A transition as it lies on <c>tokenstream.alerts</c>, under its fingerprint as the key: docs/alerts.md. What <see cref="Lasts"/> is told
/// when it begins and again when it ends, with the same fingerprint, name and start; events are written down and not sent to anybody.
/// </summary>
public sealed record Alert
{
    public required string Fingerprint { get; init; }

    public required TransitionKind Kind { get; init; }

    /// <summary>The kind, and what of it: <c>threshold 80</c>.</summary>
    public required string Name { get; init; }

    public required AlertSeverity Severity { get; init; }

    /// <summary>Whether it is sent to people.</summary>
    public bool Notifies { get; init; }

    public required long AtMs { get; init; }

    public required long StartedMs { get; init; }

    /// <summary>Null while it lasts.</summary>
    public long? EndedMs { get; init; }

    /// <summary>Empty where it is about no single budget.</summary>
    public required string Budget { get; init; }

    public required string Scope { get; init; }

    public long BudgetSetVersion { get; init; }

    /// <summary>Null but for changes of the state.</summary>
    public BudgetState? From { get; init; }

    public BudgetState? To { get; init; }

    public string? CommandId { get; init; }

    public string? Owner { get; init; }

    public string? Route { get; init; }

    public required string Summary { get; init; }

    /// <summary>Who has taken it on, or resolved its anomaly; null where nobody has.</summary>
    public string? By { get; init; }

    /// <summary>What they say; of an anomaly that is not sent, or no longer, why.</summary>
    public string? Reason { get; init; }

    public EvaluationFigures? Evidence { get; init; }

    /// <summary>Null but for anomalies.</summary>
    public AnomalyFigures? Anomaly { get; init; }

    /// <summary>Whether it is of a kind that begins and ends, rather than an event.</summary>
    public bool Lasts => Kind is not (TransitionKind.State or TransitionKind.Issued or TransitionKind.Released or TransitionKind.WouldIssue
        or TransitionKind.WouldRelease or TransitionKind.Acknowledged);

    /// <summary>Says that a person has taken on this alert, which lasts.</summary>
    public Alert Acknowledge(string by, string reason, long nowMs) => this with
    {
        Kind = TransitionKind.Acknowledged,
        Name = "acknowledged",
        Notifies = false,
        AtMs = nowMs,
        EndedMs = Math.Max(nowMs, StartedMs),
        Summary = $"{by} has taken on '{Name}'{(Scope.Length > 0 ? $" of {Scope}" : "")}: {reason}",
        By = by,
        Reason = reason,
        Evidence = null,
        Anomaly = null,
    };

    public static Alert Of(BudgetTransition transition) => new()
    {
        Fingerprint = transition.Fingerprint,
        Kind = transition.Kind,
        Name = transition.Name,
        Severity = transition.Severity,
        Notifies = transition.Notifies,
        AtMs = transition.AtMs,
        StartedMs = transition.StartedMs,
        EndedMs = transition.EndedMs,
        Budget = transition.Budget,
        Scope = transition.Scope,
        BudgetSetVersion = transition.BudgetSetVersion,
        From = transition.From == transition.To ? null : transition.From,
        To = transition.From == transition.To ? null : transition.To,
        CommandId = transition.CommandId,
        Owner = transition.Owner,
        Route = transition.Route,
        Summary = transition.Summary,
        Evidence = transition.Evidence is { } evaluation ? EvaluationFigures.Of(evaluation) : null,
    };

    /// <summary>What receivers tell alerts apart by, in order of the names. Taken from the record that began it, constant while it lasts.</summary>
    public IReadOnlyDictionary<string, string> Labels()
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["alert"] = Name,
            ["alertname"] = $"TokenStream{Kind}",
            ["severity"] = Severity.ToString().ToLowerInvariant(),
        };
        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                labels.Add(name, value);
            }
        }

        Add("budget", Budget);
        Add("scope", Scope);
        Add("owner", Owner);
        Add("route", Route);
        if (Anomaly is { } anomaly)
        {
            Add("environment", anomaly.Environment);
            Add("measure", AnomalyFigures.Word(anomaly.Measure));
        }

        if (Scopes.Scope.TryParse(Scope, out var scope, out _) && scope[ScopeDimension.Tenant] is { Kind: ScopeTermKind.Exact } tenant)
        {
            labels.Add("tenant", tenant.Text);
        }

        return labels;
    }
}
