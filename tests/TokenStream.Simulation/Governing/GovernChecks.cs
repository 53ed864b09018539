using System.Globalization;
using TokenStream.Commands;
using TokenStream.Governing.Snapshots;
using TokenStream.Runtime;

namespace TokenStream.Simulation.Governing;

/// <summary>What must hold at every moment.</summary>
internal sealed class GovernChecks(GovernWorld world)
{
    private readonly Dictionary<(string Key, CommandVersion Version), byte[]> _contents = [];
    private readonly CommandVersion[] _committed = new CommandVersion[GovernWorld.Partitions];
    private readonly Dictionary<(int Partition, long Epoch), long> _beats = [];
    private readonly long[] _heardEpochs = new long[GovernWorld.Partitions];
    private readonly long[] _namedEpochs = new long[GovernWorld.Partitions];
    private readonly long[] _epochsBeforeLoss = new long[GovernWorld.Partitions];

    public long Commands { get; private set; }

    public long Heartbeats { get; private set; }

    /// <summary>
    /// A version has one content for ever, and is committed before it is seen; a heartbeat says that nothing up to its version is missing.
    /// </summary>
    public void Command(GovernNode? node, int partition, LogRecord record)
    {
        if (record.Value is not { } value)
        {
            return;
        }

        SimulatedSigning.Verifier.TryVerify(record.Key, value, out var signed);
        if (signed.Heartbeat is { } heartbeat)
        {
            Heartbeats++;
            _heardEpochs[partition] = Math.Max(_heardEpochs[partition], heartbeat.Version.Epoch);
            var place = (partition, heartbeat.Version.Epoch);
            _beats[place] = Math.Max(_beats.GetValueOrDefault(place), heartbeat.Version.Counter);
            if (node is not null && node.Deciding(partition)?.Commit.Epoch != heartbeat.Version.Epoch)
            {
                Fault($"a heartbeat of partition {partition} from an owner that does not decide");
            }

            return;
        }

        Commands++;
        var version = signed.Command!.Version;
        _heardEpochs[partition] = Math.Max(_heardEpochs[partition], version.Epoch);
        if (version > _committed[partition])
        {
            Fault($"{record.Name} has version {version}, and {_committed[partition]} is committed");
        }

        if (!_contents.TryAdd((record.Name, version), value))
        {
            if (!_contents[(record.Name, version)].AsSpan().SequenceEqual(value))
            {
                Fault($"two contents of {record.Name} in version {version}");
            }
        }
        else if (_beats.TryGetValue((partition, version.Epoch), out var beat) && version.Counter <= beat)
        {
            Fault($"a heartbeat said {beat} of epoch {version.Epoch} before {record.Name} of {version.Counter} was there");
        }
    }

    /// <summary>Versions never go back, and the snapshot that a commit names is whole.</summary>
    public void Commit(GovernNode node, int partition, OffsetCommit commit, OffsetCommit? before)
    {
        var now = GovernCommit.Parse(commit.Offset, commit.Metadata);
        var version = new CommandVersion(now.Epoch, now.Counter);
        var last = before is null ? null : GovernCommit.Parse(before.Offset, before.Metadata);
        if (last is not null && version < new CommandVersion(last.Epoch, last.Counter))
        {
            Fault($"partition {partition} went back to {version}");
        }

        _committed[partition] = version > _committed[partition] ? version : _committed[partition];
        var isNew = now.Snapshot.Length > 0 && last?.Snapshot != now.Snapshot;
        if (isNew && world.Mutation != GovernMutation.SnapshotInPlace && !IsWhole(partition, now.Snapshot))
        {
            Fault($"the commit of partition {partition} names {now.Snapshot}, which is not whole");
        }
    }

    /// <summary>Whether an epoch is known by the name of a snapshot alone: nothing of it is in the commands' log, yet or for ever.</summary>
    public bool IsSilent(int partition) => _namedEpochs[partition] > _heardEpochs[partition];

    /// <summary>The group has lost its offsets, and nothing is under way.</summary>
    public void LostOffsets() => _namedEpochs.CopyTo(_epochsBeforeLoss, 0);

    /// <summary>What the commit names is never deleted, and an epoch from before the offsets were lost names no snapshot any more.</summary>
    public void Snapshot(int partition, LogRecord record, OffsetCommit? commit)
    {
        if (record.Value is null && commit is not null &&
            GovernCommit.Parse(commit.Offset, commit.Metadata).Snapshot is { Length: > 0 } named && record.Name.Contains(named, StringComparison.Ordinal))
        {
            Fault($"{record.Name} is deleted, which the commit names");
        }

        var epoch = long.Parse(record.Name.Split('-')[1], CultureInfo.InvariantCulture);
        _namedEpochs[partition] = Math.Max(_namedEpochs[partition], epoch);
        if (record.Value is not null && epoch > 0 && epoch <= _epochsBeforeLoss[partition])
        {
            Fault($"{record.Name} is of an epoch from before the offsets were lost");
        }
    }

    /// <summary>Who decides has read what was there when it took over, and no ledger has more than was spent.</summary>
    public void Node(GovernNode node)
    {
        foreach (var partition in node.Stage.Partitions.Where(partition => partition.Phase != GovernPhase.Starting))
        {
            if (partition.Phase == GovernPhase.Deciding && partition.Position < node.Source.Asked(partition.Number))
            {
                Fault($"partition {partition.Number} is decided at {partition.Position}, before {node.Source.Asked(partition.Number)}");
            }

            if (partition.Stopped is { } reason)
            {
                Fault($"partition {partition.Number} stopped: {reason}");
            }

            foreach (var account in world.Chance(0.1) ? partition.Ledger.Accounts : [])
            {
                if (account.Total.Cost > world.Truth.Spent(account.Scope.Text, 0, long.MaxValue))
                {
                    Fault($"the ledger has {account.Total.Cost} of {account.Scope}, more than was spent");
                }
            }
        }
    }

    private bool IsWhole(int partition, string name)
    {
        var snapshots = new SnapshotTable(partition);
        foreach (var record in world.Ledger[partition].From(0))
        {
            snapshots.Read(record.Key, record.Value, record.Value is null, name);
        }

        try
        {
            return snapshots.Take(name) is { } chunks && LedgerSnapshot.Read(chunks, int.MaxValue).Ledger.Count >= 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private void Fault(string what) => world.Faults.Add(what);
}
