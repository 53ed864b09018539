using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;
using TokenStream.Broker.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace TokenStream.Tests.Broker.Groups;

public sealed class CommitTests : IAsyncDisposable
{
    private static readonly MemberClaim Simple = new("", null, -1);

    private readonly string _directory = Directory.CreateTempSubdirectory("commits-").FullName;
    private readonly ManualTime _time = new();
    private GroupOptions _options = new() { InitialRebalanceDelayMs = 0 };
    private LogStore _store = null!;
    private GroupCoordinator _groups = null!;

    [Fact]
    public async Task A_commit_with_its_metadata_is_there_after_a_restart()
    {
        Open();
        string metadata = new('m', 4_096);
        Assert.Equal(ErrorCode.None, await Commit("g", Simple, ("t", 0, 42, metadata), ("t", 1, 7, "")));
        Assert.Equal(ErrorCode.None, await Commit("g", Simple, ("t", 1, 8, "später")));
        await RestartAsync();
        Assert.Equal((42L, metadata), (Found("t", 0)!.Value.Offset, Found("t", 0)!.Value.Metadata));
        Assert.Equal((8L, "später"), (Found("t", 1)!.Value.Offset, Found("t", 1)!.Value.Metadata));
        Assert.Null(Found("t", 2));
    }

    [Fact]
    public async Task A_member_of_an_earlier_generation_cannot_commit_and_neither_can_one_that_left()
    {
        Open();
        JoinResult first = await _groups.JoinAsync(Join(""), default);
        var claim = new MemberClaim(first.MemberId, null, 1);
        await _groups.SyncAsync("g", claim, [], default);
        Assert.Equal(ErrorCode.None, await Commit("g", claim, ("t", 0, 1, "")));
        Assert.Equal(ErrorCode.UnknownMemberId, await Commit("g", Simple, ("t", 0, 2, "")));

        Task<JoinResult> second = _groups.JoinAsync(Join(""), default);
        JoinResult again = await _groups.JoinAsync(Join(first.MemberId), default);
        Assert.Equal((2, 2), (again.Generation, (await second).Generation));
        Assert.Equal(ErrorCode.IllegalGeneration, await Commit("g", claim, ("t", 0, 3, "")));
        _groups.Leave("g", first.MemberId, null);
        Assert.Equal(ErrorCode.UnknownMemberId, await Commit("g", claim with { Generation = 2 }, ("t", 0, 4, "")));
        Assert.Equal(1, Found("t", 0)!.Value.Offset);
    }

    [Fact]
    public async Task Members_of_before_a_restart_are_told_to_join_again()
    {
        Open();
        JoinResult joined = await _groups.JoinAsync(Join(""), default);
        await RestartAsync();
        var claim = new MemberClaim(joined.MemberId, null, joined.Generation);
        Assert.Equal(ErrorCode.UnknownMemberId, _groups.Heartbeat("g", claim));
        Assert.Equal(ErrorCode.UnknownMemberId, await Commit("g", claim, ("t", 0, 1, "")));
        Assert.Equal(ErrorCode.UnknownMemberId, (await _groups.JoinAsync(Join(joined.MemberId), default)).Error);
    }

    [Fact]
    public async Task Offsets_of_a_group_without_members_expire_once_it_was_seen_empty_for_a_day()
    {
        _options = new GroupOptions { OffsetsRetentionMs = 7 * 86_400_000L, ExpiryIntervalMs = 600_000 };
        Open();
        await Commit("g", Simple, ("t", 0, 1, ""));
        _time.Advance(6 * 86_400_000);
        Assert.NotNull(Found("t", 0));

        // Off for a month, and on again: the first day of running forgets nothing, whatever the calendar says.
        await RestartAsync(() => _time.WallShift = TimeSpan.FromDays(30));
        _time.Advance(86_400_000 - 600_001);
        Assert.NotNull(Found("t", 0));
        _time.Advance(1_200_000);
        Assert.Null(Found("t", 0));
        Assert.Equal(0, _groups.Groups);
        await RestartAsync();
        Assert.Null(Found("t", 0));
    }

    [Fact]
    public async Task Offsets_of_a_group_with_members_do_not_expire()
    {
        _options = new GroupOptions { OffsetsRetentionMs = 1_000_000, ExpiryIntervalMs = 600_000, InitialRebalanceDelayMs = 0 };
        Open();
        JoinResult joined = await _groups.JoinAsync(Join(""), default);
        var claim = new MemberClaim(joined.MemberId, null, 1);
        await _groups.SyncAsync("g", claim, [], default);
        await Commit("g", claim, ("t", 0, 1, ""));
        for (int i = 0; i < 400; i++)
        {
            _time.Advance(9_000);
            Assert.Equal(ErrorCode.None, _groups.Heartbeat("g", claim));
        }

        Assert.NotNull(Found("t", 0));
    }

    [Fact]
    public async Task A_deleted_topic_and_a_deleted_group_leave_no_offsets_behind()
    {
        Open();
        await Commit("g", Simple, ("t", 0, 1, ""), ("u", 0, 2, ""));
        await Commit("h", Simple, ("u", 0, 3, ""));
        _groups.ForgetTopic("t");
        Assert.Null(Found("t", 0));
        Assert.Equal(ErrorCode.None, _groups.Delete("h"));
        Assert.Equal(ErrorCode.GroupIdNotFound, _groups.Delete("h"));
        await RestartAsync();
        Assert.Null(Found("t", 0));
        Assert.Equal(2, Found("u", 0)!.Value.Offset);
        Assert.Equal(["g"], _groups.List().Select(g => g.Id));
    }

    [Fact]
    public async Task Bounds_on_groups_and_offsets_refuse_what_is_new_and_keep_what_is_there()
    {
        _options = new GroupOptions { MaxGroups = 1, MaxOffsets = 2 };
        Open();
        await Commit("g", Simple, ("t", 0, 1, ""), ("t", 1, 1, ""));
        Assert.Equal(ErrorCode.InvalidCommitOffsetSize, await Commit("g", Simple, ("t", 2, 1, "")));
        Assert.Equal(ErrorCode.None, await Commit("g", Simple, ("t", 1, 9, "")));
        Assert.Equal(ErrorCode.InvalidCommitOffsetSize, await Commit("h", Simple, ("t", 0, 1, "")));
        Assert.Equal(ErrorCode.GroupMaxSizeReached, (await _groups.JoinAsync(Join("") with { GroupId = "h" }, default)).Error);
        Assert.Equal(ErrorCode.InvalidGroupId, (await _groups.JoinAsync(Join("") with { GroupId = "" }, default)).Error);
        Assert.Equal(ErrorCode.InvalidSessionTimeout, (await _groups.JoinAsync(Join("") with { SessionTimeoutMs = 1 }, default)).Error);
    }

    [Fact]
    public void The_record_of_a_commit_has_the_layout_that_kafkas_tools_read()
    {
        byte[] key = OffsetRecord.Key("gr", new OffsetKey("t", 5));
        Assert.Equal<byte>([0, 1, 0, 2, (byte)'g', (byte)'r', 0, 1, (byte)'t', 0, 0, 0, 5], key);
        byte[] value = OffsetRecord.Value(new CommittedOffset(258, -1, "m", 3));
        Assert.Equal<byte>([0, 3, 0, 0, 0, 0, 0, 0, 1, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, (byte)'m', 0, 0, 0, 0, 0, 0, 0, 3], value);
        Assert.True(OffsetRecord.TryReadKey(key, out string? group, out OffsetKey read));
        Assert.Equal(("gr", new OffsetKey("t", 5)), (group, read));
        for (int cut = 0; cut < value.Length; cut++)
        {
            Assert.False(OffsetRecord.TryReadValue(value.AsSpan(0, cut), out _));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _groups?.Dispose();
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static JoinRequest Join(string memberId)
        => new("g", memberId, null, "c", "/127.0.0.1", 10_000, 10_000, "consumer", [new MemberProtocol("range", [1])], RequireKnownId: false);

    private void Open()
    {
        _store = LogStore.Open(new LogStoreOptions { DataDirectory = _directory }, _time, NullLogger.Instance);
        _groups = new GroupCoordinator(_options, OffsetLog.Open(_store, _options, _time), _time, NullLogger.Instance);
    }

    private async Task RestartAsync(Action? between = null)
    {
        _groups.Dispose();
        await _store.DisposeAsync();
        between?.Invoke();
        Open();
    }

    private CommittedOffset? Found(string topic, int partition) => _groups.Offset("g", new OffsetKey(topic, partition));

    private async Task<ErrorCode> Commit(string group, MemberClaim claim, params (string Topic, int Partition, long Offset, string Metadata)[] offsets)
        => await _groups.CommitAsync(group, claim, offsets.ToDictionary(
            o => new OffsetKey(o.Topic, o.Partition),
            o => new CommittedOffset(o.Offset, -1, o.Metadata, _time.GetUtcNow().ToUnixTimeMilliseconds())));
}
