using System.Text;

namespace TokenStream.Commands;

/// <summary>
/// What the commands topic says, key by key: the highest version that was signed. Anybody may have written to the topic, so that only the
/// signature is believed, and no order, repetition or deletion of records can bring an older command back. For one thread.
/// </summary>
public sealed class CommandTable(int partitions)
{
    /// <summary>Keys that are kept, releases included.</summary>
    public const int MostKeys = 200_000;

    /// <summary>A clock that was set back by less than this brings no command back that was left out.</summary>
    private const long LongPastMs = 3_600_000;

    private readonly Dictionary<string, Command> _commands = new(StringComparer.Ordinal);
    private readonly Heartbeat?[] _heartbeats = new Heartbeat?[partitions];

    /// <summary>
    /// Every command in force, as far as its issuer says: expiry is looked at when deciding, and those that are long past are left out.
    /// </summary>
    public IEnumerable<Command> Active(long nowMs) => _commands.Values.Where(command =>
        command.Action != CommandAction.None && !(command.ExpiresMs < nowMs - LongPastMs));

    /// <summary>The command of each key, releases among them.</summary>
    public IReadOnlyCollection<Command> Commands => _commands.Values;

    /// <summary>The last heartbeat of each partition; null before the first.</summary>
    public IReadOnlyList<Heartbeat?> Heartbeats => _heartbeats;

    /// <summary>Keys that are known, releases included.</summary>
    public int Keys => _commands.Count;

    public int Partitions => _heartbeats.Length;

    /// <summary>Takes a record in; <paramref name="record"/> is what it holds where it is believed.</summary>
    public RecordVerdict Take(
        CommandVerifier verifier, int partition, ReadOnlySpan<byte> key, byte[]? value, out SignedRecord record, out CommandRefusal refusal)
    {
        (record, refusal) = (new SignedRecord(null, null), CommandRefusal.None);
        if (value is null)
        {
            return Delete(key);
        }

        refusal = verifier.TryVerify(key, value, out record);
        return refusal != CommandRefusal.None ? RecordVerdict.Refused
            : record.Heartbeat is { } heartbeat ? Take(heartbeat, partition)
            : Take(record.Command!, partition);
    }

    private RecordVerdict Take(Command command, int partition)
    {
        if (command.Scope.Partition(_heartbeats.Length) != partition)
        {
            return RecordVerdict.WrongPartition;
        }

        if (!_commands.TryGetValue(command.Key, out var known))
        {
            if (_commands.Count >= MostKeys)
            {
                return RecordVerdict.TableFull;
            }

            _commands.Add(command.Key, command);
            return RecordVerdict.Applied;
        }

        if (command.Version == known.Version)
        {
            var isSame = CommandFormat.Write(command).AsSpan().SequenceEqual(CommandFormat.Write(known));
            return isSame ? RecordVerdict.Repeated : RecordVerdict.Conflicting;
        }

        if (command.Version < known.Version)
        {
            return RecordVerdict.Outdated;
        }

        _commands[command.Key] = command;
        return RecordVerdict.Applied;
    }

    private RecordVerdict Take(Heartbeat heartbeat, int partition)
    {
        if (heartbeat.Partition != partition)
        {
            return RecordVerdict.WrongPartition;
        }

        // An owner's heartbeats share its epoch, and its clock orders them; an older owner's never count again.
        if (_heartbeats[partition] is { } last &&
            (heartbeat.Version.Epoch < last.Version.Epoch || (heartbeat.Version.Epoch == last.Version.Epoch && heartbeat.AtMs <= last.AtMs)))
        {
            return RecordVerdict.OutdatedHeartbeat;
        }

        _heartbeats[partition] = heartbeat;
        return RecordVerdict.Heartbeat;
    }

    private RecordVerdict Delete(ReadOnlySpan<byte> key)
    {
        var text = Encoding.UTF8.GetString(key);
        if (!_commands.TryGetValue(text, out var known) || known.Action != CommandAction.None)
        {
            return RecordVerdict.DeletionIgnored;
        }

        _commands.Remove(text);
        return RecordVerdict.Forgotten;
    }
}
