using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Kafka;

[Collection(nameof(KafkaTests))]
public sealed class ConfigurationTopicTests(KafkaLogs logs)
{
    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task The_last_value_of_each_key_is_what_everybody_reads(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1, ("cleanup.policy", "compact"));
        using var writer = Open(options, topic);
        Assert.Empty(writer.ReadToEnd());

        Assert.Equal(0, await writer.AppendAsync("prices", "one"u8.ToArray()));
        Assert.Equal(1, await writer.AppendAsync("bounds", "b"u8.ToArray()));
        Assert.Equal(2, await writer.AppendAsync("prices", "two"u8.ToArray()));
        Assert.Equal(3, await writer.AppendAsync("gone", "x"u8.ToArray()));
        Assert.Equal(4, await writer.AppendAsync("gone", null));
        Assert.Equal(5, await writer.AppendAsync("empty", []));

        using var reader = Open(options, topic);
        Assert.Equal(6, reader.ReadToEnd().Count);
        Assert.Equal(6, reader.Position);
        Assert.Equal(["bounds@1=b", "empty@5=", "prices@2=two"], Table(reader));
        // Reading on brings what is new, and only that.
        Assert.Empty(reader.ReadToEnd());
        await writer.AppendAsync("bounds", null);
        Assert.Equal([6L], reader.ReadToEnd().Select(record => record.Offset));
        Assert.Equal(["empty@5=", "prices@2=two"], Table(reader));
    }

    [Fact]
    public void A_log_that_does_not_answer_is_named()
    {
        using var topic = Open(new KafkaOptions { BootstrapServers = "127.0.0.1:1", AnswerTimeout = TimeSpan.FromSeconds(1) }, "configuration");

        var failure = Assert.Throws<KafkaUnavailableException>(() => topic.ReadToEnd());

        Assert.Contains("127.0.0.1:1", failure.Message, StringComparison.Ordinal);
    }

    private static ConfigurationTopic Open(KafkaOptions options, string topic) => new(options, topic, "test-configuration", NullLogger.Instance);

    private static IEnumerable<string> Table(ConfigurationTopic topic) => topic.Entries.Values
        .Select(record => $"{record.Key}@{record.Offset}={Encoding.UTF8.GetString(record.Value!)}")
        .Order(StringComparer.Ordinal);
}
