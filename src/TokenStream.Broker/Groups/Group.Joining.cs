using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Groups;

/// <summary>Members come, come again, and ask for their share.</summary>
internal sealed partial class Group
{
    /// <summary>Most ways of assigning that one member may list; clients list one to three.</summary>
    private const int MaxProtocols = 32;

    private const int MaxNameInId = 128;

    /// <summary>A member joins. The task completes when the generation it is part of begins, or with the reason why not.</summary>
    public Task<JoinResult> JoinAsync(JoinRequest request)
    {
        lock (_gate)
        {
            ErrorCode refused = CheckJoin(request);
            if (refused != ErrorCode.None)
            {
                return Answer(refused, request.MemberId);
            }

            if (request.MemberId.Length > 0)
            {
                return _pending.Remove(request.MemberId) ? Enter(request.MemberId, request) : JoinAgain(request);
            }

            if (request.InstanceId is not null && _static.TryGetValue(request.InstanceId, out GroupMember? known))
            {
                return Replace(known, request);
            }

            string newId = NewMemberId(request);
            if (!request.RequireKnownId || request.InstanceId is not null)
            {
                return Enter(newId, request);
            }

            long until = nowMs() + request.SessionTimeoutMs;
            _pending[newId] = until;
            DeadlineMoved?.Invoke(until);
            return Answer(ErrorCode.MemberIdRequired, newId);
        }
    }

    /// <summary>The peer that waited for this join has gone: the member stays for its session time, but nothing is held back for it.</summary>
    public void Abandon(Task<JoinResult> join)
    {
        lock (_gate)
        {
            foreach (GroupMember member in _members.Values)
            {
                if (member.Joining?.Task == join)
                {
                    member.Joining = null;
                    KeepAlive(member);
                    return;
                }
            }
        }
    }

    /// <summary>The peer that waited for this share has gone; see <see cref="Abandon(Task{JoinResult})"/>.</summary>
    public void Abandon(Task<SyncResult> sync)
    {
        lock (_gate)
        {
            foreach (GroupMember member in _members.Values)
            {
                if (member.Syncing?.Task == sync)
                {
                    member.Syncing = null;
                    KeepAlive(member);
                    return;
                }
            }
        }
    }

    /// <summary>A member asks for its share; the leader brings everybody's.</summary>
    public Task<SyncResult> SyncAsync(MemberClaim claim, IReadOnlyList<KeyValuePair<string, byte[]>> assignments)
    {
        lock (_gate)
        {
            ErrorCode error = Find(claim, out GroupMember? member);
            if (error == ErrorCode.None && claim.Generation != _generation)
            {
                error = ErrorCode.IllegalGeneration;
            }

            if (error == ErrorCode.None && _state == GroupState.PreparingRebalance)
            {
                error = ErrorCode.RebalanceInProgress;
            }

            if (error != ErrorCode.None)
            {
                return Task.FromResult(SyncResult.Failed(error));
            }

            member!.HasSynced = true;
            KeepAlive(member);
            if (_state == GroupState.Stable)
            {
                return Task.FromResult(new SyncResult(ErrorCode.None, member.Assignment));
            }

            member.Syncing?.TrySetResult(SyncResult.Failed(ErrorCode.RebalanceInProgress));
            member.Syncing = new TaskCompletionSource<SyncResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            Task<SyncResult> answer = member.Syncing.Task;
            if (member.Id == _leaderId)
            {
                Assign(assignments);
            }

            return answer;
        }
    }

    private static Task<JoinResult> Answer(ErrorCode error, string memberId) => Task.FromResult(JoinResult.Failed(error, memberId));

    private static string NewMemberId(JoinRequest request)
    {
        string name = request.InstanceId ?? request.ClientId;
        return $"{(name.Length > MaxNameInId ? name[..MaxNameInId] : name)}-{Guid.NewGuid()}";
    }

    private ErrorCode CheckJoin(JoinRequest request)
    {
        if (_state == GroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        if (!CanAssignWith(request))
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        bool isNew = !_members.ContainsKey(request.MemberId) && !_pending.ContainsKey(request.MemberId)
            && !(request.InstanceId is not null && _static.ContainsKey(request.InstanceId));
        long bytes = request.Protocols.Sum(p => (long)p.Metadata.Length + p.Name.Length);
        return (isNew && _members.Count + _pending.Count >= options.MaxMembers) || !memory.HasRoomFor(bytes)
            ? ErrorCode.GroupMaxSizeReached
            : ErrorCode.None;
    }

    /// <summary>Whether some way of assigning is known to the newcomer and to every other member.</summary>
    private bool CanAssignWith(JoinRequest request)
    {
        if (request.ProtocolType.Length == 0 || request.Protocols.Length is 0 or > MaxProtocols)
        {
            return false;
        }

        GroupMember[] others = [.. _members.Values.Where(m => m.Id != request.MemberId && (m.InstanceId is null || m.InstanceId != request.InstanceId))];
        return others.Length == 0
            || (request.ProtocolType == _protocolType && request.Protocols.Any(p => Array.TrueForAll(others, m => m.Supports(p.Name))));
    }

    private Task<JoinResult> Enter(string memberId, JoinRequest request)
    {
        var member = new GroupMember(memberId, request);
        _members.Add(memberId, member);
        if (member.InstanceId is not null)
        {
            _static[member.InstanceId] = member;
        }

        memory.Add(member.Bytes);
        _protocolType = request.ProtocolType;
        _leaderId = _leaderId.Length == 0 ? memberId : _leaderId;
        return Hold(member);
    }

    /// <summary>A known member joins: for the rebalance that runs, with another subscription, or because it missed the answer.</summary>
    private Task<JoinResult> JoinAgain(JoinRequest request)
    {
        ErrorCode error = Find(new MemberClaim(request.MemberId, request.InstanceId, 0), out GroupMember? member);
        if (error != ErrorCode.None)
        {
            return Answer(error, request.MemberId);
        }

        bool unchanged = member!.HasProtocols(request.Protocols);
        bool missedAnswer = unchanged
            && (_state == GroupState.CompletingRebalance || (_state == GroupState.Stable && member.Id != _leaderId));
        Update(member, request);
        if (missedAnswer)
        {
            KeepAlive(member);
            return Task.FromResult(Joined(member));
        }

        return Hold(member);
    }

    /// <summary>A static member came back under a new id. With the same subscription it takes its share again and nobody is disturbed.</summary>
    private Task<JoinResult> Replace(GroupMember member, JoinRequest request)
    {
        Refuse(member, ErrorCode.FencedInstanceId);
        string oldId = member.Id;
        string leaderBefore = _leaderId;
        _members.Remove(oldId);
        member.Id = NewMemberId(request);
        _members.Add(member.Id, member);
        _leaderId = _leaderId == oldId ? member.Id : _leaderId;
        bool unchanged = member.HasProtocols(request.Protocols);
        Update(member, request);
        if (_state == GroupState.Stable && unchanged)
        {
            KeepAlive(member);

            // Told of the leader's id before, a returning leader acts as a follower and takes the share that is stored, instead of computing one.
            return Task.FromResult(new JoinResult(ErrorCode.None, _generation, _protocol, leaderBefore, member.Id, []));
        }

        return Hold(member);
    }

    private void Update(GroupMember member, JoinRequest request)
    {
        long before = member.Bytes;
        member.Update(request);
        memory.Add(member.Bytes - before);
        KeepAlive(member);
    }

    private Task<JoinResult> Hold(GroupMember member)
    {
        member.Joining?.TrySetResult(JoinResult.Failed(ErrorCode.RebalanceInProgress, member.Id));
        var held = new TaskCompletionSource<JoinResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        member.Joining = held;
        long now = nowMs();
        if (_state == GroupState.PreparingRebalance && _delayUntilMs > now)
        {
            _delayUntilMs = Math.Min(now + options.InitialRebalanceDelayMs, _joinDeadlineMs);
        }

        Rebalance(now);
        return held.Task;
    }
}
