using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Kafka;

[Collection(nameof(KafkaTests))]
public sealed class TopicAdminTests(KafkaLogs logs)
{
    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task The_whole_layout_is_created_once_and_found_in_order_afterwards(string log)
    {
        using var admin = Admin(logs.Options(log));
        var layout = Layout(requestsPartitions: 6);

        var created = await admin.DeclareAsync(layout.Declarations);
        var found = await admin.DeclareAsync(Layout(requestsPartitions: 12, layout.Requests[..^".requests".Length]).Declarations);

        Assert.Equal(6, created.Partitions[layout.Requests]);
        // What exists keeps its number of partitions, whatever is configured now.
        Assert.Equal(created.Partitions, found.Partitions);
        Assert.Empty(created.Warnings);
        Assert.Empty(found.Warnings);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task Every_mismatch_is_told_with_its_command_and_nothing_is_created(string log)
    {
        var options = logs.Options(log);
        using var admin = Admin(options);
        var layout = Layout();
        await admin.DeclareAsync(
        [
            new(layout.Rollups, 2, [new("cleanup.policy", "compact", SettingRule.AtCreation), new("retention.ms", "3600000", SettingRule.AtCreation)]),
        ]);

        var failure = await Assert.ThrowsAsync<TopicMismatchException>(() => admin.DeclareAsync(layout.Declarations));

        var command = $"kafka-configs.sh --bootstrap-server {options.BootstrapServers} --alter --entity-type topics --entity-name {layout.Rollups} --add-config ";
        Assert.Equal(2, failure.Mismatches.Count);
        Assert.EndsWith($"{command}cleanup.policy=delete", failure.Mismatches[0], StringComparison.Ordinal);
        Assert.Contains("has retention.ms=3600000, but at least 777600000 is needed", failure.Mismatches[1], StringComparison.Ordinal);
        Assert.EndsWith($"{command}retention.ms=777600000", failure.Mismatches[1], StringComparison.Ordinal);
        Assert.DoesNotContain(layout.Requests, admin.Partitions().Keys);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task An_input_topic_with_its_producers_times_works_with_a_warning(string log)
    {
        using var admin = Admin(logs.Options(log));
        var layout = Layout();
        await admin.DeclareAsync([new(layout.Requests, 1, [new("message.timestamp.type", "CreateTime", SettingRule.AtCreation)])]);

        var report = await admin.DeclareAsync(layout.Declarations);

        var warning = Assert.Single(report.Warnings);
        Assert.Contains($"{layout.Requests} has message.timestamp.type=CreateTime, but LogAppendTime is needed", warning, StringComparison.Ordinal);
        Assert.EndsWith("--add-config message.timestamp.type=LogAppendTime", warning, StringComparison.Ordinal);
    }

    [FactNeeding("variable:TOKENSTREAM_KAFKA_HOME")]
    public async Task The_printed_command_mends_the_topic()
    {
        var options = logs.Options(KafkaLogs.Apache);
        using var admin = Admin(options);
        var layout = Layout();
        await admin.DeclareAsync([new(layout.Rollups, 1, [new("retention.ms", "60000", SettingRule.AtCreation)])]);
        var failure = await Assert.ThrowsAsync<TopicMismatchException>(() => admin.DeclareAsync(layout.Declarations));
        var command = Assert.Single(failure.Mismatches).Split("kafka-configs.sh ")[1];

        RealKafka.Tool(["configs", .. command.Split(' ')]);

        await admin.DeclareAsync(layout.Declarations);
    }

    [Fact]
    public async Task A_log_that_does_not_answer_is_named_with_the_cause_and_the_option()
    {
        using var admin = Admin(new KafkaOptions { BootstrapServers = "127.0.0.1:1", AnswerTimeout = TimeSpan.FromSeconds(1) });

        var failure = await Assert.ThrowsAsync<KafkaUnavailableException>(() => admin.DeclareAsync(new TopicLayout().Declarations));

        Assert.Contains("Kafka at 127.0.0.1:1 does not answer", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Connection refused", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--kafka", failure.Message, StringComparison.Ordinal);
    }

    private static TopicAdmin Admin(KafkaOptions options) => new(options, "test-admin", TimeProvider.System, NullLogger.Instance);

    private static TopicLayout Layout(int requestsPartitions = 8, string? prefix = null)
    {
        prefix ??= $"t-{Guid.NewGuid():N}";
        return new TopicLayout
        {
            Requests = $"{prefix}.requests",
            RequestsPartitions = requestsPartitions,
            Rollups = $"{prefix}.rollups",
            Live = $"{prefix}.live",
            DeadLetter = $"{prefix}.deadletter",
            Configuration = $"{prefix}.configuration",
        };
    }
}
