using System.Runtime.InteropServices;
using System.Text;
using TokenStream.Runtime;

namespace TokenStream.Kafka.Native;

/// <summary>Offsets with their metadata, which the managed client neither commits nor reads.</summary>
internal static unsafe class NativeOffsets
{
    /// <summary>Kafka's default <c>offset.metadata.max.bytes</c>.</summary>
    public const int MaxMetadataBytes = 4096;

    /// <summary>The library's list of offsets with their metadata; whoever asked for it destroys it.</summary>
    public static NativeOffsetList* List(IReadOnlyList<OffsetCommit> commits)
    {
        var list = LibRdKafka.rd_kafka_topic_partition_list_new(commits.Count);
        try
        {
            foreach (var commit in commits)
            {
                var item = LibRdKafka.rd_kafka_topic_partition_list_add(list, commit.Partition.Topic, commit.Partition.Partition);
                item->Offset = commit.Offset;
                SetMetadata(item, commit.Metadata);
            }

            return list;
        }
        catch
        {
            LibRdKafka.rd_kafka_topic_partition_list_destroy(list);
            throw;
        }
    }

    /// <summary>What is committed for a partition; null where nothing is. Throws where the group's coordinator does not answer.</summary>
    public static OffsetCommit? Committed(nint client, TopicPartition partition, TimeSpan timeout)
    {
        var list = LibRdKafka.rd_kafka_topic_partition_list_new(1);
        try
        {
            var item = LibRdKafka.rd_kafka_topic_partition_list_add(list, partition.Topic, partition.Partition);
            var error = LibRdKafka.rd_kafka_committed(client, list, (int)timeout.TotalMilliseconds);
            error = error != NativeError.None ? error : item->Error;
            if (error != NativeError.None)
            {
                throw new SourceFailedException(
                    $"the committed offset of {partition} could not be read: {LibRdKafka.Describe(error)}. Is the group's coordinator reachable?");
            }

            var metadata = Encoding.UTF8.GetString(new ReadOnlySpan<byte>(item->Metadata, checked((int)item->MetadataLength)));
            return item->Offset < 0 ? null : new OffsetCommit(partition, item->Offset, metadata);
        }
        finally
        {
            LibRdKafka.rd_kafka_topic_partition_list_destroy(list);
        }
    }

    private static void SetMetadata(NativeOffset* item, string metadata)
    {
        if (metadata.Length > MaxMetadataBytes || !Ascii.IsValid(metadata))
        {
            throw new ArgumentException($"offset metadata must be ASCII of at most {MaxMetadataBytes} characters", nameof(metadata));
        }

        // The list frees the metadata with C's free.
        item->Metadata = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, metadata.Length));
        item->MetadataLength = (nuint)Encoding.ASCII.GetBytes(metadata, new Span<byte>(item->Metadata, metadata.Length));
    }
}
