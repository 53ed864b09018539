using TokenStream.IntegrationTests.Broker;
using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;

namespace TokenStream.IntegrationTests.Kafka;

/// <summary>A log whose process is stopped while a member wants an answer: it takes connections and says nothing.</summary>
public sealed class StalledLogTests
{
    [Fact]
    public async Task A_commit_without_an_answer_ends_and_its_member_comes_back_as_another()
    {
        using var folder = new TemporaryFolder();
        await using var broker = await BrokerProcess.StartAsync(folder.Path);
        var options = Impatient(broker.Address);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Assignment.Count == 1);
        Assert.True(await member.Source.CommitAsync([new(member.Partition(0), 0, "answered")]));

        broker.Process.Freeze();
        Assert.False(await OwnThread.RunAsync(() => UnansweredAsync(member)));
        broker.Process.Thaw();

        // Not before it was assigned anew: a newer commit must not be overtaken by the one that may still be on its way.
        Assert.False(await member.Source.CommitAsync([new(member.Partition(0), 0, "newer")]));
        member.PollUntil(() => member.RevokedPartitions.Count + member.LostPartitions.Count == 1 && member.Assignment.Count == 1);
        Assert.Matches("^(un)?answered$", member.Source.Committed(member.Partition(0))!.Metadata);
        Assert.True(await member.Source.CommitAsync([new(member.Partition(0), 0, "newer")]));
        Assert.Equal(new OffsetCommit(member.Partition(0), 0, "newer"), member.Source.Committed(member.Partition(0)));
    }

    [Fact]
    public async Task A_member_stops_although_nobody_answers()
    {
        using var folder = new TemporaryFolder();
        await using var broker = await BrokerProcess.StartAsync(folder.Path);
        var options = Impatient(broker.Address);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Assignment.Count == 1);

        broker.Process.Freeze();
        Assert.False(await OwnThread.RunAsync(() => UnansweredAsync(member)));
        await OwnThread.RunAsync(member.Dispose);
        broker.Process.Thaw();
    }

    private static KafkaOptions Impatient(string address) => new()
    {
        BootstrapServers = address,
        SessionTimeout = TimeSpan.FromSeconds(6),
        AnswerTimeout = TimeSpan.FromSeconds(2),
    };

    private static async Task<bool> UnansweredAsync(GroupMember member) =>
        await member.Source.CommitAsync([new(member.Partition(0), 0, "unanswered")]);
}
