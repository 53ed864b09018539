using System.Text;
using TokenStream.Commands;

namespace TokenStream.Runtime;

/// <summary>
/// The commands of one partition as its owner knows them: of each key the highest version, and whether the log's last record of the key is
/// that one. Where it is not, a compacted log would forget the command: it has to be published again.
/// </summary>
internal sealed class PublishedCommands(CommandVerifier verifier)
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _buried = new(StringComparer.Ordinal);
    private readonly List<Command> _found = [];
    private long _position;

    /// <summary>The last command of every key, releases included.</summary>
    public IEnumerable<Command> Commands => _entries.Values.Select(entry => entry.Command);

    /// <summary>The highest version in the log, heartbeats included, or published; a new owner's epoch has to be above.</summary>
    public CommandVersion Highest { get; private set; }

    /// <summary>Records that are not what they should be: unsigned, forged, lower than ours.</summary>
    public long Refused { get; private set; }

    public Command? Find(string key) => _entries.GetValueOrDefault(key)?.Command;

    /// <summary>What is about to be published.</summary>
    public void Publish(Command command, byte[] bytes)
    {
        _entries[command.Key] = new Entry(command, bytes);
        _buried.Remove(command.Key);
        Highest = command.Version > Highest ? command.Version : Highest;
    }

    /// <summary>A key's record is about to be deleted.</summary>
    public void Bury(string key)
    {
        _entries.Remove(key);
        _buried.Add(key);
    }

    /// <summary>Takes a record of the log, in order of the offsets; one seen before is passed over.</summary>
    public void Read(long offset, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDeletion)
    {
        if (offset < _position)
        {
            return;
        }

        _position = offset + 1;
        var text = Encoding.UTF8.GetString(key);
        if (text.StartsWith(Heartbeat.KeyPrefix, StringComparison.Ordinal))
        {
            Read(key, value);
            return;
        }

        var known = _entries.GetValueOrDefault(text);
        if (isDeletion && known?.Command.Action == CommandAction.None)
        {
            // A release that is old enough was deleted; nobody needs it any more.
            _entries.Remove(text);
            return;
        }

        var refusal = verifier.TryVerify(key, value, out var record);
        if (isDeletion || refusal != CommandRefusal.None || record.Command is not { } command)
        {
            Refused += isDeletion && (known is null || _buried.Contains(text)) ? 0 : 1;
            known?.IsCovered = true;
            return;
        }

        if (known is null || command.Version > known.Command.Version)
        {
            _entries[text] = new Entry(command, value.ToArray()) { IsSeen = true };
            _buried.Remove(text);
            _found.Add(command);
            Highest = command.Version > Highest ? command.Version : Highest;
        }
        else if (command.Version == known.Command.Version)
        {
            (known.IsSeen, known.IsCovered) = (true, false);
        }
        else
        {
            // Somebody who does not know that it was replaced wrote it. Before ours it is only what was there; but where ours has not been read,
            // compaction may have taken it already, and only our own earlier ones are surely before it.
            Refused += known.IsSeen ? 1 : 0;
            known.IsCovered |= known.IsSeen || command.Version.Epoch < known.Command.Version.Epoch;
        }
    }

    /// <summary>
    /// Hands over the commands that were read since the last call and that this owner has not published: an earlier one was late, and what it
    /// wrote counts at gateways.
    /// </summary>
    public void TakeFound(Action<Command> take)
    {
        _found.ForEach(take);
        _found.Clear();
    }

    /// <summary>Hands over the records that have to be published again, byte for byte.</summary>
    public void TakeCovered(Action<string, byte[]> publish)
    {
        foreach (var (key, entry) in _entries)
        {
            if (entry.IsCovered)
            {
                (entry.IsCovered, entry.IsSeen) = (false, false);
                publish(key, entry.Bytes);
            }
        }
    }

    /// <summary>A gateway that knows of an epoch believes no heartbeat of a lower one. Only what would raise it is worth a look at the signature.</summary>
    private void Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (Jws.TryRead(value, out var jws) == CommandRefusal.None && HeartbeatFormat.TryRead(jws!.Payload, out var claimed) &&
            claimed.Version.Epoch > Highest.Epoch &&
            verifier.TryVerify(key, value, out var record) == CommandRefusal.None && record.Heartbeat is { } heartbeat)
        {
            Highest = heartbeat.Version;
        }
    }

    private sealed class Entry(Command command, byte[] bytes)
    {
        public Command Command { get; } = command;

        public byte[] Bytes { get; } = bytes;

        /// <summary>Whether the log was read up to it.</summary>
        public bool IsSeen { get; set; }

        /// <summary>Whether something that does not count lies above it.</summary>
        public bool IsCovered { get; set; }
    }
}
