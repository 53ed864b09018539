using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Kafka;

/// <summary>The logs that the Kafka tests run against, each started once when the first test asks for it.</summary>
public sealed class KafkaLogs : IDisposable
{
    public const string Apache = "apache";

    private readonly Lazy<RealKafka> _apache = new(() => new RealKafka());

    /// <summary>Every log that is there.</summary>
    public static TheoryData<string> All => RealKafka.IsThere ? [Apache] : [];

    /// <summary>Every log with every group protocol that it speaks.</summary>
    public static TheoryData<string, GroupProtocol> Groups
    {
        get
        {
            var groups = new TheoryData<string, GroupProtocol>();
            if (RealKafka.IsThere)
            {
                groups.Add(Apache, GroupProtocol.Classic);
                groups.Add(Apache, GroupProtocol.Consumer);
            }

            return groups;
        }
    }

    public KafkaOptions Options(string log, GroupProtocol protocol = GroupProtocol.Classic) => new()
    {
        BootstrapServers = _apache.Value.Bootstrap,
        GroupProtocol = protocol,
        SessionTimeout = TimeSpan.FromSeconds(6),
    };

    /// <summary>Makes a topic of a name that no other test has.</summary>
    internal static async Task<string> TopicAsync(KafkaOptions options, int partitions, params (string Name, string Value)[] settings)
    {
        var topic = $"t-{Guid.NewGuid():N}";
        using var admin = new TopicAdmin(options, "test-admin", TimeProvider.System, NullLogger.Instance);
        await admin.DeclareAsync([new(topic, partitions, [.. settings.Select(s => new TopicSetting(s.Name, s.Value, SettingRule.AtCreation))])]);
        return topic;
    }

    public void Dispose()
    {
        if (_apache.IsValueCreated)
        {
            _apache.Value.Dispose();
        }
    }
}

/// <summary>Tests that share the logs; they run one after the other, since they measure rebalances and allocations.</summary>
[CollectionDefinition(nameof(KafkaTests))]
public sealed class KafkaTests : ICollectionFixture<KafkaLogs>;
