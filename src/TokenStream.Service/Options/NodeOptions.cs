using TokenStream.ClickHouse;
using TokenStream.Kafka;
using TokenStream.Receiver.Topics;

namespace TokenStream.Service.Options;

/// <summary>Everything a node can be told. Defaults run one node with everything embedded.</summary>
internal sealed record NodeOptions
{
    /// <summary>Where the embedded log and store keep their data.</summary>
    public string DataDirectory { get; init; } = "./data";

    public NodeRoles Roles { get; init; } = NodeRoles.All;

    /// <summary>Health and metrics.</summary>
    public string Listen { get; init; } = "127.0.0.1:8080";

    /// <summary>Allows listeners that other machines reach. None of them asks for a password or speaks TLS.</summary>
    public bool AllowRemote { get; init; }

    /// <summary>A real Kafka, <c>host:port,..</c>; null for the embedded log.</summary>
    public string? Kafka { get; init; }

    /// <summary>Where the embedded log listens.</summary>
    public string KafkaListen { get; init; } = "127.0.0.1:9092";

    /// <summary>What the embedded log tells clients to connect to; null for where it listens.</summary>
    public string? KafkaAdvertised { get; init; }

    public IReadOnlyDictionary<string, string> KafkaProperties { get; init; } = new Dictionary<string, string>();

    public GroupProtocol GroupProtocol { get; init; } = GroupProtocol.Classic;

    /// <summary>Consumer groups are called so, with the stage behind: <c>tokenstream-aggregate</c>.</summary>
    public string GroupPrefix { get; init; } = "tokenstream";

    /// <summary>A ClickHouse server; null for the embedded one.</summary>
    public string? ClickHouse { get; init; }

    public string ClickHouseListen { get; init; } = "127.0.0.1:8123";

    /// <summary>User and password of a server; may be secret references. The embedded store has a credential of its own.</summary>
    public string? ClickHouseUser { get; init; }

    public string? ClickHousePassword { get; init; }

    /// <summary>A price book whose entries win over the default book's.</summary>
    public string? PricesFile { get; init; }

    public TopicLayout Topics { get; init; } =
        new() { RequestsPartitions = 4, RollupsPartitions = 2, LivePartitions = 2, SpendPartitions = 2 };

    /// <summary>Keys of the events' labels that become dimensions.</summary>
    public IReadOnlyList<string> LabelKeys { get; init; } = [];

    /// <summary>See <see cref="Windowing.AggregateRules.GraceMs"/>.</summary>
    public long GraceMs { get; init; } = 30_000;

    /// <summary>See <see cref="Windowing.AggregateRules.DuplicateHorizonMs"/>.</summary>
    public long DuplicateHorizonMs { get; init; } = 600_000;

    /// <summary>Topics whose records are payloads of gateways and applications.</summary>
    public IReadOnlyList<TopicSource> Sources { get; init; } = [];

    /// <summary>How such payloads are taken in over HTTP.</summary>
    public ReceiveOptions Receive { get; init; } = new();

    /// <summary>How anomalies are found.</summary>
    public DetectSettings Detect { get; init; } = new();

    /// <summary>Where alerts are sent to; without any they stay on their topic.</summary>
    public IReadOnlyList<ReceiverOptions> Receivers { get; init; } = [];

    /// <summary>More usage without a price than this in 24 hours, at its bound, is an alert of the budget it counts in.</summary>
    public long UnpricedUsdPerDay { get; init; } = 10;

    /// <summary>Bytes that the embedded store may take; null for its default.</summary>
    public long? StoreMemoryBytes { get; init; }

    /// <summary>Log lines as JSON instead of text.</summary>
    public bool JsonLogs { get; init; }

    /// <summary>Where metrics are pushed over OTLP; null for nowhere.</summary>
    public string? OtlpEndpoint { get; init; }

    /// <summary>The private key that commands are signed with, PEM, or a secret reference to it; null for one of the node's own.</summary>
    public string? SigningKey { get; init; }

    /// <summary>A file of public keys, PEM, that commands of other nodes are signed with.</summary>
    public string? TrustedKeysFile { get; init; }

    /// <summary>Who may use the API; null for whoever reaches a loopback address.</summary>
    public string? TokensFile { get; init; }

    public KafkaOptions ToKafka(string bootstrapServers) =>
        new() { BootstrapServers = bootstrapServers, Properties = KafkaProperties, GroupProtocol = GroupProtocol };

    /// <summary>The server at a URL with the configured user, or the one that the URL names. Secrets are read here.</summary>
    public ClickHouseOptions ToClickHouse(string url, bool compressInserts)
    {
        var named = new ClickHouseOptions(url);
        return new ClickHouseOptions(named.ToString())
        {
            User = ClickHouseUser is { } user ? SecretReference.Resolve(user) : named.User,
            Password = ClickHousePassword is { } password ? SecretReference.Resolve(password) : named.Password,
            CompressInserts = compressInserts,
        };
    }
}
