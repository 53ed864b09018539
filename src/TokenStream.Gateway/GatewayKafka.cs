using System.Globalization;

namespace TokenStream.Gateway;

/// <summary>The librdkafka properties of a gateway's two clients: the user's, then those that its guarantees rest on.</summary>
internal static class GatewayKafka
{
    /// <summary>How long an event may wait for a broker that is away.</summary>
    private const int MessageTimeoutMs = 300_000;

    public static Dictionary<string, string> Consumer(TokenStreamGatewayOptions options)
    {
        var properties = Client(options);
        // librdkafka wants a group's name even where no group is joined.
        properties["group.id"] = options.GatewayId;
        properties["enable.auto.commit"] = "false";
        properties["enable.auto.offset.store"] = "false";
        // A topic that was made anew is read anew: versions say what counts.
        properties["auto.offset.reset"] = "earliest";
        properties["enable.partition.eof"] = "true";
        properties["isolation.level"] = "read_committed";
        properties["check.crcs"] = "true";
        properties["fetch.wait.max.ms"] = "100";
        return properties;
    }

    public static Dictionary<string, string> Producer(TokenStreamGatewayOptions options)
    {
        var properties = Client(options);
        properties["enable.idempotence"] = "true";
        properties["acks"] = "all";
        properties.TryAdd("message.timeout.ms", MessageTimeoutMs.ToString(CultureInfo.InvariantCulture));
        properties.TryAdd("compression.codec", "lz4");
        // The hash of Java's clients, so that a tenant has one partition whoever publishes: duplicates are told within a partition.
        properties.TryAdd("partitioner", "murmur2_random");
        properties["queue.buffering.max.messages"] = Math.Max(1_000, options.BufferedEvents).ToString(CultureInfo.InvariantCulture);
        return properties;
    }

    private static Dictionary<string, string> Client(TokenStreamGatewayOptions options)
    {
        var properties = new Dictionary<string, string>(options.KafkaProperties, StringComparer.Ordinal)
        {
            ["bootstrap.servers"] = options.BootstrapServers,
        };
        properties.TryAdd("client.id", options.GatewayId);
        properties.TryAdd("reconnect.backoff.max.ms", "1000");
        properties.TryAdd("socket.keepalive.enable", "true");
        return properties;
    }
}
