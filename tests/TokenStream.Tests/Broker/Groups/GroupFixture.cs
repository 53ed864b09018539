using TokenStream.Broker.Groups;
using TokenStream.Broker.Protocol;

namespace TokenStream.Tests.Broker.Groups;

/// <summary>A group on a clock that the test moves, and the steps that clients take with it.</summary>
internal sealed class GroupFixture
{
    public const int SessionMs = 10_000, RebalanceMs = 60_000, DelayMs = 100;

    private long _nowMs;

    public GroupFixture(GroupOptions? options = null)
    {
        Options = options ?? new GroupOptions { InitialRebalanceDelayMs = DelayMs };
        Group = new Group("g", Options, Memory, () => _nowMs += TickMs);
    }

    public GroupOptions Options { get; }

    public MemberBytes Memory { get; } = new(long.MaxValue);

    public Group Group { get; }

    /// <summary>When the group has something to do next, as it said last.</summary>
    public long NextMs { get; private set; }

    /// <summary>How far the clock moves on with each look at it, as a real one may.</summary>
    public int TickMs { get; init; }

    public long NowMs => _nowMs;

    public void Advance(int ms)
    {
        _nowMs += ms;
        NextMs = Group.Expire();
    }

    public Task<JoinResult> Join(
        string memberId, string? instanceId = null, bool requireKnownId = false, string protocols = "range", byte subscription = 1, int rebalanceMs = RebalanceMs)
        => Group.JoinAsync(new JoinRequest(
            "g", memberId, instanceId, "client", "/127.0.0.1", SessionMs, rebalanceMs, "consumer",
            [.. protocols.Split(',').Select(name => new MemberProtocol(name, [subscription]))], requireKnownId));

    /// <summary>Joins, waits out the first delay, and returns the answer, which must be there then.</summary>
    public async Task<JoinResult> JoinFirst(string? instanceId = null, string protocols = "range")
    {
        Task<JoinResult> join = Join("", instanceId, protocols: protocols);
        Advance(DelayMs);
        return await Done(join);
    }

    public Task<SyncResult> Sync(JoinResult joined, string? instanceId = null, params (string Member, byte Share)[] shares)
        => Group.SyncAsync(
            new MemberClaim(joined.MemberId, instanceId, joined.Generation),
            [.. shares.Select(s => new KeyValuePair<string, byte[]>(s.Member, [s.Share]))]);

    public ErrorCode Heartbeat(JoinResult joined, string? instanceId = null) => Group.Heartbeat(new MemberClaim(joined.MemberId, instanceId, joined.Generation));

    /// <summary>The result of a task that is done or about to be; one that still waits fails the test instead of hanging it.</summary>
    public static async Task<T> Done<T>(Task<T> task) => await task.WaitAsync(TimeSpan.FromSeconds(5));

    /// <summary>Two members, stable, in one generation; the first one leads.</summary>
    public async Task<(JoinResult Leader, JoinResult Follower)> TwoStable(string? firstInstance = null, string? secondInstance = null)
    {
        Task<JoinResult> first = Join("", firstInstance);
        Task<JoinResult> second = Join("", secondInstance, subscription: 2);
        Advance(DelayMs);
        JoinResult leader = await Done(first);
        JoinResult follower = await Done(second);
        Task<SyncResult> waiting = Sync(follower, secondInstance);
        await Done(Sync(leader, firstInstance, (leader.MemberId, 10), (follower.MemberId, 20)));
        await Done(waiting);
        return (leader, follower);
    }
}
