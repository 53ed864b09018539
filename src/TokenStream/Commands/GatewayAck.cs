namespace TokenStream.Commands;

/// <summary>What a gateway says on the acks topic: that a command reached it, what it has promised to requests in flight, or how its leases stand.</summary>
public sealed record GatewayAck
{
    public required GatewayAckKind Kind { get; init; }

    public required string GatewayId { get; init; }

    /// <summary>Its clock when it wrote this.</summary>
    public required long AtMs { get; init; }

    /// <summary>For a command: its id, record key and version, when it came in and from when on decisions obeyed it.</summary>
    public string? CommandId { get; init; }

    public string? Key { get; init; }

    public CommandVersion Version { get; init; }

    public long ReceivedMs { get; init; }

    public long AppliedMs { get; init; }

    /// <summary>For reservations: what tenants' requests in flight may still use. Tenants without any are left out.</summary>
    public IReadOnlyList<TenantReservation> Reservations { get; init; } = [];

    /// <summary>For leases: how its slices stand.</summary>
    public IReadOnlyList<LeaseReport> Leases { get; init; } = [];
}

public enum GatewayAckKind
{
    /// <summary>A command came in while the gateway was following the topic: enforcement is measured from these.</summary>
    Applied,

    /// <summary>A command was found when the gateway started: it is obeyed from then on, and says nothing of how fast.</summary>
    Loaded,

    /// <summary>What requests in flight may still use.</summary>
    Reservations,

    /// <summary>How slices of leases stand; what is granted next is divided by these.</summary>
    Leases,
}

/// <summary>Requests of a tenant that were let in and have not ended, and the tokens they may use: tokens in and at most tokens out.</summary>
public readonly record struct TenantReservation(string Tenant, long Requests, long Tokens);
