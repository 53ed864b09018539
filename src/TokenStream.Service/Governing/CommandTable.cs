using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Kafka;

namespace TokenStream.Service.Governing;

/// <summary>
/// The commands topic as a table, for people: the highest version of each key that is believed, and how many records were not.
/// Not for several threads at once.
/// </summary>
internal sealed class CommandTable : IDisposable
{
    /// <summary>
    /// Of each partition so many of the last heartbeats are looked at: there is one a second, and its signature takes longer to verify than
    /// all the rest.
    /// </summary>
    private const int MostHeartbeats = 16;

    private readonly TopicReader _reader;
    private readonly CommandVerifier _verifier;
    private readonly Dictionary<string, Command> _commands = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Heartbeat> _heartbeats = [];
    private readonly Dictionary<CommandRefusal, int> _refused = [];

    public CommandTable(KafkaOptions kafka, string topic, int partitions, CommandVerifier verifier, ILogger logger) =>
        (_reader, _verifier) = (new TopicReader(kafka, topic, partitions, "tokenstream-commands", logger), verifier);

    /// <summary>The command of each key, releases among them.</summary>
    public IReadOnlyCollection<Command> Commands => _commands.Values;

    /// <summary>The last heartbeat of each partition.</summary>
    public IReadOnlyDictionary<int, Heartbeat> Heartbeats => _heartbeats;

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
            var (key, value) = (result.Message.Key ?? [], result.Message.Value);
            if (!key.AsSpan().StartsWith("heartbeat/"u8))
            {
                Take(key, value);
                continue;
            }

            var last = heartbeats.TryGetValue(result.Partition.Value, out var known) ? known : heartbeats[result.Partition.Value] = new();
            last.Enqueue((key, value));
            if (last.Count > MostHeartbeats)
            {
                last.Dequeue();
            }
        }

        foreach (var last in heartbeats.Values)
        {
            // Oldest first, so that the newest that is believed stays.
            foreach (var (key, value) in last)
            {
                Take(key, value);
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    private void Take(byte[] key, byte[]? value)
    {
        var refusal = _verifier.TryVerify(key, value, out var record);
        if (refusal == CommandRefusal.NoValue)
        {
            return;
        }

        if (record.Heartbeat is { } heartbeat)
        {
            _heartbeats[heartbeat.Partition] = heartbeat;
        }
        else if (record.Command is { } command)
        {
            if (!_commands.TryGetValue(command.Key, out var known) || command.Version > known.Version)
            {
                _commands[command.Key] = command;
            }
        }
        else
        {
            _refused[refusal] = _refused.GetValueOrDefault(refusal) + 1;
        }
    }
}
