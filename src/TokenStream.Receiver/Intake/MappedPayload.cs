using TokenStream.Mapping;
using TokenStream.Runtime;

namespace TokenStream.Receiver.Intake;

/// <summary>
/// What one payload became: events on their way to the log, keyed by tenant, and what was refused of it. It holds bytes of its own, so that
/// the mapper and the payload's memory are free while the log is waited for.
/// </summary>
internal sealed class MappedPayload(PayloadSource source, long receivedMs)
{
    /// <summary>How many refusals are told in detail; all are counted.</summary>
    public const int MostTold = 100;

    private readonly List<(int Start, int KeyLength, int ValueLength)> _records = [];
    private readonly List<Refusal> _refusals = [];
    private byte[] _bytes = [];
    private int _length;
    private byte[]? _letter;
    private int _letterTaken;

    public PayloadSource Source { get; } = source;

    /// <summary>Number of events.</summary>
    public int Accepted => _records.Count;

    /// <summary>Number of items that became no event.</summary>
    public int Refused { get; private set; }

    /// <summary>The first of them in detail.</summary>
    public IReadOnlyList<Refusal> Refusals => _refusals;

    /// <summary>The events of a batch whose sender wants an answer for each; empty for others.</summary>
    public IReadOnlyList<BatchEvent> BatchEvents { get; set; } = [];

    /// <summary>Whether no item could be told from another: the payload is not what it is said to be.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>Bytes that it holds.</summary>
    public int Size => _length + (_letter?.Length ?? 0);

    /// <summary>Ends with null when the log has acknowledged every record, or with the reason why it has not.</summary>
    public TaskCompletionSource<string?> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Adds an event, in up to three pieces.</summary>
    public void Add(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default, ReadOnlySpan<byte> third = default)
    {
        var length = first.Length + second.Length + third.Length;
        if (_bytes.Length < _length + key.Length + length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + key.Length + length));
        }

        _records.Add((_length, key.Length, length));
        Append(key);
        Append(first);
        Append(second);
        Append(third);
    }

    public void Refuse(Refusal refusal)
    {
        Refused++;
        if (_refusals.Count < MostTold)
        {
            _refusals.Add(refusal);
        }
    }

    /// <summary>What is put aside of it, where anything was refused.</summary>
    /// <param name="taken">Items within that became events all the same.</param>
    public void PutAside(byte[] bytes, int taken) => (_letter, _letterTaken) = (bytes, taken);

    /// <summary>Hands its records to a sink; they are acknowledged once the sink is flushed.</summary>
    public void Publish(IRecordSink sink, LogTopics topics)
    {
        var partition = new TopicPartition(topics.Requests, TopicPartition.OfKey);
        foreach (var (start, keyLength, valueLength) in _records)
        {
            sink.Publish(partition, _bytes.AsSpan(start, keyLength), _bytes.AsSpan(start + keyLength, valueLength));
        }

        if (_letter is { } letter)
        {
            // The position of what came over HTTP is its content's hash: the same refused twice is one, as for a record read twice.
            var offset = unchecked((long)(Events.StableHash.Hash(letter) >> 1));
            DeadLetter.Publish(
                sink, topics.DeadLetter, topics.DeadLetterPartitions, new TopicPartition(DeadLetter.ReceivedPrefix + Source.Name, 0),
                new Record(offset, receivedMs, default, letter), _refusals[0].Reason, _letterTaken);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }
}

/// <summary>Where events and refused payloads go.</summary>
public sealed record LogTopics(string Requests, string DeadLetter, int DeadLetterPartitions);
