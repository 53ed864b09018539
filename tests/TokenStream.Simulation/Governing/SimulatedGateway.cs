using TokenStream.Commands;

namespace TokenStream.Simulation.Governing;

/// <summary>A gateway as docs/commands.md has it: reads every partition from its beginning, keeps the highest version of each key.</summary>
internal sealed class SimulatedGateway(GovernWorld world)
{
    private readonly long[] _positions = new long[GovernWorld.Partitions];
    private readonly Dictionary<string, Command> _commands = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Heartbeat> _heartbeats = [];

    /// <summary>Reads on to the ends.</summary>
    public void Read()
    {
        for (var partition = 0; partition < GovernWorld.Partitions; partition++)
        {
            for (; _positions[partition] < world.Commands[partition].End; _positions[partition]++)
            {
                if (world.Commands[partition][_positions[partition]] is { } record)
                {
                    Take(record);
                }
            }
        }
    }

    /// <summary>What it obeys at a time, by key.</summary>
    public SortedDictionary<string, CommandAction> Obeyed(long nowMs) => new(
        _commands.Where(pair => pair.Value.Action != CommandAction.None && !(pair.Value.ExpiresMs <= nowMs))
            .ToDictionary(pair => pair.Key, pair => pair.Value.Action),
        StringComparer.Ordinal);

    /// <summary>The newest heartbeat of a partition that it believes.</summary>
    public Heartbeat? HeartbeatOf(int partition) => _heartbeats.GetValueOrDefault(partition);

    private void Take(LogRecord record)
    {
        if (record.Value is null)
        {
            if (_commands.TryGetValue(record.Name, out var released) && released.Action == CommandAction.None)
            {
                _commands.Remove(record.Name);
            }
        }
        else if (SimulatedSigning.Verifier.TryVerify(record.Key, record.Value, out var signed) != CommandRefusal.None)
        {
            world.Faults.Add($"a gateway refuses {record.Name}");
        }
        else if (signed.Heartbeat is { } heartbeat)
        {
            if (_heartbeats.GetValueOrDefault(heartbeat.Partition) is not { } last || heartbeat.Version.Epoch > last.Version.Epoch ||
                (heartbeat.Version.Epoch == last.Version.Epoch && heartbeat.AtMs > last.AtMs))
            {
                _heartbeats[heartbeat.Partition] = heartbeat;
            }
        }
        else if (signed.Command is { } command && (!_commands.TryGetValue(record.Name, out var known) || command.Version > known.Version))
        {
            _commands[record.Name] = command;
        }
    }
}
