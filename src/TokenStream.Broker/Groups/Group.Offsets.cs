using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Groups;

/// <summary>Committing, and forgetting what was committed.</summary>
internal sealed partial class Group
{
    /// <summary>How long a group is seen empty before anything of it expires, whatever the age of its commits.</summary>
    private const long EmptyForMs = 86_400_000;

    public CommittedOffset? Offset(OffsetKey key)
    {
        lock (_gate)
        {
            return _offsets.Find(key);
        }
    }

    public KeyValuePair<OffsetKey, CommittedOffset>[] Offsets()
    {
        lock (_gate)
        {
            return _offsets.All();
        }
    }

    /// <summary>
    /// Checks that the sender may commit, appends to the log and puts the offsets in force, all under the group's lock: no commit of an earlier
    /// generation can come to lie behind one of a later generation.
    /// </summary>
    /// <param name="endOffset">Where the log ends after this commit; await its durability before answering.</param>
    public ErrorCode Commit(MemberClaim claim, IReadOnlyDictionary<OffsetKey, CommittedOffset> offsets, OffsetLog log, out long endOffset)
    {
        lock (_gate)
        {
            endOffset = 0;
            ErrorCode error = CheckCommit(claim);
            if (error != ErrorCode.None || offsets.Count == 0)
            {
                return error;
            }

            int added = _offsets.CountNew(offsets.Keys);
            if (!log.HasRoomFor(added))
            {
                return ErrorCode.InvalidCommitOffsetSize;
            }

            error = log.Append(id, offsets, out endOffset);
            if (error != ErrorCode.None)
            {
                return error;
            }

            foreach ((OffsetKey key, CommittedOffset offset) in offsets)
            {
                _offsets.Set(key, offset);
            }

            log.Count(added);
            return ErrorCode.None;
        }
    }

    /// <summary>Puts back what the log holds, at start. Null is a tombstone.</summary>
    public void Restore(OffsetKey key, CommittedOffset? offset, OffsetLog log)
    {
        lock (_gate)
        {
            int before = _offsets.Count;
            if (offset is { } present)
            {
                _offsets.Set(key, present);
            }
            else
            {
                _offsets.Remove(key);
            }

            log.Count(_offsets.Count - before);
        }
    }

    /// <summary>Forgets what is older than the retention, once the group was seen empty for long enough.</summary>
    public void ExpireOffsets(long epochMs, OffsetLog log)
    {
        lock (_gate)
        {
            if (_state == GroupState.Empty && nowMs() - _emptySinceMs >= Math.Min(options.OffsetsRetentionMs, EmptyForMs))
            {
                Forget(_offsets.CommittedBefore(epochMs - options.OffsetsRetentionMs), log);
            }
        }
    }

    /// <summary>Forgets a topic that was deleted, so that a later one of the same name does not begin in the middle.</summary>
    public void ForgetTopic(string topic, OffsetLog log)
    {
        lock (_gate)
        {
            Forget(_offsets.OfTopic(topic), log);
        }
    }

    /// <summary>Deletes a group that has no members, with its offsets.</summary>
    public ErrorCode Delete(OffsetLog log)
    {
        lock (_gate)
        {
            if (_state == GroupState.Dead)
            {
                return ErrorCode.GroupIdNotFound;
            }

            if (_state != GroupState.Empty)
            {
                return ErrorCode.NonEmptyGroup;
            }

            ErrorCode error = Forget([.. _offsets.All().Select(o => o.Key)], log);
            if (error == ErrorCode.None)
            {
                _state = GroupState.Dead;
            }

            return error;
        }
    }

    private ErrorCode CheckCommit(MemberClaim claim)
    {
        if (_state == GroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        // A consumer that assigns itself its partitions commits without a generation; it may while nobody is a member.
        if (claim.Generation < 0 && claim.MemberId.Length == 0 && _state == GroupState.Empty)
        {
            return ErrorCode.None;
        }

        ErrorCode error = Find(claim, out GroupMember? member);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (claim.Generation != _generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        KeepAlive(member!);
        return _state == GroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private ErrorCode Forget(OffsetKey[] keys, OffsetLog log)
    {
        if (keys.Length == 0)
        {
            return ErrorCode.None;
        }

        ErrorCode error = log.AppendTombstones(id, keys);
        if (error != ErrorCode.None)
        {
            return error;
        }

        foreach (OffsetKey key in keys)
        {
            _offsets.Remove(key);
        }

        log.Count(-keys.Length);
        return ErrorCode.None;
    }
}
