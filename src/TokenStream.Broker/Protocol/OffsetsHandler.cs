using System.Text;
using TokenStream.Broker.Groups;

namespace TokenStream.Broker.Protocol;

/// <summary>OffsetCommit and OffsetFetch.</summary>
internal sealed class OffsetsHandler(GroupCoordinator groups, TopicCatalog topics, int maxMetadataBytes, TimeProvider time)
{
    public async ValueTask CommitAsync(RequestContext request)
    {
        (string groupId, MemberClaim claim, List<CommitTopic> asked) = ReadCommit(request);
        var offsets = new Dictionary<OffsetKey, CommittedOffset>();
        foreach (CommitTopic topic in asked)
        {
            foreach (CommitPartition partition in topic.Partitions)
            {
                if (Check(topic.Name, partition) == ErrorCode.None)
                {
                    offsets[new OffsetKey(topic.Name, partition.Number)] = partition.Offset;
                }
            }
        }

        ErrorCode error = await groups.CommitAsync(groupId, claim, offsets).ConfigureAwait(false);
        WireWriter to = request.BeginResponse();
        if (request.Version >= 3)
        {
            to.Int32(0);
        }

        to.ArrayLength(asked.Count);
        foreach (CommitTopic topic in asked)
        {
            to.String(topic.Name);
            to.ArrayLength(topic.Partitions.Length);
            foreach (CommitPartition partition in topic.Partitions)
            {
                to.Int32(partition.Number);
                to.Error(error != ErrorCode.None ? error : Check(topic.Name, partition));
                to.Tags();
            }

            to.Tags();
        }

        to.Tags();
    }

    public void Fetch(RequestContext request)
    {
        WireReader from = request.Body();
        WireWriter to = request.BeginResponse();
        short version = request.Version;
        if (version >= 3)
        {
            to.Int32(0);
        }

        int groupCount = version >= 8 ? from.Count(3) : 1;
        if (version >= 8)
        {
            to.ArrayLength(groupCount);
        }

        for (int g = 0; g < groupCount; g++)
        {
            string groupId = from.String();
            if (version >= 8)
            {
                to.String(groupId);
            }

            FetchGroup(ref from, to, version, groupId);
            if (version >= 2)
            {
                to.Error(ErrorCode.None);
            }

            if (version >= 8)
            {
                from.Tags();
                to.Tags();
            }
        }

        to.Tags();
    }

    private void FetchGroup(ref WireReader from, WireWriter to, short version, string groupId)
    {
        int count = from.ArrayLength(3);
        if (count < 0)
        {
            WriteAll(to, version, groupId);
            return;
        }

        to.ArrayLength(count);
        for (int t = 0; t < count; t++)
        {
            string topic = from.String();
            int[] partitions = from.Int32Array();
            from.Tags();
            to.String(topic);
            to.ArrayLength(partitions.Length);
            foreach (int partition in partitions)
            {
                WriteOffset(to, version, partition, groups.Offset(groupId, new OffsetKey(topic, partition)));
            }

            to.Tags();
        }
    }

    private void WriteAll(WireWriter to, short version, string groupId)
    {
        IGrouping<string, KeyValuePair<OffsetKey, CommittedOffset>>[] byTopic = [.. groups.Offsets(groupId).GroupBy(o => o.Key.Topic)];
        to.ArrayLength(byTopic.Length);
        foreach (IGrouping<string, KeyValuePair<OffsetKey, CommittedOffset>> topic in byTopic)
        {
            to.String(topic.Key);
            to.ArrayLength(topic.Count());
            foreach ((OffsetKey key, CommittedOffset offset) in topic)
            {
                WriteOffset(to, version, key.Partition, offset);
            }

            to.Tags();
        }
    }

    private static void WriteOffset(WireWriter to, short version, int partition, CommittedOffset? offset)
    {
        to.Int32(partition);
        to.Int64(offset?.Offset ?? -1);
        if (version >= 5)
        {
            to.Int32(offset?.LeaderEpoch ?? -1);
        }

        to.String(offset?.Metadata ?? "");
        to.Error(ErrorCode.None);
        to.Tags();
    }

    private ErrorCode Check(string topic, in CommitPartition partition)
        => topics.Find(topic, partition.Number) is null ? ErrorCode.UnknownTopicOrPartition
            : Encoding.UTF8.GetByteCount(partition.Offset.Metadata) > maxMetadataBytes ? ErrorCode.OffsetMetadataTooLarge
            : ErrorCode.None;

    private (string GroupId, MemberClaim Claim, List<CommitTopic> Topics) ReadCommit(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        string groupId = from.String();
        int generation = from.Int32();
        string memberId = from.String();
        string? instanceId = version >= 7 ? from.NullableString() : null;
        _ = version is >= 2 and <= 4 ? from.Int64() : 0;
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        int count = from.Count(3);
        var asked = new List<CommitTopic>(count);
        for (int t = 0; t < count; t++)
        {
            string name = from.String();
            var partitions = new CommitPartition[from.Count(13)];
            for (int p = 0; p < partitions.Length; p++)
            {
                int number = from.Int32();
                long offset = from.Int64();
                int leaderEpoch = version >= 6 ? from.Int32() : -1;
                string metadata = from.NullableString() ?? "";
                from.Tags();
                partitions[p] = new CommitPartition(number, new CommittedOffset(offset, leaderEpoch, metadata, now));
            }

            from.Tags();
            asked.Add(new CommitTopic(name, partitions));
        }

        return (groupId, new MemberClaim(memberId, instanceId, generation), asked);
    }

    private readonly record struct CommitTopic(string Name, CommitPartition[] Partitions);

    private readonly record struct CommitPartition(int Number, CommittedOffset Offset);
}
