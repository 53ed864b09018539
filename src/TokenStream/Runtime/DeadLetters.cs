namespace TokenStream.Runtime;

/// <summary>Puts a worker's refused records aside, and counts them by reason.</summary>
internal sealed class DeadLetters(IRecordSink sink, string topic, int partitions, StreamMetrics metrics)
{
    public void Publish(TopicPartition source, in Record record, string reason)
    {
        metrics.CountRefused(reason);
        DeadLetter.Publish(sink, topic, partitions, source, record, reason);
    }
}
