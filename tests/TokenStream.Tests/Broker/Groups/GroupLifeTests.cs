using TokenStream.Broker.Groups;
using TokenStream.Broker.Protocol;
using Xunit;

namespace TokenStream.Tests.Broker.Groups;

public class GroupLifeTests
{
    private readonly GroupFixture _group = new();

    [Fact]
    public async Task A_member_lives_as_long_as_it_is_heard_of_within_its_session()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        for (int i = 0; i < 10; i++)
        {
            _group.Advance(GroupFixture.SessionMs - 1);
            Assert.Equal(ErrorCode.None, _group.Heartbeat(leader));
            Assert.Equal(ErrorCode.None, _group.Heartbeat(follower));
        }

        _group.Advance(1);
        Assert.Equal(ErrorCode.None, _group.Heartbeat(leader));
        _group.Advance(GroupFixture.SessionMs - 1);
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(leader));
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(follower));
    }

    [Fact]
    public async Task A_heartbeat_of_another_generation_is_refused()
    {
        JoinResult joined = await _group.JoinFirst();
        Assert.Equal(ErrorCode.IllegalGeneration, _group.Heartbeat(joined with { Generation = 2 }));
        Assert.Equal(ErrorCode.IllegalGeneration, _group.Heartbeat(joined with { Generation = 0 }));
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(joined with { MemberId = "nobody" }));
    }

    [Fact]
    public async Task A_member_that_leaves_makes_the_others_rebalance_and_the_last_one_empties_the_group()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        Assert.Equal(ErrorCode.None, _group.Group.Leave(leader.MemberId, null));
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(follower));
        JoinResult again = await GroupFixture.Done(_group.Join(follower.MemberId, subscription: 2));
        Assert.Equal((2, follower.MemberId), (again.Generation, again.LeaderId));

        Assert.Equal(ErrorCode.None, _group.Group.Leave(follower.MemberId, null));
        Assert.Equal(GroupState.Empty, _group.Group.Summary().State);
        Assert.Equal(0, _group.Memory.Held);
        Assert.True(_group.Group.TryRetire());
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, (await GroupFixture.Done(_group.Join(""))).Error);
    }

    [Fact]
    public async Task A_leader_that_never_brings_the_shares_is_removed_and_the_group_goes_on()
    {
        Task<JoinResult> first = _group.Join(""), second = _group.Join("");
        _group.Advance(GroupFixture.DelayMs);
        JoinResult leader = await GroupFixture.Done(first), follower = await GroupFixture.Done(second);
        Task<SyncResult> waits = _group.Sync(follower);
        for (int waited = 0; waited < GroupFixture.RebalanceMs; waited += 5_000)
        {
            _group.Heartbeat(leader);
            _group.Advance(5_000);
        }

        Assert.Equal(ErrorCode.RebalanceInProgress, (await GroupFixture.Done(waits)).Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(leader));
        JoinResult again = await GroupFixture.Done(_group.Join(follower.MemberId));
        Assert.Equal((2, follower.MemberId), (again.Generation, again.LeaderId));
    }

    [Fact]
    public async Task A_static_member_comes_back_to_its_share_and_disturbs_nobody()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable("one", "two");
        JoinResult back = await GroupFixture.Done(_group.Join("", "two", subscription: 2));
        Assert.Equal((ErrorCode.None, 1), (back.Error, back.Generation));
        Assert.NotEqual(follower.MemberId, back.MemberId);
        Assert.Equal(ErrorCode.None, _group.Heartbeat(leader, "one"));
        Assert.Equal(20, Assert.Single((await GroupFixture.Done(_group.Sync(back, "two"))).Assignment));
        Assert.Equal(ErrorCode.FencedInstanceId, _group.Heartbeat(follower, "two"));
    }

    [Fact]
    public async Task A_static_leader_comes_back_as_a_follower_of_its_former_self()
    {
        (JoinResult leader, _) = await _group.TwoStable("one", "two");
        JoinResult back = await GroupFixture.Done(_group.Join("", "one"));
        Assert.Equal(leader.MemberId, back.LeaderId);
        Assert.Empty(back.Members);
        Assert.Equal(10, Assert.Single((await GroupFixture.Done(_group.Sync(back, "one"))).Assignment));
    }

    [Fact]
    public async Task A_static_member_keeps_its_place_through_a_rebalance_it_missed()
    {
        (JoinResult leader, _) = await _group.TwoStable(null, "two");
        Task<JoinResult> again = _group.Join(leader.MemberId, subscription: 9, rebalanceMs: 3_000);
        _group.Advance(GroupFixture.SessionMs - 1);
        Assert.False(again.IsCompleted);
        _group.Advance(1);
        Assert.Single((await GroupFixture.Done(again)).Members);
    }

    [Fact]
    public async Task An_administrator_removes_a_static_member_by_its_instance_name()
    {
        (JoinResult leader, _) = await _group.TwoStable("one", "two");
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Group.Leave("", "three"));
        Assert.Equal(ErrorCode.None, _group.Group.Leave("", "two"));
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(leader, "one"));
    }

    [Fact]
    public async Task A_stable_group_describes_members_with_their_shares()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        GroupDescription shown = _group.Group.Describe();
        Assert.Equal((GroupState.Stable, "consumer", "range"), (shown.State, shown.ProtocolType, shown.Protocol));
        Assert.Equal([(leader.MemberId, (byte)10), (follower.MemberId, (byte)20)], shown.Members.Select(m => (m.Id, m.Assignment[0])));
    }

    [Fact]
    public async Task The_next_deadline_is_that_of_the_member_heard_of_longest_ago()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        _group.Advance(1_000);
        _group.Heartbeat(leader);
        _group.Advance(0);
        Assert.Equal(GroupFixture.DelayMs + GroupFixture.SessionMs, _group.NextMs);
        _group.Advance(1_000);
        _group.Heartbeat(follower);
        _group.Advance(0);
        Assert.Equal(GroupFixture.DelayMs + 1_000 + GroupFixture.SessionMs, _group.NextMs);
    }

    [Fact]
    public async Task A_delay_that_ends_while_the_group_looks_at_the_clock_is_not_slept_through()
    {
        for (int early = 0; early < 10; early++)
        {
            var group = new GroupFixture { TickMs = 1 };
            Task<JoinResult> join = group.Join("");
            group.Advance(GroupFixture.DelayMs - early);
            while (!join.IsCompleted && group.NowMs < GroupFixture.RebalanceMs)
            {
                group.Advance((int)Math.Max(0, group.NextMs - group.NowMs));
            }

            Assert.Equal(ErrorCode.None, (await GroupFixture.Done(join)).Error);
            Assert.InRange(group.NowMs, GroupFixture.DelayMs, GroupFixture.DelayMs + 20);
        }
    }

    /// <summary>Any order of steps by many members keeps the group's promises: one leader, one generation, shares only of that generation.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Random_steps_never_leave_a_member_waiting_for_ever(int seed)
    {
        var random = new Random(seed);
        var joins = new List<Task<JoinResult>>();
        var syncs = new List<Task<SyncResult>>();
        var known = new List<JoinResult>();
        for (int step = 0; step < 3_000; step++)
        {
            JoinResult? member = known.Count == 0 ? null : known[random.Next(known.Count)];
            switch (random.Next(8))
            {
                case 0: joins.Add(_group.Join("", random.Next(3) == 0 ? $"i{random.Next(3)}" : null, random.Next(2) == 0)); break;
                case 1 or 2 when member is not null: joins.Add(_group.Join(member.MemberId, subscription: (byte)random.Next(2))); break;
                case 3 or 4 when member is not null: syncs.Add(_group.Sync(member, null, (member.MemberId, 1))); break;
                case 5 when member is not null: _group.Heartbeat(member); break;
                case 6 when member is not null: _group.Group.Leave(member.MemberId, null); break;
                default: _group.Advance(random.Next(GroupFixture.SessionMs / 2)); break;
            }

            foreach (Task<JoinResult> done in joins.Where(j => j.IsCompletedSuccessfully).ToArray())
            {
                joins.Remove(done);
                known.Add(await done);
            }
        }

        for (int i = 0; i < 20; i++)
        {
            _group.Advance(GroupFixture.RebalanceMs);
        }

        Assert.All(joins, j => Assert.True(j.IsCompleted));
        Assert.All(syncs, s => Assert.True(s.IsCompleted));
        Assert.Equal(0, _group.Memory.Held);
        Assert.Equal(GroupState.Empty, _group.Group.Summary().State);
    }
}
