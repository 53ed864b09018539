using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>CreateTopics.</summary>
internal sealed class CreateTopicsHandler(TopicCatalog topics)
{
    private const sbyte DefaultSource = 5, TopicSource = 1;

    public void Handle(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        int count = from.Count(5);
        var asked = new List<NewTopic>(count);
        for (int i = 0; i < count; i++)
        {
            asked.Add(Read(ref from));
        }

        _ = from.Int32();
        bool validateOnly = from.Bool();
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        to.ArrayLength(asked.Count);
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (NewTopic topic in asked)
        {
            bool again = !done.Add(topic.Name);
            Write(
                to,
                version,
                topic,
                again ? Refused(ErrorCode.InvalidRequest, "The request names this topic twice.") : Create(topic, validateOnly));
        }

        to.Tags();
    }

    private static NewTopic Read(ref WireReader from)
    {
        string name = from.String();
        int partitions = from.Int32();
        short replicas = from.Int16();
        var assigned = new List<(int Partition, int[] Brokers)>();
        for (int a = from.Count(5); a > 0; a--)
        {
            assigned.Add((from.Int32(), from.Int32Array()));
            from.Tags();
        }

        var settings = new KeyValuePair<string, string?>[from.Count(2)];
        for (int i = 0; i < settings.Length; i++)
        {
            settings[i] = new(from.String(), from.NullableString());
            from.Tags();
        }

        from.Tags();
        return new NewTopic(name, partitions, replicas, assigned, settings);
    }

    private (ErrorCode Error, string? Message, Created? Topic) Create(NewTopic topic, bool validateOnly)
    {
        if (topic.Replicas is not (1 or -1))
        {
            return Refused(
                ErrorCode.InvalidReplicationFactor,
                $"The embedded log keeps 1 copy; a replication factor of {topic.Replicas} needs a Kafka cluster.");
        }

        if (topic.Assigned.Exists(a => a.Brokers is not [Advertisement.NodeId]))
        {
            return Refused(ErrorCode.InvalidReplicaAssignment, $"The embedded log has one broker, number {Advertisement.NodeId}.");
        }

        int? partitions = topic.Assigned.Count > 0 ? topic.Assigned.Count : topic.Partitions == -1 ? null : topic.Partitions;
        if (!topics.DefaultConfig(topic.Name).TryWith(topic.Settings, out TopicConfig config, out string? fault))
        {
            return Refused(ErrorCode.InvalidConfig, fault!);
        }

        TopicResult result = topics.Create(topic.Name, partitions, config, validateOnly);
        var created = new Created(
            result.Topic?.Id ?? Guid.Empty, result.Topic?.Partitions.Length ?? partitions ?? topics.DefaultPartitions(topic.Name), config);
        return ((ErrorCode)result.Error, result.Message, result.Error == LogError.None ? created : null);
    }

    private static (ErrorCode Error, string? Message, Created? Topic) Refused(ErrorCode error, string message) => (error, message, null);

    private static void Write(WireWriter to, short version, NewTopic topic, (ErrorCode Error, string? Message, Created? Topic) result)
    {
        to.String(topic.Name);
        if (version >= 7)
        {
            to.Uuid(result.Topic?.Id ?? Guid.Empty);
        }

        to.Error(result.Error);
        to.Message(result.Message);
        if (version >= 5)
        {
            to.Int32(result.Topic?.Partitions ?? -1);
            to.Int16(result.Topic is null ? (short)-1 : (short)1);
            WriteConfig(to, result.Topic?.Config);
        }

        to.Tags();
    }

    private static void WriteConfig(WireWriter to, TopicConfig? config)
    {
        IReadOnlyList<TopicConfigEntry> entries = config?.Describe() ?? [];
        to.ArrayLength(config is null ? -1 : entries.Count);
        foreach (TopicConfigEntry entry in entries)
        {
            to.String(entry.Name);
            to.String(entry.Value);
            to.Bool(false);
            to.Int8(entry.IsDefault ? DefaultSource : TopicSource);
            to.Bool(false);
            to.Tags();
        }
    }

    private sealed record NewTopic(
        string Name, int Partitions, short Replicas, List<(int Partition, int[] Brokers)> Assigned,
        KeyValuePair<string, string?>[] Settings);

    private sealed record Created(Guid Id, int Partitions, TopicConfig Config);
}
