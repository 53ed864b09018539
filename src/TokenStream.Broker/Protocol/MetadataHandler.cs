using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>Metadata and DescribeCluster: the one broker, and the topics with their partitions.</summary>
internal sealed class MetadataHandler(TopicCatalog topics, Advertisement advertised)
{
    /// <summary>"Not computed", for the bit sets of allowed operations: this log has no authorisation.</summary>
    private const int NoOperations = int.MinValue;

    public void Handle(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        int asked = from.ArrayLength(2);

        // Version 0 has no null array: there an empty one asks for all topics.
        bool all = asked < 0 || (version == 0 && asked == 0);
        var names = new List<string>(Math.Max(0, asked));
        for (int i = 0; i < asked; i++)
        {
            names.Add(from.String());
            from.Tags();
        }

        bool mayCreate = version < 4 || from.Bool();
        WireWriter to = request.BeginResponse();
        if (version >= 3)
        {
            to.Int32(0);
        }

        WriteBrokers(to, version);
        if (all)
        {
            WriteAll(to, version);
        }
        else
        {
            to.ArrayLength(names.Count);
            foreach (string name in names)
            {
                (Topic? topic, LogError error) = topics.FindOrCreate(name, mayCreate);
                WriteTopic(to, version, name, topic, error);
            }
        }

        if (version >= 8)
        {
            to.Int32(NoOperations);
        }

        to.Tags();
    }

    public void DescribeCluster(RequestContext request)
    {
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        to.Error(ErrorCode.None);
        to.String(null);
        to.String(topics.ClusterId);
        to.Int32(Advertisement.NodeId);
        to.ArrayLength(1);
        WriteBroker(to);
        to.String(null);
        to.Tags();
        to.Int32(NoOperations);
        to.Tags();
    }

    private void WriteBrokers(WireWriter to, short version)
    {
        to.ArrayLength(1);
        WriteBroker(to);
        if (version >= 1)
        {
            to.String(null);
        }

        to.Tags();
        if (version >= 2)
        {
            to.String(topics.ClusterId);
        }

        if (version >= 1)
        {
            to.Int32(Advertisement.NodeId);
        }
    }

    private void WriteBroker(WireWriter to)
    {
        to.Int32(Advertisement.NodeId);
        to.String(advertised.Host);
        to.Int32(advertised.Port);
    }

    private void WriteAll(WireWriter to, short version)
    {
        IReadOnlyCollection<Topic> existing = topics.Topics;
        to.ArrayLength(existing.Count);
        foreach (Topic topic in existing)
        {
            WriteTopic(to, version, topic.Name, topic, LogError.None);
        }
    }

    private static void WriteTopic(WireWriter to, short version, string name, Topic? topic, LogError error)
    {
        to.Int16((short)error);
        to.String(name);
        if (version >= 1)
        {
            to.Bool(TopicCatalog.IsInternal(name));
        }

        int partitions = topic?.Partitions.Length ?? 0;
        to.ArrayLength(partitions);
        for (int p = 0; p < partitions; p++)
        {
            WritePartition(to, version, p);
        }

        if (version >= 8)
        {
            to.Int32(NoOperations);
        }

        to.Tags();
    }

    private static void WritePartition(WireWriter to, short version, int number)
    {
        ReadOnlySpan<int> replicas = [Advertisement.NodeId];
        to.Error(ErrorCode.None);
        to.Int32(number);
        to.Int32(Advertisement.NodeId);
        if (version >= 7)
        {
            to.Int32(0);
        }

        to.Int32Array(replicas);
        to.Int32Array(replicas);
        if (version >= 5)
        {
            to.ArrayLength(0);
        }

        to.Tags();
    }
}
