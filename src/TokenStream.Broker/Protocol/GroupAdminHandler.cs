using TokenStream.Broker.Groups;

namespace TokenStream.Broker.Protocol;

/// <summary>FindCoordinator, ListGroups, DescribeGroups and DeleteGroups.</summary>
internal sealed class GroupAdminHandler(GroupCoordinator groups, Advertisement advertised)
{
    private const sbyte GroupKey = 0;
    private const string NoTransactions = "The embedded log coordinates consumer groups only; it has no transactions.";

    public void FindCoordinator(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        string key = version < 4 ? from.String() : "";
        sbyte type = version >= 1 ? from.Int8() : GroupKey;
        ErrorCode error = type == GroupKey ? ErrorCode.None : ErrorCode.InvalidRequest;
        WireWriter to = request.BeginResponse();
        if (version >= 1)
        {
            to.Int32(0);
        }

        if (version < 4)
        {
            WriteError(to, version, error);
            WriteNode(to, error);
            to.Tags();
            return;
        }

        int count = from.Count(1);
        to.ArrayLength(count);
        for (int i = 0; i < count; i++)
        {
            key = from.String();
            to.String(key);
            WriteNode(to, error);
            WriteError(to, version, error);
            to.Tags();
        }

        to.Tags();
    }

    public void List(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        var states = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (int i = version >= 4 ? from.Count(1) : 0; i > 0; i--)
        {
            states.Add(from.String());
        }

        (string Id, GroupState State, string ProtocolType)[] shown =
            [.. groups.List().Where(g => states.Count == 0 || states.Contains(g.State.ToString()))];
        WireWriter to = request.BeginResponse();
        if (version >= 1)
        {
            to.Int32(0);
        }

        to.Error(ErrorCode.None);
        to.ArrayLength(shown.Length);
        foreach ((string id, GroupState state, string protocolType) in shown)
        {
            to.String(id);
            to.String(protocolType);
            if (version >= 4)
            {
                to.String(state.ToString());
            }

            to.Tags();
        }

        to.Tags();
    }

    public void Describe(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        WireWriter to = request.BeginResponse();
        if (version >= 1)
        {
            to.Int32(0);
        }

        int count = from.Count(1);
        to.ArrayLength(count);
        for (int i = 0; i < count; i++)
        {
            Write(to, version, groups.Describe(from.String()));
        }

        to.Tags();
    }

    public void Delete(RequestContext request)
    {
        WireReader from = request.Body();
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        int count = from.Count(1);
        to.ArrayLength(count);
        for (int i = 0; i < count; i++)
        {
            string groupId = from.String();
            to.String(groupId);
            to.Error(groups.Delete(groupId));
            to.Tags();
        }

        to.Tags();
    }

    private static void Write(WireWriter to, short version, GroupDescription group)
    {
        to.Error(ErrorCode.None);
        to.String(group.GroupId);
        to.String(group.State.ToString());
        to.String(group.ProtocolType);
        to.String(group.Protocol);
        to.ArrayLength(group.Members.Length);
        foreach (MemberDescription member in group.Members)
        {
            to.String(member.Id);
            if (version >= 4)
            {
                to.String(member.InstanceId);
            }

            to.String(member.ClientId);
            to.String(member.ClientHost);
            to.Bytes(member.Metadata);
            to.Bytes(member.Assignment);
            to.Tags();
        }

        if (version >= 3)
        {
            to.Int32(int.MinValue);
        }

        to.Tags();
    }

    private static void WriteError(WireWriter to, short version, ErrorCode error)
    {
        to.Error(error);
        if (version >= 1)
        {
            to.String(error == ErrorCode.None ? null : NoTransactions);
        }
    }

    private void WriteNode(WireWriter to, ErrorCode error)
    {
        bool known = error == ErrorCode.None;
        to.Int32(known ? Advertisement.NodeId : -1);
        to.String(known ? advertised.Host : "");
        to.Int32(known ? advertised.Port : -1);
    }
}
