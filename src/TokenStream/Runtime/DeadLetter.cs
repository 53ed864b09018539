using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace TokenStream.Runtime;

/// <summary>
/// A record that was refused, as it lies on the dead-letter topic: the value is the original bytes, the key the source position
/// (<c>topic/partition/offset</c>, so that a repeated one is recognised), the headers say the rest:
/// <c>reason</c>, <c>source.topic</c>, <c>source.partition</c>, <c>source.offset</c>, <c>source.timestamp_ms</c>, <c>source.key</c>
/// (<c>source.key.base64</c> where it is no text) and <c>original.length</c>, which is more than the value where that had to be cut.
/// Payloads that were mapped have <c>items.taken</c> where some of the value became events.
/// </summary>
/// <param name="Source">Where the record was read.</param>
/// <param name="Offset">Its offset there.</param>
/// <param name="TimestampMs">Its timestamp there, milliseconds since the Unix epoch.</param>
/// <param name="Reason">Why it was refused, a counter's reason such as <c>time_unusable</c>.</param>
/// <param name="Key">The original key.</param>
/// <param name="Value">The original bytes, at most <see cref="MaxValueBytes"/>.</param>
/// <param name="OriginalLength">The length of the original value in bytes.</param>
/// <param name="ItemsTaken">Items of the value that became events, so that it must not be sent again as it is.</param>
public sealed record DeadLetter(
    TopicPartition Source, long Offset, long TimestampMs, string Reason, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value,
    int OriginalLength, int ItemsTaken = 0)
{
    /// <summary>What the source topic begins with where the record came over HTTP: no topic has a colon in its name.</summary>
    public const string ReceivedPrefix = "http:";

    /// <summary>Whether it came from a topic and can be sent there again.</summary>
    public bool CanBeReplayed =>
        Value.Length == OriginalLength && ItemsTaken == 0 && !Source.Topic.StartsWith(ReceivedPrefix, StringComparison.Ordinal);

    /// <summary>
    /// What is kept of a value: 4 MiB less room for key and headers, so that the topic's limit of 4 MiB takes it. Kafka's own default limit
    /// for a record is 1 MiB; a larger one is cut rather than standing in its partition's way for ever.
    /// </summary>
    public const int MaxValueBytes = (4 << 20) - (64 << 10);

    /// <summary>What is kept of a key.</summary>
    public const int MaxKeyBytes = 32 << 10;

    /// <summary>
    /// Publishes a refused record to a dead-letter topic of <paramref name="partitions"/> partitions; one source partition's letters stay
    /// in one partition, in order.
    /// </summary>
    /// <param name="itemsTaken">Items of the value that became events.</param>
    public static void Publish(
        IRecordSink sink, string topic, int partitions, TopicPartition source, in Record record, string reason, int itemsTaken = 0)
    {
        var position = string.Create(CultureInfo.InvariantCulture, $"{source.Topic}/{source.Partition}/{record.Offset}");
        var value = record.Value[..Math.Min(record.Value.Length, MaxValueBytes)];
        var key = record.Key[..Math.Min(record.Key.Length, MaxKeyBytes)];
        RecordHeader[] headers =
        [
            new("reason", reason),
            new("source.topic", source.Topic),
            new("source.partition", Text(source.Partition)),
            new("source.offset", Text(record.Offset)),
            new("source.timestamp_ms", Text(record.TimestampMs)),
            Utf8.IsValid(key) ? new("source.key", Encoding.UTF8.GetString(key)) : new("source.key.base64", Convert.ToBase64String(key)),
            new("original.length", Text(record.Value.Length)),
            .. itemsTaken > 0 ? [new RecordHeader("items.taken", Text(itemsTaken))] : Array.Empty<RecordHeader>(),
        ];
        sink.Publish(new TopicPartition(topic, source.Partition % partitions), Encoding.UTF8.GetBytes(position), value, headers);
    }

    /// <summary>Reads a dead letter back; false where the headers are not a dead letter's.</summary>
    public static bool TryRead(IEnumerable<RecordHeader> headers, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out DeadLetter? letter)
    {
        letter = null;
        string? reason = null, topic = null;
        long partition = -1, offset = -1, timestampMs = -1, length = value.Length, taken = 0;
        ReadOnlyMemory<byte> key = default;
        foreach (var header in headers)
        {
            switch (header.Name)
            {
                case "reason": reason = header.Value; break;
                case "source.topic": topic = header.Value; break;
                case "source.partition": partition = Number(header.Value); break;
                case "source.offset": offset = Number(header.Value); break;
                case "source.timestamp_ms": timestampMs = Number(header.Value); break;
                case "source.key": key = Encoding.UTF8.GetBytes(header.Value); break;
                case "source.key.base64": key = Base64(header.Value); break;
                case "original.length": length = Number(header.Value); break;
                case "items.taken": taken = Number(header.Value); break;
                default: break;
            }
        }

        if (reason is null || topic is null || partition is < 0 or > int.MaxValue || offset < 0 || length is < 0 or > int.MaxValue ||
            taken is < 0 or > int.MaxValue)
        {
            return false;
        }

        letter = new DeadLetter(
            new TopicPartition(topic, (int)partition), offset, timestampMs, reason, key, value, (int)length, (int)taken);
        return true;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    private static byte[] Base64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var written) ? bytes[..written] : [];
    }
}
