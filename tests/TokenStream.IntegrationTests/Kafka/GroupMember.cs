using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using TokenStream.Runtime;

namespace TokenStream.IntegrationTests.Kafka;

/// <summary>A member of a group that remembers what it was told: records, assignments, and how its commits were answered.</summary>
internal sealed class GroupMember : IAssignmentHandler, IPartitionReader, IDisposable
{
    private readonly string _topic;

    public GroupMember(KafkaOptions options, string group, string topic, string name = "member")
    {
        _topic = topic;
        Source = new NativeBatchSource(options, group, [topic], name, TimeProvider.System, NullLogger.Instance);
    }

    public NativeBatchSource Source { get; }

    /// <summary>Partition (unknown to a reader, so taken from the value), offset and value, in the order of arrival.</summary>
    public List<(int Partition, long Offset, string Key, string Value, long TimestampMs)> Records { get; } = [];

    public List<int> Assignment { get; } = [];

    public List<int> LostPartitions { get; } = [];

    public List<int> RevokedPartitions { get; } = [];

    /// <summary>Called for each record after it was remembered.</summary>
    public Action<int, long>? OnRecord { get; set; }

    /// <summary>Takes key and value instead of remembering the record; for values that do not say where they lie.</summary>
    public Action<string, string>? OnRaw { get; set; }

    /// <summary>Called when a partition goes, while a last commit may still be made.</summary>
    public Action<TopicPartition>? OnRevoked { get; set; }

    /// <summary>Where to begin, where nothing is committed.</summary>
    public long Start { get; set; }

    public TopicPartition Partition(int partition) => new(_topic, partition);

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        Assignment.Add(partition.Partition);
        return (Source.Committed(partition)?.Offset ?? Start, this);
    }

    public void Revoked(TopicPartition partition)
    {
        OnRevoked?.Invoke(partition);
        Assignment.Remove(partition.Partition);
        RevokedPartitions.Add(partition.Partition);
    }

    public void Lost(TopicPartition partition)
    {
        Assignment.Remove(partition.Partition);
        LostPartitions.Add(partition.Partition);
    }

    public void Read(in Record record)
    {
        var value = Encoding.UTF8.GetString(record.Value);
        if (OnRaw is not null)
        {
            OnRaw(Encoding.UTF8.GetString(record.Key), value);
            return;
        }

        var partition = int.Parse(value.AsSpan(0, value.IndexOf('/', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
        Records.Add((partition, record.Offset, Encoding.UTF8.GetString(record.Key), value, record.TimestampMs));
        OnRecord?.Invoke(partition, record.Offset);
    }

    /// <summary>Polls, and lets the others poll, until the condition holds; fails after a minute.</summary>
    public void PollUntil(Func<bool> condition, params GroupMember[] others)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromMinutes(1))
            {
                throw new TimeoutException($"waited for a minute; {Records.Count} records, assigned [{string.Join(' ', Assignment)}]");
            }

            foreach (var member in (GroupMember[])[this, .. others])
            {
                member.Source.Poll(TimeSpan.FromMilliseconds(20), member);
            }
        }
    }

    public void Dispose() => Source.Dispose();
}
