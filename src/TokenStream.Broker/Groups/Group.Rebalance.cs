using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Groups;

/// <summary>The rebalance: waiting for the members, beginning a generation, handing out the shares.</summary>
internal sealed partial class Group
{
    /// <summary>While preparing: no sooner than this, so that members that start together come into one generation.</summary>
    private long _delayUntilMs;

    /// <summary>While preparing: go on without those that have not come.</summary>
    private long _joinDeadlineMs;

    /// <summary>While completing: members that have not asked for their share are removed.</summary>
    private long _syncDeadlineMs;

    /// <summary>Begins a rebalance unless one is being prepared, and ends it at once if nobody is missing.</summary>
    private void Rebalance(long now)
    {
        if (_state == GroupState.Dead || (_state == GroupState.Empty && _members.Count == 0))
        {
            return;
        }

        if (_state != GroupState.PreparingRebalance)
        {
            foreach (GroupMember member in _members.Values)
            {
                member.Syncing?.TrySetResult(SyncResult.Failed(ErrorCode.RebalanceInProgress));
                if (member.Syncing is not null)
                {
                    member.Syncing = null;
                    KeepAlive(member);
                }
            }

            _joinDeadlineMs = now + LongestRebalanceMs();
            _delayUntilMs = _state == GroupState.Empty ? Math.Min(now + options.InitialRebalanceDelayMs, _joinDeadlineMs) : now;
            _state = GroupState.PreparingRebalance;
            DeadlineMoved?.Invoke(_delayUntilMs > now ? _delayUntilMs : _joinDeadlineMs);
        }

        CompleteIfAllJoined(now);
    }

    private int LongestRebalanceMs() => _members.Count == 0 ? 0 : _members.Values.Max(m => m.RebalanceTimeoutMs);

    private void CompleteIfAllJoined(long now)
    {
        if (_state != GroupState.PreparingRebalance)
        {
            return;
        }

        bool allJoined = _pending.Count == 0 && _members.Values.All(m => m.Joining is not null);
        if (now < _delayUntilMs && _members.Count > 0)
        {
            return;
        }

        if (allJoined || now >= _joinDeadlineMs)
        {
            BeginGeneration(now);
        }
        else
        {
            DeadlineMoved?.Invoke(_joinDeadlineMs);
        }
    }

    private void BeginGeneration(long now)
    {
        // A static member may be away: it keeps its place until its session is over. The others have been asked and did not come.
        foreach (GroupMember absent in _members.Values.Where(m => m.Joining is null && m.InstanceId is null).ToArray())
        {
            Remove(absent);
        }

        if (_members.Count > 0 && _members.Values.All(m => m.Joining is null))
        {
            _joinDeadlineMs = now + Math.Max(1, LongestRebalanceMs());
            DeadlineMoved?.Invoke(_joinDeadlineMs);
            return;
        }

        _generation = _generation == int.MaxValue ? 1 : _generation + 1;
        if (_members.Count == 0)
        {
            _state = GroupState.Empty;
            _protocol = "";
            _leaderId = "";
            _emptySinceMs = now;
            return;
        }

        if (!_members.TryGetValue(_leaderId, out GroupMember? leader) || leader.Joining is null)
        {
            _leaderId = _members.Values.First(m => m.Joining is not null).Id;
        }

        _protocol = ChooseProtocol();
        _state = GroupState.CompletingRebalance;
        _syncDeadlineMs = now + LongestRebalanceMs();
        DeadlineMoved?.Invoke(_syncDeadlineMs);
        foreach (GroupMember member in _members.Values)
        {
            // A static member that is away is not asked for its sync either; it finds its share when it comes back.
            member.HasSynced = member.Joining is null;
            TaskCompletionSource<JoinResult>? held = member.Joining;
            member.Joining = null;
            if (held is not null)
            {
                KeepAlive(member);
                held.TrySetResult(Joined(member));
            }
        }
    }

    private JoinResult Joined(GroupMember member)
    {
        JoinedMember[] members = member.Id == _leaderId
            ? [.. _members.Values.Select(m => new JoinedMember(m.Id, m.InstanceId, m.MetadataOf(_protocol)))]
            : [];
        return new JoinResult(ErrorCode.None, _generation, _protocol, _leaderId, member.Id, members);
    }

    /// <summary>Of the protocols that all support, the one that most members list first.</summary>
    private string ChooseProtocol()
    {
        GroupMember leader = _members[_leaderId];
        string[] common = [.. leader.Protocols.Select(p => p.Name).Where(name => _members.Values.All(m => m.Supports(name)))];
        return common.MaxBy(name => _members.Values.Count(m => m.Protocols.First(p => common.Contains(p.Name)).Name == name)) ?? "";
    }

    private void Assign(IReadOnlyList<KeyValuePair<string, byte[]>> assignments)
    {
        long before = _members.Values.Sum(m => m.Bytes);
        foreach (GroupMember member in _members.Values)
        {
            member.Assignment = [];
        }

        foreach ((string memberId, byte[] share) in assignments)
        {
            if (_members.TryGetValue(memberId, out GroupMember? member))
            {
                member.Assignment = share;
            }
        }

        memory.Add(_members.Values.Sum(m => m.Bytes) - before);
        _state = GroupState.Stable;
        foreach (GroupMember member in _members.Values)
        {
            TaskCompletionSource<SyncResult>? held = member.Syncing;
            member.Syncing = null;
            if (held is not null)
            {
                KeepAlive(member);
                held.TrySetResult(new SyncResult(ErrorCode.None, member.Assignment));
            }
        }
    }
}
