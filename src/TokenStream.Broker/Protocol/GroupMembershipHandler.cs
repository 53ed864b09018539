using TokenStream.Broker.Groups;

namespace TokenStream.Broker.Protocol;

/// <summary>JoinGroup, SyncGroup, Heartbeat and LeaveGroup.</summary>
internal sealed class GroupMembershipHandler(GroupCoordinator groups)
{
    public async ValueTask JoinAsync(RequestContext request)
    {
        short version = request.Version;
        JoinResult result = await groups.JoinAsync(ReadJoin(request), request.Closed).ConfigureAwait(false);
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        to.Error(result.Error);
        to.Int32(result.Generation);
        to.String(result.Protocol);
        to.String(result.LeaderId);
        to.String(result.MemberId);
        to.ArrayLength(result.Members.Length);
        foreach (JoinedMember member in result.Members)
        {
            to.String(member.Id);
            if (version >= 5)
            {
                to.String(member.InstanceId);
            }

            to.Bytes(member.Metadata);
            to.Tags();
        }

        to.Tags();
    }

    public async ValueTask SyncAsync(RequestContext request)
    {
        (string groupId, MemberClaim claim, List<KeyValuePair<string, byte[]>> assignments) = ReadSync(request);
        SyncResult result = await groups.SyncAsync(groupId, claim, assignments, request.Closed).ConfigureAwait(false);
        WireWriter to = request.BeginResponse();
        if (request.Version >= 1)
        {
            to.Int32(0);
        }

        to.Error(result.Error);
        to.Bytes(result.Assignment);
        to.Tags();
    }

    public void Heartbeat(RequestContext request)
    {
        WireReader from = request.Body();
        string groupId = from.String();
        MemberClaim claim = ReadClaim(ref from, request.Version >= 3);
        WireWriter to = request.BeginResponse();
        if (request.Version >= 1)
        {
            to.Int32(0);
        }

        to.Error(groups.Heartbeat(groupId, claim));
        to.Tags();
    }

    public void Leave(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        string groupId = from.String();
        WireWriter to = request.BeginResponse();
        if (version >= 1)
        {
            to.Int32(0);
        }

        if (version < 3)
        {
            to.Error(groups.Leave(groupId, from.String(), null));
            return;
        }

        to.Error(ErrorCode.None);
        int count = from.Count(3);
        to.ArrayLength(count);
        for (int i = 0; i < count; i++)
        {
            string memberId = from.String();
            string? instanceId = from.NullableString();
            from.Tags();
            to.String(memberId);
            to.String(instanceId);
            to.Error(groups.Leave(groupId, memberId, instanceId));
            to.Tags();
        }

        to.Tags();
    }

    private static JoinRequest ReadJoin(RequestContext request)
    {
        WireReader from = request.Body();
        string groupId = from.String();
        int sessionTimeoutMs = from.Int32();
        int rebalanceTimeoutMs = from.Int32();
        string memberId = from.String();
        string? instanceId = request.Version >= 5 ? from.NullableString() : null;
        string protocolType = from.String();
        var protocols = new MemberProtocol[from.Count(3)];
        for (int i = 0; i < protocols.Length; i++)
        {
            protocols[i] = new MemberProtocol(from.String(), from.Bytes().ToArray());
            from.Tags();
        }

        return new JoinRequest(
            groupId, memberId, instanceId, request.ClientId, request.ClientHost, sessionTimeoutMs, rebalanceTimeoutMs, protocolType,
            protocols,
            RequireKnownId: request.Version >= 4);
    }

    private static (string GroupId, MemberClaim Claim, List<KeyValuePair<string, byte[]>> Assignments) ReadSync(RequestContext request)
    {
        WireReader from = request.Body();
        string groupId = from.String();
        MemberClaim claim = ReadClaim(ref from, request.Version >= 3);
        int count = from.Count(3);
        var assignments = new List<KeyValuePair<string, byte[]>>(count);
        for (int i = 0; i < count; i++)
        {
            assignments.Add(new(from.String(), from.Bytes().ToArray()));
            from.Tags();
        }

        return (groupId, claim, assignments);
    }

    private static MemberClaim ReadClaim(ref WireReader from, bool hasInstanceId)
    {
        int generation = from.Int32();
        string memberId = from.String();
        return new MemberClaim(memberId, hasInstanceId ? from.NullableString() : null, generation);
    }
}
