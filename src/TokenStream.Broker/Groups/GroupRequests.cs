using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Groups;

/// <summary>A member asks to be part of the next generation.</summary>
/// <param name="MemberId">Empty the first time.</param>
/// <param name="InstanceId">Name that a static member keeps over restarts, or null.</param>
/// <param name="RequireKnownId">A first join is answered with an id (error 79) and only the second one counts, so that a client that gives up
/// in between leaves no member behind (KIP-394).</param>
internal sealed record JoinRequest(
    string GroupId,
    string MemberId,
    string? InstanceId,
    string ClientId,
    string ClientHost,
    int SessionTimeoutMs,
    int RebalanceTimeoutMs,
    string ProtocolType,
    MemberProtocol[] Protocols,
    bool RequireKnownId);

/// <summary>The answer to a join. <paramref name="Members"/> is filled for the leader alone.</summary>
internal sealed record JoinResult(ErrorCode Error, int Generation, string Protocol, string LeaderId, string MemberId, JoinedMember[] Members)
{
    public static JoinResult Failed(ErrorCode error, string memberId) => new(error, -1, "", "", memberId, []);
}

/// <summary>What the leader is told of a member.</summary>
internal readonly record struct JoinedMember(string Id, string? InstanceId, byte[] Metadata);

/// <summary>Who a request says it comes from.</summary>
internal readonly record struct MemberClaim(string MemberId, string? InstanceId, int Generation);

/// <summary>The answer to a sync: the member's share, in a form that only clients read.</summary>
internal sealed record SyncResult(ErrorCode Error, byte[] Assignment)
{
    public static SyncResult Failed(ErrorCode error) => new(error, []);
}

/// <summary>A group as administration tools see it.</summary>
internal sealed record GroupDescription(string GroupId, GroupState State, string ProtocolType, string Protocol, MemberDescription[] Members);

/// <summary>A member as administration tools see it.</summary>
internal sealed record MemberDescription(string Id, string? InstanceId, string ClientId, string ClientHost, byte[] Metadata, byte[] Assignment);

/// <summary>A committed offset.</summary>
/// <param name="LeaderEpoch">As the client sent it, -1 for none.</param>
/// <param name="Metadata">The text committed with it.</param>
/// <param name="CommittedAtMs">Epoch ms.</param>
internal readonly record struct CommittedOffset(long Offset, int LeaderEpoch, string Metadata, long CommittedAtMs);
