using TokenStream.Scopes;

namespace TokenStream.Commands;

/// <summary>
/// What a person asks of gateways. It is not a command: the owner of the scope's partition turns it into a signed one, so that each key of
/// the commands topic has a single writer. Times are milliseconds since the Unix epoch.
/// </summary>
public sealed record ManualRequest
{
    /// <summary>Unique; <c>[a-z0-9][a-z0-9-]*</c>, at most 64 characters.</summary>
    public required string Id { get; init; }

    public required CommandAction Action { get; init; }

    public required Scope Scope { get; init; }

    public ActionParameters Parameters { get; init; } = ActionParameters.Nothing;

    /// <summary>From then on it asks for nothing; null until it is released.</summary>
    public long? UntilMs { get; init; }

    public required string Reason { get; init; }

    /// <summary>Who asks.</summary>
    public required string By { get; init; }

    public required long AtMs { get; init; }

    /// <summary>When a person took it back; null where nobody did.</summary>
    public long? ReleasedMs { get; init; }

    public string? ReleasedBy { get; init; }

    public string? ReleasedReason { get; init; }

    /// <summary>The source of its command.</summary>
    public string Source => $"manual/{Id}";

    public bool IsInForce(long nowMs) => ReleasedMs is null && !(UntilMs <= nowMs);
}
