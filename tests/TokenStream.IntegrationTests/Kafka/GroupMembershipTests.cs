using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;

namespace TokenStream.IntegrationTests.Kafka;

[Collection(nameof(KafkaTests))]
public sealed class GroupMembershipTests(KafkaLogs logs)
{
    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task Offset_metadata_comes_back_as_it_was_committed(string log, GroupProtocol protocol)
    {
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, 3);
        var longest = new string('m', 4_096);
        using (var member = new GroupMember(options, $"g-{topic}", topic))
        {
            member.PollUntil(() => member.Assignment.Count == 3);
            Assert.Null(member.Source.Committed(member.Partition(0)));
            Assert.True(await member.Source.CommitAsync([new(member.Partition(0), 17, "n=1;p=17"), new(member.Partition(1), 0, string.Empty)]));
            Assert.True(await member.Source.CommitAsync([new(member.Partition(2), 1L << 40, longest)]));
            Assert.True(await member.Source.CommitAsync([new(member.Partition(0), 18, "n=2;p=18")]));
        }

        using var successor = new GroupMember(options, $"g-{topic}", topic);
        Assert.Equal(new OffsetCommit(successor.Partition(0), 18, "n=2;p=18"), successor.Source.Committed(successor.Partition(0)));
        Assert.Equal(new OffsetCommit(successor.Partition(1), 0, string.Empty), successor.Source.Committed(successor.Partition(1)));
        Assert.Equal(new OffsetCommit(successor.Partition(2), 1L << 40, longest), successor.Source.Committed(successor.Partition(2)));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task Metadata_that_the_log_would_change_or_refuse_is_refused_here(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Assignment.Count == 1);

        await Assert.ThrowsAsync<ArgumentException>(async () => await member.Source.CommitAsync([new(member.Partition(0), 1, new string('m', 4_097))]));
        await Assert.ThrowsAsync<ArgumentException>(async () => await member.Source.CommitAsync([new(member.Partition(0), 1, "größer")]));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task One_refused_partition_refuses_the_commit(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Assignment.Count == 1);

        Assert.False(await member.Source.CommitAsync([new(member.Partition(0), 1, "a"), new(member.Partition(7), 1, "b")]));
        Assert.Null(member.Source.Committed(member.Partition(0)));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task A_second_member_takes_over_where_the_first_committed(string log, GroupProtocol protocol)
    {
        const int Partitions = 4, Count = 40_000;
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, Partitions);
        await TopicFill.PublishAsync(options, topic, Partitions, Count);
        using var first = new GroupMember(options, $"g-{topic}", topic, "first");
        first.OnRevoked = partition => CommitReadOffset(first, partition);
        first.PollUntil(() => first.Records.Count > 0);
        using var second = new GroupMember(options, $"g-{topic}", topic, "second");
        first.PollUntil(() => first.Assignment.Count == 2 && second.Assignment.Count == 2, second);
        first.PollUntil(() => first.Records.Count + second.Records.Count >= Count, second);

        // Nothing read twice and nothing left out; the two that stayed were never taken away.
        Assert.Equal(Partitions, first.Assignment.Union(second.Assignment).Count());
        Assert.Equal(2, first.RevokedPartitions.Count);
        for (var partition = 0; partition < Partitions; partition++)
        {
            var offsets = first.Records.Concat(second.Records).Where(record => record.Partition == partition).Select(record => record.Offset);
            Assert.Equal(Enumerable.Range(0, Count / Partitions).Select(i => (long)i), offsets);
        }
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task A_member_commits_nothing_of_a_partition_that_left_it(string log, GroupProtocol protocol)
    {
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, 2);
        using var first = new GroupMember(options, $"g-{topic}", topic, "first");
        first.PollUntil(() => first.Assignment.Count == 2);
        using var second = new GroupMember(options, $"g-{topic}", topic, "second");
        first.PollUntil(() => first.Assignment.Count == 1 && second.Assignment.Count == 1, second);
        var moved = first.Partition(second.Assignment[0]);
        Assert.True(await second.Source.CommitAsync([new(moved, 20, "successor")]));

        Assert.False(await first.Source.CommitAsync([new(moved, 10, "stale")]));
        Assert.Equal(20, second.Source.Committed(moved)!.Offset);
        Assert.True(await first.Source.CommitAsync([new(first.Partition(first.Assignment[0]), 5, "mine")]));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task A_member_that_stops_before_it_heard_of_its_new_assignment_leaves_after_a_last_commit(string log, GroupProtocol protocol)
    {
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, 2);
        var first = new GroupMember(options, $"g-{topic}", topic, "first");
        first.PollUntil(() => first.Assignment.Count == 2);
        using var second = new GroupMember(options, $"g-{topic}", topic, "second");
        first.PollUntil(() => first.Assignment.Count == 1, second);
        // Only the second polls: what the first has of the same generation is not served when it stops.
        second.PollUntil(() => second.Assignment.Count == 1);
        var kept = first.Partition(first.Assignment[0]);
        first.OnRevoked = partition => Assert.True(CommitNow(first, new(partition, 0, "last")));

        await OwnThread.RunAsync(first.Dispose);

        Assert.Empty(first.Assignment);
        second.PollUntil(() => second.Assignment.Count == 2);
        Assert.Equal(new OffsetCommit(kept, 0, "last"), second.Source.Committed(kept));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task A_member_that_slept_too_long_loses_its_partition_and_cannot_commit(string log, GroupProtocol protocol)
    {
        var usual = logs.Options(log, protocol);
        var options = new KafkaOptions
        {
            BootstrapServers = usual.BootstrapServers,
            GroupProtocol = protocol,
            SessionTimeout = TimeSpan.FromSeconds(6),
            Properties = new Dictionary<string, string> { ["max.poll.interval.ms"] = "6000" },
        };
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using var sleeper = new GroupMember(options, $"g-{topic}", topic, "sleeper");
        sleeper.PollUntil(() => sleeper.Assignment.Count == 1);
        using var successor = new GroupMember(options, $"g-{topic}", topic, "successor");
        successor.PollUntil(() => successor.Assignment.Count == 1);
        Assert.True(await successor.Source.CommitAsync([new(successor.Partition(0), 20, "successor")]));

        // It has not polled, so it does not know yet.
        Assert.Equal([0], sleeper.Assignment);
        Assert.False(await sleeper.Source.CommitAsync([new(sleeper.Partition(0), 10, "stale")]));
        sleeper.PollUntil(() => sleeper.LostPartitions.Count == 1, successor);
        Assert.False(await sleeper.Source.CommitAsync([new(sleeper.Partition(0), 10, "stale")]));

        Assert.Equal(new OffsetCommit(successor.Partition(0), 20, "successor"), successor.Source.Committed(successor.Partition(0)));
    }

    private static void CommitReadOffset(GroupMember member, TopicPartition partition)
    {
        var last = member.Records.Where(record => record.Partition == partition.Partition).Select(record => record.Offset).DefaultIfEmpty(-1).Max();
        Assert.True(CommitNow(member, new(partition, last + 1, "read")));
    }

    /// <summary>Commits from within a callback, where nothing can be awaited.</summary>
    private static bool CommitNow(GroupMember member, OffsetCommit commit)
    {
        var committed = member.Source.CommitAsync([commit]);
        return committed.IsCompletedSuccessfully && committed.GetAwaiter().GetResult();
    }
}
