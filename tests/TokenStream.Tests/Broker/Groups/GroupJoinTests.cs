using TokenStream.Broker.Groups;
using TokenStream.Broker.Protocol;
using Xunit;

namespace TokenStream.Tests.Broker.Groups;

public class GroupJoinTests
{
    private readonly GroupFixture _group = new();

    [Fact]
    public async Task First_join_without_an_id_is_answered_with_one_to_join_with()
    {
        JoinResult first = await GroupFixture.Done(_group.Join("", requireKnownId: true));
        Assert.Equal(ErrorCode.MemberIdRequired, first.Error);
        Assert.NotEqual("", first.MemberId);

        Task<JoinResult> second = _group.Join(first.MemberId, requireKnownId: true);
        _group.Advance(GroupFixture.DelayMs);
        JoinResult joined = await GroupFixture.Done(second);
        Assert.Equal((ErrorCode.None, 1, first.MemberId, first.MemberId), (joined.Error, joined.Generation, joined.MemberId, joined.LeaderId));
    }

    [Fact]
    public async Task An_id_that_was_given_out_is_forgotten_after_the_session_time()
    {
        JoinResult first = await GroupFixture.Done(_group.Join("", requireKnownId: true));
        _group.Advance(GroupFixture.SessionMs);
        Assert.Equal(ErrorCode.UnknownMemberId, (await GroupFixture.Done(_group.Join(first.MemberId))).Error);
    }

    [Fact]
    public async Task Members_that_come_within_the_first_delay_share_one_generation()
    {
        Task<JoinResult> first = _group.Join("");
        _group.Advance(GroupFixture.DelayMs - 1);
        Assert.False(first.IsCompleted);
        Task<JoinResult> second = _group.Join("", subscription: 2);
        _group.Advance(GroupFixture.DelayMs - 1);
        Assert.False(second.IsCompleted);
        _group.Advance(1);

        JoinResult leader = await GroupFixture.Done(first), follower = await GroupFixture.Done(second);
        Assert.Equal((1, 1), (leader.Generation, follower.Generation));
        Assert.Equal(leader.MemberId, follower.LeaderId);
        Assert.Empty(follower.Members);
        Assert.Equal([leader.MemberId, follower.MemberId], leader.Members.Select(m => m.Id));
        Assert.Equal<byte>([1, 2], leader.Members.Select(m => m.Metadata[0]));
    }

    [Fact]
    public async Task The_leaders_shares_reach_the_members_that_wait_and_those_that_come_later()
    {
        Task<JoinResult> first = _group.Join(""), second = _group.Join("");
        _group.Advance(GroupFixture.DelayMs);
        JoinResult leader = await GroupFixture.Done(first), follower = await GroupFixture.Done(second);

        Task<SyncResult> waits = _group.Sync(follower);
        Assert.False(waits.IsCompleted);
        SyncResult own = await GroupFixture.Done(_group.Sync(leader, null, (leader.MemberId, 10), (follower.MemberId, 20)));
        Assert.Equal(10, Assert.Single(own.Assignment));
        Assert.Equal(20, Assert.Single((await GroupFixture.Done(waits)).Assignment));
        Assert.Equal(20, Assert.Single((await GroupFixture.Done(_group.Sync(follower))).Assignment));
    }

    [Fact]
    public async Task A_third_member_makes_the_others_join_again()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        Task<JoinResult> third = _group.Join("");
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(leader));
        Assert.False(third.IsCompleted);

        Task<JoinResult> again = _group.Join(leader.MemberId);
        _ = _group.Join(follower.MemberId, subscription: 2);
        Assert.Equal(2, (await GroupFixture.Done(third)).Generation);
        Assert.Equal(3, (await GroupFixture.Done(again)).Members.Length);
    }

    [Fact]
    public async Task A_member_that_does_not_join_again_is_left_behind_at_the_rebalance_time()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        Task<JoinResult> again = _group.Join(leader.MemberId, subscription: 9);
        for (int waited = 0; waited < GroupFixture.RebalanceMs - 5_000; waited += 5_000)
        {
            _group.Advance(5_000);
            Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(follower));
        }

        Assert.False(again.IsCompleted);
        _group.Advance(5_000);
        Assert.Single((await GroupFixture.Done(again)).Members);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(follower));
    }

    [Fact]
    public async Task A_follower_that_joins_again_unchanged_is_told_the_present_generation()
    {
        (_, JoinResult follower) = await _group.TwoStable();
        JoinResult again = await GroupFixture.Done(_group.Join(follower.MemberId, subscription: 2));
        Assert.Equal((ErrorCode.None, 1), (again.Error, again.Generation));
    }

    [Fact]
    public async Task A_follower_with_another_subscription_starts_a_rebalance()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        Task<JoinResult> again = _group.Join(follower.MemberId, subscription: 7);
        Assert.False(again.IsCompleted);
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(leader));
    }

    [Theory]
    [InlineData("range", "roundrobin", false)]
    [InlineData("range,roundrobin", "roundrobin", true)]
    public async Task A_member_needs_a_way_of_assigning_that_all_others_know(string first, string second, bool taken)
    {
        await _group.JoinFirst(protocols: first);
        Task<JoinResult> join = _group.Join("", protocols: second);
        Assert.Equal(taken ? ErrorCode.None : ErrorCode.InconsistentGroupProtocol, join.IsCompleted ? (await join).Error : ErrorCode.None);
    }

    [Fact]
    public async Task The_way_that_most_list_first_among_the_common_ones_is_chosen()
    {
        Task<JoinResult> a = _group.Join("", protocols: "range,sticky");
        _ = _group.Join("", protocols: "sticky,range");
        _ = _group.Join("", protocols: "other,sticky,range");
        _group.Advance(GroupFixture.DelayMs);
        Assert.Equal("sticky", (await GroupFixture.Done(a)).Protocol);
    }

    [Fact]
    public async Task A_join_beyond_the_bound_is_refused()
    {
        var group = new GroupFixture(new GroupOptions { InitialRebalanceDelayMs = 0, MaxMembers = 2 });
        _ = group.Join("");
        Assert.Equal(ErrorCode.MemberIdRequired, (await GroupFixture.Done(group.Join("", requireKnownId: true))).Error);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, (await GroupFixture.Done(group.Join(""))).Error);
    }

    [Fact]
    public async Task A_member_whose_connection_went_while_it_waited_counts_as_gone_after_its_session()
    {
        (JoinResult leader, JoinResult follower) = await _group.TwoStable();
        Task<JoinResult> abandoned = _group.Join(follower.MemberId, subscription: 7);
        _group.Group.Abandon(abandoned);
        Task<JoinResult> again = _group.Join(leader.MemberId);
        _group.Advance(GroupFixture.SessionMs - 1);
        Assert.False(again.IsCompleted);
        _group.Advance(1);
        Assert.Single((await GroupFixture.Done(again)).Members);
    }
}
