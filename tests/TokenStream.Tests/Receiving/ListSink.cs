using System.Text;
using TokenStream.Runtime;

namespace TokenStream.Tests.Receiving;

/// <summary>A sink that keeps what is published, and can be told to fail, or to hold back its acknowledgement.</summary>
internal sealed class ListSink : IRecordSink
{
    private readonly List<(TopicPartition Partition, string Key, string Value)> _records = [];
    private readonly ManualResetEventSlim _open = new(true);

    /// <summary>Why the next flush fails; null where it does not.</summary>
    public string? Fault { get; set; }

    /// <summary>Headers of the last record that had any.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; private set; } = new Dictionary<string, string>();

    public int Flushes { get; private set; }

    public IReadOnlyList<(TopicPartition Partition, string Key, string Value)> Records
    {
        get
        {
            lock (_records)
            {
                return [.. _records];
            }
        }
    }

    /// <summary>Lets no flush end until <see cref="Open"/>.</summary>
    public void Hold() => _open.Reset();

    public void Open() => _open.Set();

    public IEnumerable<string> Values(string topic) =>
        Records.Where(record => record.Partition.Topic == topic).Select(record => record.Value);

    public void Publish(
        TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null)
    {
        lock (_records)
        {
            _records.Add((partition, Encoding.UTF8.GetString(key), Encoding.UTF8.GetString(value)));
        }

        Headers = headers?.ToDictionary(header => header.Name, header => header.Value) ?? Headers;
    }

    public ValueTask FlushAsync()
    {
        _open.Wait();
        Flushes++;
        return Fault is null ? ValueTask.CompletedTask : throw new PublishFailedException(Fault);
    }

    public void Dispose() => _open.Dispose();
}
