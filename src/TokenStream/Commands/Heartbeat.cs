namespace TokenStream.Commands;

/// <summary>
/// Says each second, for one partition of the commands topic, that its owner lives and what it has issued. A gateway that reads it knows
/// that it has missed no command before it.
/// </summary>
public sealed record Heartbeat
{
    public const string KeyPrefix = "heartbeat/";

    public required int Partition { get; init; }

    /// <summary>Of the partition's owner: its epoch and the counter of its last command.</summary>
    public required CommandVersion Version { get; init; }

    public required long AtMs { get; init; }

    /// <summary>Commands in force in the partition.</summary>
    public int ActiveCommands { get; init; }

    /// <summary>Tenants of the partition that spent something within the last hour: what the breaker's share is a share of.</summary>
    public int ActiveTenants { get; init; }

    /// <summary>Tenants of the partition newly hit by automatic hard commands within the breaker's ten minutes.</summary>
    public int HitTenants { get; init; }

    /// <summary>Whether a person has paused automatic commands.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Whether the partition's breaker is open: the others hold back with it.</summary>
    public bool IsBreakerOpen { get; init; }

    /// <summary>The key of its record.</summary>
    public string Key => KeyOf(Partition);

    public static string KeyOf(int partition) => FormattableString.Invariant($"{KeyPrefix}{partition}");
}
