using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>ListOffsets: the end, the beginning, or the first record at or after a time.</summary>
internal sealed class ListOffsetsHandler(TopicCatalog topics)
{
    private const long Latest = -1, Earliest = -2, OfMaxTimestamp = -3;

    public void Handle(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        _ = from.Int32();
        if (version >= 2)
        {
            _ = from.Int8();
        }

        WireWriter to = request.BeginResponse();
        if (version >= 2)
        {
            to.Int32(0);
        }

        int count = from.Count(3);
        to.ArrayLength(count);
        for (int t = 0; t < count; t++)
        {
            string name = from.String();
            Topic? topic = topics.Find(name);
            to.String(name);
            int partitions = from.Count(12);
            to.ArrayLength(partitions);
            for (int p = 0; p < partitions; p++)
            {
                int number = from.Int32();
                if (version >= 4)
                {
                    _ = from.Int32();
                }

                long time = from.Int64();
                from.Tags();
                Write(to, version, number, topic?.Partition(number), time);
            }

            from.Tags();
            to.Tags();
        }

        to.Tags();
    }

    private static void Write(WireWriter to, short version, int number, PartitionLog? log, long time)
    {
        OffsetAndTimestamp found = log is null ? OffsetAndTimestamp.None : Find(log, time);
        to.Int32(number);
        to.Error(log is null ? ErrorCode.UnknownTopicOrPartition : time < OfMaxTimestamp ? ErrorCode.InvalidRequest : ErrorCode.None);
        to.Int64(found.TimestampMs);
        to.Int64(found.Offset);
        if (version >= 4)
        {
            to.Int32(found.Offset < 0 ? -1 : 0);
        }

        to.Tags();
    }

    private static OffsetAndTimestamp Find(PartitionLog log, long time) => time switch
    {
        Latest => new OffsetAndTimestamp(log.HighWatermark, -1),
        Earliest => new OffsetAndTimestamp(log.LogStart, -1),
        OfMaxTimestamp => log.OffsetOfMaxTimestamp(),
        < 0 => OffsetAndTimestamp.None,
        _ => log.OffsetForTime(time),
    };
}
