using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>An input partition that this worker owns, between assignment and revocation.</summary>
internal sealed class AggregatePartition(TopicPartition partition, DeadLetters deadLetters) : IPartitionReader, IDisposable
{
    public TopicPartition Partition { get; } = partition;

    /// <summary>Null while the partition waits for the rules its pending decision names, or has stopped.</summary>
    public AggregateProcessor? Processor { get; private set; }

    /// <summary>The commit to be made before anything of the partition is published; null where there is one.</summary>
    public AggregateCommit? FirstCommit { get; set; }

    /// <summary>Why the partition does not read, for people; null where it does.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Version of the rules that the partition waits for; 0 where it does not.</summary>
    public long AwaitedRules { get; private set; }

    /// <summary>Elapsed time since the rules in force were taken up.</summary>
    public long RulesAgeMs { get; set; }

    /// <summary>How the partition stood when its worker looked last.</summary>
    public PartitionGauges Gauges { get; set; } = new(partition, 0, 0, 0, 0);

    /// <summary>Records by outcome since the worker looked last.</summary>
    public long[] Outcomes { get; } = new long[Enum.GetValues<ReadOutcome>().Length];

    public void Start(AggregateProcessor processor)
    {
        Dispose();
        (Processor, Stopped, AwaitedRules, RulesAgeMs) = (processor, null, 0, 0);
    }

    public void Stop(string reason)
    {
        Dispose();
        (Processor, Stopped, AwaitedRules, FirstCommit) = (null, reason, 0, null);
    }

    public void Await(long rulesVersion)
    {
        Dispose();
        Stopped = $"waits for version {rulesVersion} of the rules, which its pending decision names";
        (Processor, AwaitedRules) = (null, rulesVersion);
    }

    public void Dispose() => Processor?.Dispose();

    public void Read(in Record record)
    {
        // Beyond a pending decision nothing is read: the partition starts again once that is published.
        if (Processor is not { IsHolding: false } processor)
        {
            return;
        }

        var outcome = processor.Read(record.Offset, record.TimestampMs, record.Value);
        Outcomes[(int)outcome]++;
        if (outcome == ReadOutcome.Refused && processor.Pending is null)
        {
            // The dead letters of a pending decision were acknowledged before it was committed.
            deadLetters.Publish(Partition, record, processor.Refusal);
        }
    }
}
