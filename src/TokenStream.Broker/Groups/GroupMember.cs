namespace TokenStream.Broker.Groups;

/// <summary>A way of assigning that a member supports, and its subscription in that way's form, which only clients read.</summary>
internal readonly record struct MemberProtocol(string Name, byte[] Metadata);

/// <summary>A member of a group, guarded by the group's lock.</summary>
internal sealed class GroupMember(string id, JoinRequest request)
{
    public string Id { get; set; } = id;

    public string? InstanceId { get; } = request.InstanceId;

    public string ClientId { get; private set; } = request.ClientId;

    public string ClientHost { get; private set; } = request.ClientHost;

    public int SessionTimeoutMs { get; private set; } = request.SessionTimeoutMs;

    public int RebalanceTimeoutMs { get; private set; } = request.RebalanceTimeoutMs;

    public MemberProtocol[] Protocols { get; private set; } = request.Protocols;

    public byte[] Assignment { get; set; } = [];

    /// <summary>Time on the group's clock at which the member counts as gone, unless it waits for an answer of ours.</summary>
    public long ExpiresAtMs { get; set; }

    /// <summary>The join that is held back, if any.</summary>
    public TaskCompletionSource<JoinResult>? Joining { get; set; }

    /// <summary>The sync that is held back, if any.</summary>
    public TaskCompletionSource<SyncResult>? Syncing { get; set; }

    /// <summary>Whether the member asked for its assignment in this generation.</summary>
    public bool HasSynced { get; set; }

    /// <summary>Bytes that count against <see cref="GroupOptions.MaxMemberBytes"/>.</summary>
    public long Bytes => Protocols.Sum(p => (long)p.Metadata.Length + p.Name.Length) + Assignment.Length;

    public bool WaitsForUs => Joining is not null || Syncing is not null;

    public void Update(JoinRequest request)
    {
        ClientId = request.ClientId;
        ClientHost = request.ClientHost;
        SessionTimeoutMs = request.SessionTimeoutMs;
        RebalanceTimeoutMs = request.RebalanceTimeoutMs;
        Protocols = request.Protocols;
    }

    public bool Supports(string protocol) => Array.Exists(Protocols, p => p.Name == protocol);

    public byte[] MetadataOf(string protocol) => Array.Find(Protocols, p => p.Name == protocol).Metadata ?? [];

    public bool HasProtocols(MemberProtocol[] others)
        => Protocols.Length == others.Length
            && Protocols.Zip(others).All(pair => pair.First.Name == pair.Second.Name && pair.First.Metadata.AsSpan().SequenceEqual(pair.Second.Metadata));
}
