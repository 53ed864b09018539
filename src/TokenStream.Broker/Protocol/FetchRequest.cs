using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>One partition that is fetched, and what was found for it.</summary>
internal sealed class FetchedPartition(string topic, int number, long offset, int maxBytes)
{
    public string Topic { get; } = topic;

    public int Number { get; } = number;

    public long Offset { get; } = offset;

    public int MaxBytes { get; } = maxBytes;

    public PartitionLog? Log { get; set; }

    public LogError Error { get; set; }

    public long HighWatermark { get; set; } = -1;

    public LogSlice Slice { get; set; }
}

/// <summary>A parsed fetch. It holds open slices of the log between <see cref="Locate"/> and <see cref="Release"/>.</summary>
internal sealed class FetchRequest
{
    public int MaxWaitMs { get; private init; }

    public int MinBytes { get; private init; }

    public int MaxBytes { get; private init; }

    public int SessionId { get; private init; }

    /// <summary>The topics in the order asked, each with its stretch of <see cref="Partitions"/>.</summary>
    public List<(string Name, int First, int Count)> Topics { get; } = [];

    public List<FetchedPartition> Partitions { get; } = [];

    /// <summary>Bytes of all slices held.</summary>
    public int FoundBytes { get; private set; }

    public static FetchRequest Read(WireReader from, short version)
    {
        _ = from.Int32();
        int maxWaitMs = from.Int32();
        int minBytes = from.Int32();
        int maxBytes = from.Int32();
        _ = from.Int8();
        int sessionId = version >= 7 ? from.Int32() : 0;
        _ = version >= 7 ? from.Int32() : 0;
        var fetch = new FetchRequest { MaxWaitMs = maxWaitMs, MinBytes = minBytes, MaxBytes = maxBytes, SessionId = sessionId };
        int topicCount = from.Count(3);
        for (int t = 0; t < topicCount; t++)
        {
            string name = from.String();
            int partitions = from.Count(16);
            fetch.Topics.Add((name, fetch.Partitions.Count, partitions));
            for (int p = 0; p < partitions; p++)
            {
                fetch.Partitions.Add(ReadPartition(ref from, version, name));
            }

            from.Tags();
        }

        return fetch;
    }

    /// <summary>Looks every partition up again and takes what it has, up to the limit.</summary>
    /// <returns>Whether some partition answers with an error, which is no reason to wait.</returns>
    public bool Locate(TopicCatalog topics, int limit)
    {
        bool failed = false;
        foreach (FetchedPartition partition in Partitions)
        {
            partition.Log = topics.Find(partition.Topic, partition.Number);
            if (partition.Log is null)
            {
                partition.Error = LogError.UnknownTopicOrPartition;
                partition.HighWatermark = -1;
                failed = true;
                continue;
            }

            partition.HighWatermark = partition.Log.HighWatermark;
            int room = Math.Min(partition.MaxBytes, limit - FoundBytes);

            // The first batch of an answer is given whatever the limits are, so that a consumer gets past a batch above them.
            bool first = FoundBytes == 0;
            partition.Error = LogError.None;
            if (first || room > 0)
            {
                partition.Error = partition.Log.TryLocate(partition.Offset, Math.Max(0, room), out LogSlice slice);
                Take(partition, slice, first || slice.Length <= room);
            }

            failed |= partition.Error != LogError.None;
        }

        return failed;
    }

    /// <summary>Closes the slices that are held.</summary>
    public void Release()
    {
        foreach (FetchedPartition partition in Partitions)
        {
            partition.Slice.Dispose();
            partition.Slice = default;
        }

        FoundBytes = 0;
    }

    private static FetchedPartition ReadPartition(ref WireReader from, short version, string topic)
    {
        int number = from.Int32();
        _ = version >= 9 ? from.Int32() : 0;
        long offset = from.Int64();
        _ = version >= 12 ? from.Int32() : 0;
        _ = version >= 5 ? from.Int64() : 0;
        int maxBytes = from.Int32();
        from.Tags();
        return new FetchedPartition(topic, number, offset, maxBytes);
    }

    private void Take(FetchedPartition partition, LogSlice slice, bool fits)
    {
        if (fits)
        {
            partition.Slice = slice;
            FoundBytes += slice.Length;
        }
        else
        {
            slice.Dispose();
        }
    }
}
