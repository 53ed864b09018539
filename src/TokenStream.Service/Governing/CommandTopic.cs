using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Kafka;

namespace TokenStream.Service.Governing;

/// <summary>
/// The commands topic as a table, for people: the highest version of each key that is believed, and how many records were not.
/// Not for several threads at once.
/// </summary>
internal sealed class CommandTopic : IDisposable
{
    /// <summary>
    /// Of each partition so many of the last heartbeats are looked at: there is one a second, and its signature takes longer to verify than
    /// all the rest.
    /// </summary>
    private const int MostHeartbeats = 16;

    private readonly TopicReader _reader;
    private readonly CommandVerifier _verifier;
    private readonly CommandTable _table;
    private readonly Dictionary<CommandRefusal, int> _refused = [];

    public CommandTopic(KafkaOptions kafka, string topic, int partitions, CommandVerifier verifier, ILogger logger)
    {
        _reader = new TopicReader(kafka, topic, partitions, "tokenstream-commands", logger);
        (_verifier, _table) = (verifier, new CommandTable(partitions));
    }

    /// <summary>The command of each key, releases among them.</summary>
    public IReadOnlyCollection<Command> Commands => _table.Commands;

    /// <summary>The last heartbeat of each partition that had one, in order of the partitions.</summary>
    public IEnumerable<Heartbeat> Heartbeats => _table.Heartbeats.OfType<Heartbeat>();

    /// <summary>Records that were not believed, by reason.</summary>
    public IReadOnlyDictionary<CommandRefusal, int> Refused => _refused;

    /// <summary>Whether a command asks for something at a time.</summary>
    public static bool IsActive(Command command, long nowMs) => command.Action != CommandAction.None && !(command.ExpiresMs <= nowMs);

    /// <summary>Reads on to the end of the topic.</summary>
    public void Refresh()
    {
        var heartbeats = new Dictionary<int, Queue<(byte[] Key, byte[]? Value)>>();
        foreach (var result in _reader.ReadToEnd())
        {
            var (partition, key, value) = (result.Partition.Value, result.Message.Key ?? [], result.Message.Value);
            if (!key.AsSpan().StartsWith("heartbeat/"u8))
            {
                Take(partition, key, value);
                continue;
            }

            var last = heartbeats.TryGetValue(partition, out var known) ? known : heartbeats[partition] = new();
            last.Enqueue((key, value));
            if (last.Count > MostHeartbeats)
            {
                last.Dequeue();
            }
        }

        foreach (var (partition, last) in heartbeats)
        {
            foreach (var (key, value) in last)
            {
                Take(partition, key, value);
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    private void Take(int partition, byte[] key, byte[]? value)
    {
        if (_table.Take(_verifier, partition, key, value, out _, out var refusal) == RecordVerdict.Refused)
        {
            _refused[refusal] = _refused.GetValueOrDefault(refusal) + 1;
        }
    }
}
