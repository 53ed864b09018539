using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using TokenStream.Kafka.Native;
using TokenStream.Runtime;
using TopicPartition = TokenStream.Runtime.TopicPartition;

namespace TokenStream.Kafka;

/// <summary>
/// Which partitions are assigned, and the passing on of every change to the handler. Called by the client on the polling thread, inside a
/// poll; an exception must not pass through the library's frames, so the first is kept for the poll to throw.
/// </summary>
internal sealed unsafe class SourceAssignment(string clientId, ILogger logger) : IDisposable
{
    private readonly Dictionary<TopicPartition, SourcePartition> _assigned = [];
    private readonly Dictionary<(nint Topic, int Partition), SourcePartition?> _byHandle = [];

    private volatile bool _isAbandoned;

    public IAssignmentHandler? Handler { get; set; }

    /// <summary>What a handler threw. The handler is not called again: what is half done must not be finished by somebody.</summary>
    public ExceptionDispatchInfo? Failure { get; private set; }

    public Dictionary<TopicPartition, SourcePartition>.ValueCollection Partitions => _assigned.Values;

    public SourcePartition? Find(TopicPartition partition) => _assigned.GetValueOrDefault(partition);

    /// <summary>The partition that a message belongs to; null where it is not assigned (any more). Makes a string once a partition.</summary>
    public SourcePartition? Find(NativeMessage* message)
    {
        var key = (message->Topic, message->Partition);
        if (!_byHandle.TryGetValue(key, out var state) && message->Topic != 0)
        {
            var topic = Marshal.PtrToStringUTF8((nint)LibRdKafka.rd_kafka_topic_name(message->Topic))!;
            state = Find(new TopicPartition(topic, message->Partition));
            _byHandle[key] = state;
        }

        return state;
    }

    /// <summary>Asks the handler where to begin with each partition.</summary>
    public List<TopicPartitionOffset> Assign(List<Confluent.Kafka.TopicPartition> partitions, long bornInCall)
    {
        _byHandle.Clear();
        var starts = new List<TopicPartitionOffset>(partitions.Count);
        foreach (var theirs in partitions)
        {
            // The managed client insists on a start for every partition. After a failure none is read: its records find no reader.
            var start = Offset.End;
            var partition = Ours(theirs);
            Guard(() =>
            {
                var (offset, reader) = Handler!.Assigned(partition);
                _assigned.Add(partition, new SourcePartition(partition, offset, reader, bornInCall));
                KafkaLog.Assigned(logger, clientId, partition.ToString(), offset);
                start = new Offset(offset);
            });
            starts.Add(new TopicPartitionOffset(theirs, start));
        }

        return starts;
    }

    /// <summary>Lets the handler finish with each partition, or tells it that it is too late for that.</summary>
    public void Remove(IConsumer<byte[], byte[]> consumer, List<TopicPartitionOffset> partitions, bool lost)
    {
        _byHandle.Clear();
        foreach (var theirs in partitions)
        {
            var partition = Ours(theirs.TopicPartition);
            if (Find(partition) is not { } state)
            {
                continue;
            }

            if (lost)
            {
                // Gone before the handler hears of it: whatever it tries, nothing of it is committed.
                _assigned.Remove(partition);
                KafkaLog.Lost(logger, clientId, partition.ToString());
                Guard(() => Handler!.Lost(partition));
            }
            else
            {
                KafkaLog.Revoked(logger, clientId, partition.ToString());
                Guard(() => Handler!.Revoked(partition));
                _assigned.Remove(partition);
            }

            if (state.Paused)
            {
                // The library keeps an application's pause beyond the assignment.
                Guard(() => consumer.Resume([theirs.TopicPartition]));
            }

            state.Dispose();
        }
    }

    /// <summary>Nothing is committed for what is assigned now, until it is assigned anew.</summary>
    public void EndCommits()
    {
        foreach (var state in _assigned.Values)
        {
            state.CommitsEnded = true;
        }
    }

    /// <summary>The handler is not called any more, by a closing that went on after its time.</summary>
    public void Abandon() => _isAbandoned = true;

    public void Dispose()
    {
        foreach (var state in _assigned.Values)
        {
            state.Dispose();
        }

        _assigned.Clear();
    }

    private static TopicPartition Ours(Confluent.Kafka.TopicPartition partition) => new(partition.Topic, partition.Partition.Value);

    private void Guard(Action action)
    {
        if (Failure is not null || _isAbandoned)
        {
            return;
        }

        try
        {
            action();
        }
#pragma warning disable CA1031 // See the summary: the poll throws it.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Failure = ExceptionDispatchInfo.Capture(failure);
        }
    }
}
