using System.Text;
using TokenStream.Mapping.Sources;
using TokenStream.Runtime;

namespace TokenStream.Service.Sources;

/// <summary>
/// Tells what sources sent, every few seconds. What the log does not acknowledge is told again with the next; beyond a bound the oldest is
/// forgotten, and counted. Sums of usage do not depend on it.
/// </summary>
internal sealed class SourcePublisher(IRecordSink sink, string topic, SourceCounters counters)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const int MostWaiting = 20_000;

    private readonly Dictionary<string, SourceRecord> _waiting = new(StringComparer.Ordinal);

    /// <summary>Records that are told by nobody any more.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Tells what has changed. Throws <see cref="PublishFailedException"/> where the log did not acknowledge it.</summary>
    public async Task PublishAsync(long nowMs)
    {
        foreach (var record in counters.Take(nowMs))
        {
            _waiting[record.Key] = record;
        }

        if (_waiting.Count > MostWaiting)
        {
            foreach (var oldest in _waiting.Values.OrderBy(record => record.MinuteMs).Take(_waiting.Count - MostWaiting).ToArray())
            {
                _waiting.Remove(oldest.Key);
                Forgotten++;
            }
        }

        if (_waiting.Count == 0)
        {
            return;
        }

        foreach (var (key, record) in _waiting)
        {
            sink.Publish(new TopicPartition(topic, 0), Encoding.UTF8.GetBytes(key), record.ToBytes());
        }

        await sink.FlushAsync();
        _waiting.Clear();
    }
}
