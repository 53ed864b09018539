using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Groups;

/// <summary>All consumer groups of the log. Groups come into being with the first join or commit and go when nothing of them is left.</summary>
internal sealed class GroupCoordinator : IDisposable
{
    /// <summary>Longest group id taken; the protocol itself would allow 32,767 bytes, all of which every commit carries.</summary>
    public const int MaxGroupIdLength = 255;

    private readonly ConcurrentDictionary<string, Entry> _groups = new(StringComparer.Ordinal);
    private readonly GroupOptions _options;
    private readonly OffsetLog _log;
    private readonly TimeProvider _time;
    private readonly MonotonicClock _clock;
    private readonly MemberBytes _memory;
    private readonly ILogger _logger;
    private readonly ITimer _expiry;

    public GroupCoordinator(GroupOptions options, OffsetLog log, TimeProvider time, ILogger logger)
    {
        _options = options;
        _log = log;
        _time = time;
        _clock = new MonotonicClock(time);
        _memory = new MemberBytes(options.MaxMemberBytes);
        _logger = logger;
        log.Restore((group, key, offset) => GetOrAdd(group).Group.Restore(key, offset, log));
        RemoveRetired();
        var interval = TimeSpan.FromMilliseconds(options.ExpiryIntervalMs);
        _expiry = time.CreateTimer(static self => ((GroupCoordinator)self!).ExpireOffsets(), this, interval, interval);
        logger.OffsetsRestored(_groups.Count, log.Offsets);
    }

    public int Groups => _groups.Count;

    public long MemberBytes => _memory.Held;

    public async Task<JoinResult> JoinAsync(JoinRequest request, CancellationToken gone)
    {
        if (!IsLegal(request.GroupId))
        {
            return JoinResult.Failed(ErrorCode.InvalidGroupId, request.MemberId);
        }

        if (request.SessionTimeoutMs < _options.MinSessionTimeoutMs || request.SessionTimeoutMs > _options.MaxSessionTimeoutMs
            || request.RebalanceTimeoutMs < 0)
        {
            return JoinResult.Failed(ErrorCode.InvalidSessionTimeout, request.MemberId);
        }

        // A member that knows its id belongs to a group that is here, or that a restart of the log has ended.
        if (!TryGet(request.GroupId, create: request.MemberId.Length == 0, out Group? group))
        {
            return JoinResult.Failed(request.MemberId.Length == 0 ? ErrorCode.GroupMaxSizeReached : ErrorCode.UnknownMemberId, request.MemberId);
        }

        Task<JoinResult> join = group.JoinAsync(request);
        JoinResult result;
        try
        {
            result = await join.WaitAsync(gone).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            group.Abandon(join);
            throw;
        }

        if (result.Error == ErrorCode.None && result.LeaderId == result.MemberId)
        {
            _logger.GenerationBegan(group.Id, result.Generation, result.Members.Length, result.Protocol);
        }

        return result;
    }

    public async Task<SyncResult> SyncAsync(
        string groupId, MemberClaim claim, IReadOnlyList<KeyValuePair<string, byte[]>> assignments, CancellationToken gone)
    {
        if (!TryGet(groupId, create: false, out Group? group))
        {
            return SyncResult.Failed(ErrorCode.UnknownMemberId);
        }

        Task<SyncResult> sync = group.SyncAsync(claim, assignments);
        try
        {
            return await sync.WaitAsync(gone).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            group.Abandon(sync);
            throw;
        }
    }

    public ErrorCode Heartbeat(string groupId, MemberClaim claim)
        => TryGet(groupId, create: false, out Group? group) ? group.Heartbeat(claim) : ErrorCode.UnknownMemberId;

    public ErrorCode Leave(string groupId, string memberId, string? instanceId)
        => TryGet(groupId, create: false, out Group? group) ? group.Leave(memberId, instanceId) : ErrorCode.UnknownMemberId;

    /// <summary>Commits, and completes when the commit is as durable as the store promises.</summary>
    /// <exception cref="IOException">The disk refused the flush; the commit must not be acknowledged.</exception>
    public async ValueTask<ErrorCode> CommitAsync(string groupId, MemberClaim claim, IReadOnlyDictionary<OffsetKey, CommittedOffset> offsets)
    {
        if (!IsLegal(groupId))
        {
            return ErrorCode.InvalidGroupId;
        }

        bool simple = claim.Generation < 0 && claim.MemberId.Length == 0;
        if (!TryGet(groupId, create: simple, out Group? group))
        {
            return simple ? ErrorCode.InvalidCommitOffsetSize : ErrorCode.UnknownMemberId;
        }

        ErrorCode error = group.Commit(claim, offsets, _log, out long endOffset);
        if (error == ErrorCode.None && offsets.Count > 0)
        {
            await _log.WhenDurableAsync(endOffset).ConfigureAwait(false);
        }

        return error;
    }

    public CommittedOffset? Offset(string groupId, OffsetKey key) => TryGet(groupId, create: false, out Group? group) ? group.Offset(key) : null;

    public KeyValuePair<OffsetKey, CommittedOffset>[] Offsets(string groupId)
        => TryGet(groupId, create: false, out Group? group) ? group.Offsets() : [];

    public IReadOnlyList<(string Id, GroupState State, string ProtocolType)> List()
        => [.. _groups.Values.Select(e => (e.Group.Id, e.Group.Summary())).Where(g => g.Item2.State != GroupState.Dead)
            .Select(g => (g.Id, g.Item2.State, g.Item2.ProtocolType))];

    /// <summary>The group as it is; one that does not exist is described as dead, as Kafka does.</summary>
    public GroupDescription Describe(string groupId)
        => TryGet(groupId, create: false, out Group? group) ? group.Describe() : new GroupDescription(groupId, GroupState.Dead, "", "", []);

    public ErrorCode Delete(string groupId)
    {
        if (!TryGet(groupId, create: false, out Group? group))
        {
            return ErrorCode.GroupIdNotFound;
        }

        ErrorCode error = group.Delete(_log);
        RemoveIfRetired(group);
        return error;
    }

    /// <summary>Forgets what was committed for a topic that was deleted.</summary>
    public void ForgetTopic(string topic)
    {
        foreach (Entry entry in _groups.Values)
        {
            entry.Group.ForgetTopic(topic, _log);
            RemoveIfRetired(entry.Group);
        }
    }

    public void Dispose()
    {
        _expiry.Dispose();
        foreach (Entry entry in _groups.Values)
        {
            entry.Timer.Dispose();
        }
    }

    private static bool IsLegal(string groupId) => groupId.Length is > 0 and <= MaxGroupIdLength;

    private bool TryGet(string groupId, bool create, [NotNullWhen(true)] out Group? group)
    {
        if (_groups.TryGetValue(groupId, out Entry entry))
        {
            group = entry.Group;
            return true;
        }

        group = create && _groups.Count < _options.MaxGroups ? GetOrAdd(groupId).Group : null;
        return group is not null;
    }

    private Entry GetOrAdd(string groupId) => _groups.GetOrAdd(groupId, static (id, self) => self.Make(id), this);

    private Entry Make(string groupId)
    {
        var timer = new GroupTimer(_time, _clock);
        var group = new Group(groupId, _options, _memory, _clock.NowMs) { DeadlineMoved = timer.Bring };
        timer.Attach(() =>
        {
            timer.Bring(group.Expire());
            RemoveIfRetired(group);
        });
        return new Entry(group, timer);
    }

    private void RemoveIfRetired(Group group)
    {
        if (group.TryRetire() && _groups.TryRemove(group.Id, out Entry entry))
        {
            entry.Timer.Dispose();
        }
    }

    private void RemoveRetired()
    {
        foreach (Entry entry in _groups.Values)
        {
            RemoveIfRetired(entry.Group);
        }
    }

    private void ExpireOffsets()
    {
        long epochMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        int before = _log.Offsets;
        foreach (Entry entry in _groups.Values)
        {
            entry.Group.ExpireOffsets(epochMs, _log);
            RemoveIfRetired(entry.Group);
        }

        if (_log.Offsets is var after && after < before)
        {
            _logger.OffsetsExpired(before - after);
        }
    }

    private readonly record struct Entry(Group Group, GroupTimer Timer);
}
