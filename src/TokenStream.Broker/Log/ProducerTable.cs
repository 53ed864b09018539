using System.Buffers.Binary;

namespace TokenStream.Broker.Log;

/// <summary>
/// What one partition remembers of idempotent producers: epoch and last five batches of each. Not thread safe; the partition's lock guards
/// it. Bounded: beyond <paramref name="maxProducers"/> the longest idle is forgotten; a producer that is not known may go on with any
/// sequence, so forgetting costs the recognition of a repetition, never a record.
/// </summary>
internal sealed class ProducerTable(int maxProducers)
{
    private const int FixedSize = 8 + 2 + 8 + 1, BatchSize = 4 + 4 + 8 + 8;

    private readonly Dictionary<long, Producer> _producers = [];

    /// <summary>What an empty table serializes to.</summary>
    public static byte[] NoProducers { get; } = new byte[sizeof(int)];

    public int Count => _producers.Count;

    /// <returns>None: append it. None with <paramref name="duplicate"/>: it is stored already. Else OutOfOrderSequenceNumber or
    /// InvalidProducerEpoch.</returns>
    public LogError Check(long producerId, short epoch, int firstSequence, int count, out ProducerBatch? duplicate)
    {
        duplicate = null;
        if (!_producers.TryGetValue(producerId, out Producer? producer))
        {
            return LogError.None;
        }

        if (epoch < producer.Epoch)
        {
            return LogError.InvalidProducerEpoch;
        }

        if (epoch > producer.Epoch)
        {
            return firstSequence == 0 ? LogError.None : LogError.OutOfOrderSequenceNumber;
        }

        int lastSequence = Advance(firstSequence, count - 1);
        for (int i = 0; i < producer.BatchCount; i++)
        {
            ref readonly ProducerBatch batch = ref producer.Batches[i];
            if (batch.FirstSequence == firstSequence && batch.LastSequence == lastSequence)
            {
                duplicate = batch;
                return LogError.None;
            }
        }

        return firstSequence == Advance(producer.Newest.LastSequence, 1) ? LogError.None : LogError.OutOfOrderSequenceNumber;
    }

    /// <summary>Remembers a stored batch, checked or read back from the log.</summary>
    public void Record(long producerId, short epoch, int firstSequence, int count, long baseOffset, long nowMs)
    {
        if (!_producers.TryGetValue(producerId, out Producer? producer))
        {
            MakeRoom();
            producer = new Producer { Epoch = epoch };
            _producers.Add(producerId, producer);
        }
        else if (producer.Epoch != epoch)
        {
            producer.Epoch = epoch;
            producer.BatchCount = 0;
        }

        producer.LastUsedMs = nowMs;
        producer.Add(new ProducerBatch(firstSequence, Advance(firstSequence, count - 1), baseOffset, baseOffset + count));
    }

    public void Expire(long idleSinceMs)
    {
        // Removing what the enumerator stands on is allowed by Dictionary.
        foreach ((long id, Producer producer) in _producers)
        {
            if (producer.LastUsedMs < idleSinceMs)
            {
                _producers.Remove(id);
            }
        }
    }

    public byte[] Serialize()
    {
        int size = sizeof(int);
        foreach (Producer producer in _producers.Values)
        {
            size += FixedSize + (producer.BatchCount * BatchSize);
        }

        byte[] image = new byte[size];
        BinaryPrimitives.WriteInt32LittleEndian(image, _producers.Count);
        Span<byte> into = image.AsSpan(sizeof(int));
        foreach ((long id, Producer producer) in _producers)
        {
            BinaryPrimitives.WriteInt64LittleEndian(into, id);
            BinaryPrimitives.WriteInt16LittleEndian(into[8..], producer.Epoch);
            BinaryPrimitives.WriteInt64LittleEndian(into[10..], producer.LastUsedMs);
            into[18] = (byte)producer.BatchCount;
            into = into[FixedSize..];
            for (int i = 0; i < producer.BatchCount; i++)
            {
                ref readonly ProducerBatch batch = ref producer.Batches[i];
                BinaryPrimitives.WriteInt32LittleEndian(into, batch.FirstSequence);
                BinaryPrimitives.WriteInt32LittleEndian(into[4..], batch.LastSequence);
                BinaryPrimitives.WriteInt64LittleEndian(into[8..], batch.BaseOffset);
                BinaryPrimitives.WriteInt64LittleEndian(into[16..], batch.EndOffset);
                into = into[BatchSize..];
            }
        }

        return image;
    }

    /// <summary>Takes over what <see cref="Serialize"/> gave; its checksum was verified with the file it lay in.</summary>
    public void Restore(ReadOnlySpan<byte> image)
    {
        _producers.Clear();
        int count = BinaryPrimitives.ReadInt32LittleEndian(image);
        image = image[sizeof(int)..];
        for (int p = 0; p < count; p++)
        {
            var producer = new Producer
            {
                Epoch = BinaryPrimitives.ReadInt16LittleEndian(image[8..]),
                LastUsedMs = BinaryPrimitives.ReadInt64LittleEndian(image[10..]),
            };
            _producers[BinaryPrimitives.ReadInt64LittleEndian(image)] = producer;
            int batches = image[18];
            image = image[FixedSize..];
            for (int i = 0; i < batches; i++)
            {
                producer.Add(new ProducerBatch(
                    BinaryPrimitives.ReadInt32LittleEndian(image),
                    BinaryPrimitives.ReadInt32LittleEndian(image[4..]),
                    BinaryPrimitives.ReadInt64LittleEndian(image[8..]),
                    BinaryPrimitives.ReadInt64LittleEndian(image[16..])));
                image = image[BatchSize..];
            }
        }
    }

    /// <summary>Sequences go on with 0 after the largest int.</summary>
    private static int Advance(int sequence, int by) => (int)(((long)sequence + by) % (1L + int.MaxValue));

    private void MakeRoom()
    {
        if (_producers.Count < maxProducers)
        {
            return;
        }

        long idlest = 0, since = long.MaxValue;
        foreach ((long id, Producer producer) in _producers)
        {
            if (producer.LastUsedMs < since)
            {
                (idlest, since) = (id, producer.LastUsedMs);
            }
        }

        _producers.Remove(idlest);
    }

    private sealed class Producer
    {
        private ProducerBatches _batches;

        public short Epoch { get; set; }

        public long LastUsedMs { get; set; }

        public int BatchCount { get; set; }

        /// <summary>Oldest first.</summary>
        public ReadOnlySpan<ProducerBatch> Batches => _batches;

        public ProducerBatch Newest => _batches[BatchCount - 1];

        public void Add(ProducerBatch batch)
        {
            if (BatchCount == ProducerBatches.Length)
            {
                Span<ProducerBatch> all = _batches;
                all[1..].CopyTo(all);
                BatchCount--;
            }

            _batches[BatchCount] = batch;
            BatchCount++;
        }
    }
}
