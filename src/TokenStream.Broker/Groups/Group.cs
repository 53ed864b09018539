using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Groups;

/// <summary>
/// One consumer group under Kafka's classic protocol: who is a member, in which generation, and with what share. It never reads
/// subscriptions or assignments; those are the clients' business.
/// </summary>
/// <remarks>
/// Everything is guarded by one lock. Time is what the caller's monotonic clock says, so a jump of the wall clock expires nobody; the group
/// does nothing on its own: <see cref="Expire"/> does what is due, and says when to call it again.
/// Answers that are held back complete on other threads, never under the lock.
/// </remarks>
internal sealed partial class Group(string id, GroupOptions options, MemberBytes memory, Func<long> nowMs)
{
    private const long Never = long.MaxValue;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, GroupMember> _members = [];
    private readonly Dictionary<string, GroupMember> _static = [];

    /// <summary>Ids that were given out with error 79 and not joined with yet, and until when they hold.</summary>
    private readonly Dictionary<string, long> _pending = [];
    private readonly GroupOffsets _offsets = new();
    private GroupState _state = GroupState.Empty;
    private int _generation;
    private string _protocolType = "";
    private string _protocol = "";
    private string _leaderId = "";
    private long _emptySinceMs = nowMs();

    public string Id => id;

    /// <summary>Brings the timer that drives <see cref="Expire"/> forward; set by the coordinator.</summary>
    public Action<long>? DeadlineMoved { get; init; }

    public (GroupState State, string ProtocolType) Summary()
    {
        lock (_gate)
        {
            return (_state, _protocolType);
        }
    }

    public GroupDescription Describe()
    {
        lock (_gate)
        {
            bool assigned = _state == GroupState.Stable;
            MemberDescription[] members = [.. _members.Values.Select(m => new MemberDescription(
                m.Id, m.InstanceId, m.ClientId, m.ClientHost, assigned ? m.MetadataOf(_protocol) : [], assigned ? m.Assignment : []))];
            return new GroupDescription(id, _state, _protocolType, assigned ? _protocol : "", members);
        }
    }

    public ErrorCode Heartbeat(MemberClaim claim)
    {
        lock (_gate)
        {
            if (Find(claim, out GroupMember? member) is var error and not ErrorCode.None)
            {
                return error;
            }

            if (claim.Generation != _generation)
            {
                return ErrorCode.IllegalGeneration;
            }

            KeepAlive(member!);
            return _state == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
        }
    }

    /// <summary>Removes a member at its own wish or an administrator's; a static one may be named by its instance id alone.</summary>
    public ErrorCode Leave(string memberId, string? instanceId)
    {
        lock (_gate)
        {
            if (_pending.Remove(memberId))
            {
                CompleteIfAllJoined(nowMs());
                return ErrorCode.None;
            }

            if (memberId.Length == 0 && instanceId is not null && _static.TryGetValue(instanceId, out GroupMember? named))
            {
                memberId = named.Id;
            }

            if (Find(new MemberClaim(memberId, instanceId, _generation), out GroupMember? member) is var error and not ErrorCode.None)
            {
                return error;
            }

            Remove(member!);
            Rebalance(nowMs());
            return ErrorCode.None;
        }
    }

    /// <summary>
    /// Does what is due: members whose session is over leave, rebalances whose time is over go on. Returns when something is due next.
    /// </summary>
    /// <remarks>Both by one reading of the clock: a delay that ended between two readings would be neither done nor waited for.</remarks>
    public long Expire()
    {
        lock (_gate)
        {
            long now = nowMs();
            foreach (string pending in _pending.Where(p => p.Value <= now).Select(p => p.Key).ToArray())
            {
                _pending.Remove(pending);
            }

            bool removed = false;
            foreach (GroupMember gone in _members.Values.Where(m => !m.WaitsForUs && m.ExpiresAtMs <= now).ToArray())
            {
                Remove(gone);
                removed = true;
            }

            if (_state == GroupState.CompletingRebalance && _syncDeadlineMs <= now)
            {
                foreach (GroupMember silent in _members.Values.Where(m => !m.HasSynced).ToArray())
                {
                    Remove(silent);
                    removed = true;
                }
            }

            if (removed)
            {
                Rebalance(now);
            }

            CompleteIfAllJoined(now);
            return NextDeadlineMs(now);
        }
    }

    /// <summary>Ends the group if nothing of it is left: no members, no ids given out, no offsets.</summary>
    public bool TryRetire()
    {
        lock (_gate)
        {
            if (_state != GroupState.Empty || _pending.Count > 0 || _offsets.Count > 0)
            {
                return _state == GroupState.Dead;
            }

            _state = GroupState.Dead;
            return true;
        }
    }

    private long NextDeadlineMs(long now)
    {
        long next = _state switch
        {
            GroupState.PreparingRebalance => _delayUntilMs > now ? _delayUntilMs : _joinDeadlineMs,
            GroupState.CompletingRebalance => _syncDeadlineMs,
            _ => Never,
        };
        foreach (GroupMember member in _members.Values)
        {
            next = member.WaitsForUs ? next : Math.Min(next, member.ExpiresAtMs);
        }

        foreach (long until in _pending.Values)
        {
            next = Math.Min(next, until);
        }

        return next;
    }

    /// <summary>Finds the member that a request speaks for.</summary>
    private ErrorCode Find(MemberClaim claim, out GroupMember? member)
    {
        member = null;
        if (_state == GroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        if (claim.InstanceId is not null)
        {
            if (!_static.TryGetValue(claim.InstanceId, out member))
            {
                return ErrorCode.UnknownMemberId;
            }

            return member.Id == claim.MemberId ? ErrorCode.None : ErrorCode.FencedInstanceId;
        }

        return _members.TryGetValue(claim.MemberId, out member) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    private void KeepAlive(GroupMember member)
    {
        member.ExpiresAtMs = nowMs() + member.SessionTimeoutMs;
        DeadlineMoved?.Invoke(member.ExpiresAtMs);
    }

    private void Remove(GroupMember member)
    {
        _members.Remove(member.Id);
        if (member.InstanceId is not null)
        {
            _static.Remove(member.InstanceId);
        }

        memory.Add(-member.Bytes);
        Refuse(member, ErrorCode.UnknownMemberId);
        if (_leaderId == member.Id)
        {
            _leaderId = _members.Keys.FirstOrDefault() ?? "";
        }
    }

    /// <summary>Answers whatever the member waits for with an error.</summary>
    private static void Refuse(GroupMember member, ErrorCode error)
    {
        member.Joining?.TrySetResult(JoinResult.Failed(error, member.Id));
        member.Syncing?.TrySetResult(SyncResult.Failed(error));
        member.Joining = null;
        member.Syncing = null;
    }
}
