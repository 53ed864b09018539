using Microsoft.Extensions.Logging;
using TokenStream.Kafka.Native;
using TokenStream.Runtime;

namespace TokenStream.Kafka;

/// <summary>
/// Records out for values that the next second replaces (<c>tokenstream.live</c>): never waits, never fails. What finds no room in a buffer
/// of 16 MiB, or no acknowledgement of the leader within 5 s, is dropped and counted.
/// </summary>
public sealed class LossyRecordSink(KafkaOptions options, string clientId, ILogger logger) : IRecordSink
{
    private readonly NativeProducer _producer = new(ClientProperties.LossyProducer(options, clientId), clientId, logger);
    private long _notTaken;

    /// <summary>Records dropped: not taken for want of room, or not acknowledged.</summary>
    public long Dropped => _notTaken + _producer.Refused;

    public void Publish(
        TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null)
    {
        var error = headers is { Count: > 0 } ? _producer.Produce(partition, key, value, headers) : _producer.Produce(partition, key, value);
        if (error != NativeError.None)
        {
            _notTaken++;
        }
    }

    /// <summary>Takes in what is known and returns at once.</summary>
    public ValueTask FlushAsync()
    {
        _producer.Serve(TimeSpan.Zero);
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _producer.Dispose();
}
