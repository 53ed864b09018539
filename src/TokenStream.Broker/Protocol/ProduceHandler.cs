using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>Produce: batches go to their partitions as they came, and are answered per partition.</summary>
internal sealed class ProduceHandler(TopicCatalog topics)
{
    private const short FirstWithBatches = 3;

    public ValueTask HandleAsync(RequestContext request)
    {
        List<(PartitionLog Log, long End)>? waits = Append(request);
        return waits is null ? ValueTask.CompletedTask : WhenDurableAsync(waits);
    }

    /// <returns>What to wait for before the answer; null with acks 0, which waits for nothing.</returns>
    private List<(PartitionLog Log, long End)>? Append(RequestContext request)
    {
        WireReader from = request.Body();
        if (request.Version >= FirstWithBatches)
        {
            _ = from.NullableString();
        }

        short acks = from.Int16();
        _ = from.Int32();
        request.Answered = acks != 0;
        List<(PartitionLog Log, long End)>? waits = acks == 0 ? null : [];
        WireWriter to = request.BeginResponse();
        int topicCount = from.Count(6);
        to.ArrayLength(topicCount);
        for (int t = 0; t < topicCount; t++)
        {
            string name = from.String();
            Topic? topic = topics.Find(name);
            to.String(name);
            int partitions = from.Count(8);
            to.ArrayLength(partitions);
            for (int p = 0; p < partitions; p++)
            {
                int number = from.Int32();
                Span<byte> batches = request.Frame.Span[from.BytesRange()];
                PartitionLog? log = topic?.Partition(number);
                AppendResult result = Refusal(request.Version, acks, name) ?? Append(log, batches);
                if (result.Error == LogError.None)
                {
                    waits?.Add((log!, result.EndOffset));
                }

                Write(to, request.Version, number, result, log);
            }
        }

        if (request.Version >= 1)
        {
            to.Int32(0);
        }

        return waits;
    }

    private static AppendResult? Refusal(short version, short acks, string topic)
    {
        if (version < FirstWithBatches)
        {
            return Failed((LogError)ErrorCode.UnsupportedVersion, "");
        }

        return acks is not (-1 or 0 or 1) ? Failed(LogError.InvalidRequest, $"acks takes -1, 0 or 1, not {acks}.")
            : TopicCatalog.IsInternal(topic) ? Failed(LogError.InvalidTopic, $"{topic} is written by the log alone.")
            : null;
    }

    private static AppendResult Append(PartitionLog? log, Span<byte> batches)
        => log is null ? Failed(LogError.UnknownTopicOrPartition, "No such topic or partition.")
            : batches.IsEmpty ? Failed(LogError.InvalidRecord, "There is no record batch.")
            : log.Append(batches);

    private static AppendResult Failed(LogError error, string message) => new(error, -1, -1, -1, false, message);

    private static void Write(WireWriter to, short version, int number, in AppendResult result, PartitionLog? log)
    {
        to.Int32(number);
        to.Int16((short)result.Error);
        to.Int64(result.BaseOffset);
        if (version >= 2)
        {
            to.Int64(result.LogAppendTimeMs);
        }

        if (version >= 5)
        {
            to.Int64(log?.LogStart ?? -1);
        }

        if (version >= 8)
        {
            to.ArrayLength(0);
            to.Message(result.Message);
        }
    }

    private static async ValueTask WhenDurableAsync(List<(PartitionLog Log, long End)> waits)
    {
        foreach ((PartitionLog log, long end) in waits)
        {
            await log.WhenDurableAsync(end).ConfigureAwait(false);
        }
    }
}
