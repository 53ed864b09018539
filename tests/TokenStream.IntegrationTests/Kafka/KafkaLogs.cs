using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Broker;
using TokenStream.Broker.Log;
using TokenStream.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Kafka;

/// <summary>The logs that the Kafka tests run against, each started once when the first test asks for it.</summary>
public sealed class KafkaLogs : IAsyncLifetime
{
    public const string Embedded = "embedded";
    public const string Apache = "apache";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenstream-log-");
    private readonly Lazy<RealKafka> _apache = new(() => new RealKafka());
    private EmbeddedLog? _embedded;

    /// <summary>Every log that is there: Apache Kafka only where <c>TOKENSTREAM_KAFKA_HOME</c> names one.</summary>
    public static TheoryData<string> All
    {
        get
        {
            var logs = new TheoryData<string> { Embedded };
            if (RealKafka.IsThere)
            {
                logs.Add(Apache);
            }

            return logs;
        }
    }

    /// <summary>Every log with every group protocol that it speaks.</summary>
    public static TheoryData<string, GroupProtocol> Groups
    {
        get
        {
            var groups = new TheoryData<string, GroupProtocol> { { Embedded, GroupProtocol.Classic } };
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
        BootstrapServers = log == Embedded ? _embedded!.BootstrapServers : _apache.Value.Bootstrap,
        GroupProtocol = protocol,
        SessionTimeout = TimeSpan.FromSeconds(6),
    };

    public async Task InitializeAsync() => _embedded = await StartEmbeddedAsync(_folder, "127.0.0.1:0");

    public async Task DisposeAsync()
    {
        if (_apache.IsValueCreated)
        {
            _apache.Value.Dispose();
        }

        await _embedded!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Makes a topic of a name that no other test has.</summary>
    internal static async Task<string> TopicAsync(KafkaOptions options, int partitions, params (string Name, string Value)[] settings)
    {
        var topic = $"t-{Guid.NewGuid():N}";
        using var admin = new TopicAdmin(options, "test-admin", TimeProvider.System, NullLogger.Instance);
        await admin.DeclareAsync([new(topic, partitions, [.. settings.Select(s => new TopicSetting(s.Name, s.Value, SettingRule.AtCreation))])]);
        return topic;
    }

    internal static Task<EmbeddedLog> StartEmbeddedAsync(DirectoryInfo folder, string listen)
    {
        var options = new BrokerOptions { Store = new LogStoreOptions { DataDirectory = folder.FullName }, Listen = listen };
        return EmbeddedLog.StartAsync(options, TimeProvider.System, NullLoggerFactory.Instance);
    }
}

/// <summary>Tests that share the logs; they run one after the other, since they measure rebalances and allocations.</summary>
[CollectionDefinition(nameof(KafkaTests))]
public sealed class KafkaTests : ICollectionFixture<KafkaLogs>;
