namespace TokenStream.Broker.Log;

/// <summary>The outcome of one append, all of its batches or none.</summary>
/// <param name="Error"><see cref="LogError.None"/>: stored, or a duplicate of a batch that is stored.</param>
/// <param name="BaseOffset">Offset of the first record (a duplicate: of its first storing); -1 on error.</param>
/// <param name="EndOffset">Offset after the last record, to wait for with <see cref="PartitionLog.WhenDurableAsync"/>; -1 on error.</param>
/// <param name="LogAppendTimeMs">Broker time given to the records, epoch ms; -1 where the topic keeps the producer's times.</param>
/// <param name="IsDuplicate">The batch was stored before; nothing was written now.</param>
/// <param name="Message">On error, one sentence for the client's log.</param>
public readonly record struct AppendResult(
    LogError Error, long BaseOffset, long EndOffset, long LogAppendTimeMs, bool IsDuplicate = false, string? Message = null)
{
    internal static AppendResult Failed(LogError error, string message) => new(error, -1, -1, -1, false, message);
}
