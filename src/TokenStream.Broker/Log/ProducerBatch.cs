using System.Runtime.CompilerServices;

namespace TokenStream.Broker.Log;

/// <summary>One stored batch of an idempotent producer, as it is remembered to know a repetition.</summary>
internal readonly record struct ProducerBatch(int FirstSequence, int LastSequence, long BaseOffset, long EndOffset);

/// <summary>The last five: as many as a client may have in flight (Kafka's own number).</summary>
[InlineArray(Length)]
internal struct ProducerBatches
{
    public const int Length = 5;

    private ProducerBatch _first;
}
