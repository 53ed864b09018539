using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using TokenStream.Runtime;

namespace TokenStream.Kafka.Native;

/// <summary>Commits and reads offsets with their metadata, which the managed client cannot.</summary>
internal static unsafe class NativeOffsets
{
    /// <summary>Kafka's default <c>offset.metadata.max.bytes</c>.</summary>
    public const int MaxMetadataBytes = 4096;

    /// <summary>Commits and waits for the answer. Null where every partition's offset was taken, else why not.</summary>
    public static string? Commit(nint client, IReadOnlyList<OffsetCommit> commits)
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

            // The plain commit says success where only some partitions were refused; the queued one hands over each partition's answer.
            var outcome = default(Outcome);
            var error = LibRdKafka.rd_kafka_commit_queue(client, list, 0, &Done, &outcome);
            if (error != NativeError.None)
            {
                return LibRdKafka.Describe(error);
            }

            if (outcome.Answered != commits.Count)
            {
                return "no answer for every partition";
            }

            return outcome.Error == NativeError.None ? null : LibRdKafka.Describe(outcome.Error);
        }
        finally
        {
            LibRdKafka.rd_kafka_topic_partition_list_destroy(list);
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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Done(nint client, int error, NativeOffsetList* offsets, void* opaque)
    {
        var outcome = (Outcome*)opaque;
        outcome->Error = error;
        if (offsets is null)
        {
            return;
        }

        outcome->Answered = offsets->Count;
        for (var i = 0; i < offsets->Count; i++)
        {
            if (offsets->Items[i].Error != NativeError.None)
            {
                outcome->Error = offsets->Items[i].Error;
            }
        }
    }

    private struct Outcome
    {
        public int Error;
        public int Answered;
    }
}
