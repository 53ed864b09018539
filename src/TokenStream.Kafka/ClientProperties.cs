using System.Globalization;

namespace TokenStream.Kafka;

/// <summary>The librdkafka properties of each kind of client: the user's, then those that the stream's guarantees rest on.</summary>
internal static class ClientProperties
{
    private const string Offsets = "offsets are committed by decisions only";
    private const string Durable = "records must be acknowledged once and in order";

    /// <summary>Properties that users cannot set, and why.</summary>
    public static IReadOnlyDictionary<string, string> Reserved { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["bootstrap.servers"] = "it has an option of its own, --kafka",
        ["metadata.broker.list"] = "the addresses have an option of their own, --kafka",
        ["group.id"] = "each stage has its own group",
        ["group.protocol"] = "it has an option of its own, group_protocol",
        ["partition.assignment.strategy"] = "only cooperative-sticky keeps partitions where they are",
        ["enable.auto.commit"] = Offsets,
        ["auto.commit.interval.ms"] = Offsets,
        ["enable.auto.offset.store"] = Offsets,
        ["auto.offset.reset"] = "a lost position must stop the partition, not move it",
        ["enable.partition.eof"] = "the stream relies on hearing of the log's end",
        ["enable.idempotence"] = Durable,
        ["acks"] = Durable,
        ["request.required.acks"] = Durable,
        ["partitioner"] = "a tenant must have one partition, whoever publishes",
        ["transactional.id"] = "the stream needs no transactions",
        ["isolation.level"] = "records of aborted transactions must not count",
    };

    /// <summary>A member of a group.</summary>
    public static Dictionary<string, string> Member(KafkaOptions options, string group, string clientId)
    {
        var properties = Reader(options, clientId);
        properties["group.id"] = group;
        // The broker's own limit of a member that does not poll; a store that is away for hours keeps polling with its partitions paused.
        properties.TryAdd("max.poll.interval.ms", "300000");
        // What librdkafka fetches ahead is memory: per partition at most this, however fast the broker is.
        properties.TryAdd("queued.max.messages.kbytes", "16384");
        // The default of 1 s stalls a reader that empties its queue within milliseconds.
        properties.TryAdd("fetch.queue.backoff.ms", "5");
        // The source judges from the statistics whether a partition's broker is still there.
        properties["statistics.interval.ms"] = "1000";
        properties["enable.partition.eof"] = "true";
        if (options.GroupProtocol == GroupProtocol.Consumer)
        {
            properties["group.protocol"] = "consumer";
        }
        else
        {
            properties["group.protocol"] = "classic";
            properties["partition.assignment.strategy"] = "cooperative-sticky";
            properties["session.timeout.ms"] = Milliseconds(options.SessionTimeout);
            properties.TryAdd("heartbeat.interval.ms", Milliseconds(options.SessionTimeout / 4));
        }

        return properties;
    }

    /// <summary>A reader of given partitions that belongs to no group's members.</summary>
    public static Dictionary<string, string> Reader(KafkaOptions options, string clientId)
    {
        var properties = Client(options, clientId);
        properties["group.id"] = clientId;
        properties["enable.auto.commit"] = "false";
        properties["enable.auto.offset.store"] = "false";
        properties["auto.offset.reset"] = "error";
        properties["isolation.level"] = "read_committed";
        // A bit that fell over on the broker's disk must not become money.
        properties["check.crcs"] = "true";
        return properties;
    }

    /// <summary>A producer whose records are acknowledged by all in-sync replicas, once and in order.</summary>
    public static Dictionary<string, string> DurableProducer(KafkaOptions options, string clientId)
    {
        var properties = Producer(options, clientId);
        properties["enable.idempotence"] = "true";
        properties["acks"] = "all";
        // Where a key decides: the hash of Java's clients and of gateways. Duplicates are told within a partition.
        properties["partitioner"] = "murmur2_random";
        properties["message.timeout.ms"] = Milliseconds(options.PublishTimeout);
        return properties;
    }

    /// <summary>A producer for values that are replaced within a second: its loss is harmless, its waiting is not.</summary>
    public static Dictionary<string, string> LossyProducer(KafkaOptions options, string clientId)
    {
        var properties = Producer(options, clientId);
        properties["acks"] = "1";
        properties["message.timeout.ms"] = "5000";
        properties["queue.buffering.max.kbytes"] = "16384";
        return properties;
    }

    /// <summary>What every client has.</summary>
    public static Dictionary<string, string> Client(KafkaOptions options, string clientId)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in options.Properties)
        {
            properties[name] = SecretReference.Resolve(value);
        }

        properties["bootstrap.servers"] = options.BootstrapServers;
        properties["client.id"] = clientId;
        properties.TryAdd("socket.timeout.ms", Milliseconds(options.AnswerTimeout));
        // A broker that comes back is found again within this, not within the default of 10 s.
        properties.TryAdd("reconnect.backoff.max.ms", "2000");
        properties.TryAdd("socket.keepalive.enable", "true");
        return properties;
    }

    public static string Milliseconds(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, string> Producer(KafkaOptions options, string clientId)
    {
        var properties = Client(options, clientId);
        properties.TryAdd("compression.codec", "lz4");
        // A dead letter holds a record of any size that Kafka took; the topics' own limits decide.
        properties.TryAdd("message.max.bytes", "4194304");
        properties.TryAdd("queue.buffering.max.messages", "100000");
        properties.TryAdd("queue.buffering.max.kbytes", "65536");
        return properties;
    }
}
