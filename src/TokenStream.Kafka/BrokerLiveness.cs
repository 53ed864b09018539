using System.Text.Json;
using TokenStream.Runtime;

namespace TokenStream.Kafka;

/// <summary>
/// Which partitions' brokers answer, read from librdkafka's statistics (one JSON text a second). A fetch is answered at least every
/// <c>fetch.wait.max.ms</c> (500 ms), so a broker from which nothing came for longer is not there, and what it said of the log's end is old.
/// </summary>
internal sealed class BrokerLiveness(TimeProvider clock)
{
    /// <summary>Four answers missed.</summary>
    private const long MaxSilenceMicroseconds = 2_000_000;

    /// <summary>Statistics come each second; without them nothing is known.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(3);

    private readonly HashSet<TopicPartition> _alive = [];
    private long _readAt;

    public bool IsAlive(TopicPartition partition) =>
        _readAt != 0 && clock.GetElapsedTime(_readAt) <= MaxAge && _alive.Contains(partition);

    public void Read(string statistics)
    {
        _readAt = clock.GetTimestamp();
        _alive.Clear();
        using var document = JsonDocument.Parse(statistics);
        var root = document.RootElement;
        var brokers = new HashSet<long>();
        foreach (var broker in root.GetProperty("brokers").EnumerateObject())
        {
            var silence = broker.Value.GetProperty("rxidle").GetInt64();
            // The connections to coordinators are listed beside those that fetch, under the same node.
            if (!broker.Value.GetProperty("source").ValueEquals("logical") && broker.Value.GetProperty("state").ValueEquals("UP")
                && silence is >= 0 and <= MaxSilenceMicroseconds)
            {
                brokers.Add(broker.Value.GetProperty("nodeid").GetInt64());
            }
        }

        foreach (var topic in root.GetProperty("topics").EnumerateObject())
        {
            foreach (var partition in topic.Value.GetProperty("partitions").EnumerateObject())
            {
                var state = partition.Value;
                if (state.GetProperty("fetch_state").ValueEquals("active") && brokers.Contains(state.GetProperty("broker").GetInt64()))
                {
                    _alive.Add(new TopicPartition(topic.Name, state.GetProperty("partition").GetInt32()));
                }
            }
        }
    }
}
