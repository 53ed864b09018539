using TokenStream.Runtime;

namespace TokenStream.Kafka.Native;

/// <summary>What became of a commit. Unknown: it may have been taken, and may still be, by a group that hears of it late.</summary>
internal enum CommitOutcome
{
    Taken,
    Refused,
    Unknown,
}

/// <summary>
/// The commits of one member, each waited for until a deadline. The library's own waiting has no end: it repeats requests, keeps them while
/// the group has no coordinator, and may lose an answer with the connection that it would have come on.
/// </summary>
internal sealed unsafe class NativeCommits(nint client, TimeSpan patience, TimeProvider clock) : IDisposable
{
    private readonly nint _queue = LibRdKafka.rd_kafka_queue_new(client);
    private long _number;

    /// <summary>Commits and waits for the answer, with the reason where it is not that every partition's offset was taken.</summary>
    public (CommitOutcome Outcome, string Reason) Commit(IReadOnlyList<OffsetCommit> commits)
    {
        var list = NativeOffsets.List(commits);
        try
        {
            // The plain commit says success where only some partitions were refused; the queued one hands over each partition's answer.
            var error = LibRdKafka.rd_kafka_commit_queue(client, list, _queue, null, (void*)(nint)(++_number));
            return error == NativeError.None ? Await(commits.Count) : (CommitOutcome.Refused, LibRdKafka.Describe(error));
        }
        finally
        {
            LibRdKafka.rd_kafka_topic_partition_list_destroy(list);
        }
    }

    public void Dispose() => LibRdKafka.rd_kafka_queue_destroy(_queue);

    private (CommitOutcome Outcome, string Reason) Await(int partitions)
    {
        var began = clock.GetTimestamp();
        for (var left = patience; left > TimeSpan.Zero; left = patience - clock.GetElapsedTime(began))
        {
            var answer = LibRdKafka.rd_kafka_queue_poll(_queue, (int)left.TotalMilliseconds + 1);
            if (answer == 0)
            {
                continue;
            }

            try
            {
                // The answer to a commit that was given up before tells nothing any more.
                if (LibRdKafka.rd_kafka_event_opaque(answer) == (nint)_number)
                {
                    return Read(answer, partitions);
                }
            }
            finally
            {
                LibRdKafka.rd_kafka_event_destroy(answer);
            }
        }

        return (CommitOutcome.Unknown, $"no answer within {patience}");
    }

    private static (CommitOutcome Outcome, string Reason) Read(nint answer, int partitions)
    {
        var error = LibRdKafka.rd_kafka_event_error(answer);
        var offsets = LibRdKafka.rd_kafka_event_topic_partition_list(answer);
        for (var i = 0; offsets is not null && i < offsets->Count; i++)
        {
            error = offsets->Items[i].Error != NativeError.None ? offsets->Items[i].Error : error;
        }

        if (error != NativeError.None)
        {
            return (IsRefusal(error) ? CommitOutcome.Refused : CommitOutcome.Unknown, LibRdKafka.Describe(error));
        }

        return offsets is not null && offsets->Count == partitions
            ? (CommitOutcome.Taken, "")
            : (CommitOutcome.Unknown, "no answer for every partition");
    }

    /// <summary>
    /// The group itself said no. The library's own errors, and a coordinator that moves or is slow, leave open what was done before.
    /// </summary>
    private static bool IsRefusal(int error) => error > 0 && error is not (NativeError.RequestTimedOut or
        NativeError.CoordinatorLoading or NativeError.CoordinatorNotAvailable or NativeError.NotCoordinator);
}
