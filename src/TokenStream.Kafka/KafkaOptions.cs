namespace TokenStream.Kafka;

/// <summary>Which protocol a consumer group speaks.</summary>
public enum GroupProtocol
{
    /// <summary>Join, sync, heartbeat, with cooperative-sticky assignment: understood by every Kafka and by the embedded log.</summary>
    Classic,

    /// <summary>KIP-848, Kafka 4 and later: only what must move moves. The broker sets the session's length.</summary>
    Consumer,
}

/// <summary>How to reach Kafka. Holds references to secrets, never the secrets: see <see cref="SecretReference"/>.</summary>
public sealed class KafkaOptions
{
    /// <summary>The addresses to begin at, <c>host:port,host:port</c>.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>
    /// Properties passed through to librdkafka (<c>security.protocol</c>, <c>sasl.username</c>, <c>ssl.ca.location</c>, ..). A value may refer
    /// to a secret. Those that the stream's guarantees rest on are refused by <see cref="Errors"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    public GroupProtocol GroupProtocol { get; init; } = GroupProtocol.Classic;

    /// <summary>
    /// How long a dead member's partitions wait for their successor, in the classic protocol. Kafka takes 6 s to 30 min by default.
    /// </summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a broker may take to answer before it is said to be out of reach.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a commit's answer and the leaving of a group are waited for: the library repeats a request that got no answer.</summary>
    internal TimeSpan Patience => 3 * AnswerTimeout;

    /// <summary>How long a record may wait for its acknowledgement before publishing it has failed.</summary>
    public TimeSpan PublishTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Every error of these options at once, each a sentence that names the option.</summary>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(BootstrapServers))
        {
            errors.Add("kafka: the address is empty; give host:port, several separated by commas (--kafka).");
        }

        foreach (var address in BootstrapServers.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!IsAddress(address))
            {
                errors.Add($"kafka: '{address}' is not host:port (--kafka).");
            }
        }

        foreach (var (name, value) in Properties)
        {
            if (ClientProperties.Reserved.TryGetValue(name, out var reason))
            {
                errors.Add($"kafka: the property {name} cannot be set: {reason}.");
            }
            else if (SecretReference.Problem(value) is { } problem)
            {
                errors.Add($"kafka: the property {name}: {problem}.");
            }
        }

        if (SessionTimeout < TimeSpan.FromSeconds(1))
        {
            errors.Add("kafka: the session timeout is below 1 s; brokers take 6 s or more by default.");
        }

        return errors;
    }

    private static bool IsAddress(string address)
    {
        var colon = address.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(address.AsSpan(colon + 1), out var port) && port > 0;
    }
}
