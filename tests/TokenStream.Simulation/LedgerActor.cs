using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>
/// A reader that adds up what the rollups partitions say, provisional values included, and recovers from snapshots of its own: the contract
/// that values, numbers and marks must hold up for every stage that keeps sums.
/// </summary>
internal sealed class LedgerActor : SimulatedActor
{
    private readonly Dictionary<string, State> _kept;
    private State _state = new();
    private long _offset;

    public LedgerActor(SimulatedWorld world, int part, Dictionary<string, State> kept)
        : base(world, "ledger", part)
    {
        _kept = kept;
        if (world.Commits.TryGetValue((Role, part), out var commit))
        {
            _offset = commit.Offset;
            _state = kept.TryGetValue(commit.Metadata, out var snapshot) ? snapshot.Copy() : new State();
        }
    }

    public override bool IsQuiet => _offset == World.Out[Part].Count;

    /// <summary>Tokens by input partition, window and tenant, the latest provisional ones included.</summary>
    public Dictionary<(int Partition, long WindowMs, string Tenant), long> Sums()
    {
        var sums = new Dictionary<(int, long, string), long>(_state.Total);
        var provisional = _state.Live.Values.Where(v => !_state.Final.ContainsKey(v.Id));
        foreach (var value in _state.Final.Values.Concat(provisional))
        {
            var key = (value.Id.Partition, value.Id.WindowMs, value.Id.Tenant);
            sums[key] = sums.GetValueOrDefault(key) + value.Tokens;
        }

        return sums;
    }

    protected override async Task StepAsync()
    {
        for (var left = World.Random.Next(11); left > 0 && _offset < World.Out[Part].Count; left--)
        {
            Apply(World.Out[Part][(int)_offset++]);
        }

        CheckSums();
        if (World.Chance(0.15))
        {
            await SnapshotAsync();
        }
    }

    private void Apply(OutputRecord? record)
    {
        if (record?.Mark is { } mark)
        {
            Apply(mark);
        }

        foreach (var value in record?.Values ?? [])
        {
            Apply(value);
        }
    }

    private void Apply(Mark mark)
    {
        if (IsOld(mark.Partition, mark.Decision))
        {
            return;
        }

        // All values of the decision are here: fold them.
        foreach (var final in _state.Final.Values.Where(v => v.Id.Partition == mark.Partition).ToArray())
        {
            var key = (final.Id.Partition, final.Id.WindowMs, final.Id.Tenant);
            _state.Total[key] = _state.Total.GetValueOrDefault(key) + final.Tokens;
            _state.Final.Remove(final.Id);
        }

        _state.Done[mark.Partition] = Math.Max(mark.Decision, _state.Done.GetValueOrDefault(mark.Partition));
        _state.Closed[mark.Partition] = Math.Max(mark.ClosedThroughMs, Closed(mark.Partition));
        if (World.Mutation != Mutation.NoClosedMark)
        {
            foreach (var id in _state.Live.Keys.Where(id => id.Partition == mark.Partition && IsClosed(id)).ToArray())
            {
                _state.Live.Remove(id);
            }
        }
    }

    private void Apply(SimulatedValue value)
    {
        if (value.Final)
        {
            if (!IsOld(value.Id.Partition, value.Decision))
            {
                _state.Final[value.Id] = value;
            }
        }
        else if (value.Position >= _state.Live.GetValueOrDefault(value.Id, value).Position &&
            (World.Mutation == Mutation.NoClosedMark || !IsClosed(value.Id)))
        {
            _state.Live[value.Id] = value;
        }
    }

    private bool IsOld(int partition, long decision) =>
        World.Mutation != Mutation.Unnumbered && decision <= _state.Done.GetValueOrDefault(partition);

    private long Closed(int partition) => _state.Closed.GetValueOrDefault(partition, AggregateCommit.Never);

    private bool IsClosed(ValueId id) => id.WindowMs + SimulatedWorld.Grains.TenSecondsMs <= Closed(id.Partition);

    /// <summary>At no moment may the sums be more than what was used.</summary>
    private void CheckSums()
    {
        if (!World.Chance(0.3))
        {
            return;
        }

        foreach (var ((p, window, tenant), tokens) in Sums().Where(s => !World.Reported.Contains(s.Key.Partition)))
        {
            var truth = tenant == RollupKey.Other
                ? World.Truth[p].Where(t => t.Key.WindowMs == window).Sum(t => t.Value)
                : World.Truth[p].GetValueOrDefault((window, tenant));
            if (tokens > truth)
            {
                World.Faults.Add($"the ledger counts too much: partition {p}, window {window}, {tenant}: {tokens} of {truth}");
            }
        }
    }

    /// <summary>Written whole under a new name; the commit that names it makes it valid; then those of lower offsets go.</summary>
    private async Task SnapshotAsync()
    {
        var name = World.Mutation == Mutation.SnapshotInPlace ? "snapshot" : $"{_offset}/{Generation}/{World.Random.Next()}";
        var copy = _state.Copy();
        var written = _kept[name] = World.Mutation == Mutation.SnapshotInPlace ? _kept.GetValueOrDefault(name) ?? new State() : new State();
        written.Offset = _offset;
        written.Total = copy.Total;
        await GiveTurn();
        (written.Done, written.Closed) = (copy.Done, copy.Closed);
        await GiveTurn();
        (written.Final, written.Live) = (copy.Final, copy.Live);
        await GiveTurn();
        if (IsFenced)
        {
            throw new SimulatedCrashException("fenced");
        }

        World.Commits[(Role, Part)] = (copy.Offset = _offset, name);
        await GiveTurn();
        foreach (var old in _kept.Where(k => k.Value.Offset < _offset || (World.Mutation == Mutation.TombstoneOthers && k.Key != name)).ToArray())
        {
            if (World.Mutation != Mutation.SnapshotInPlace)
            {
                _kept.Remove(old.Key);
            }
        }
    }

    internal sealed class State
    {
        public long Offset { get; set; }

        /// <summary>What decisions that are marked come to.</summary>
        public Dictionary<(int Partition, long WindowMs, string Tenant), long> Total { get; set; } = [];

        /// <summary>The last decision marked, by input partition.</summary>
        public Dictionary<int, long> Done { get; set; } = [];

        public Dictionary<int, long> Closed { get; set; } = [];

        /// <summary>Final values whose mark has not come yet.</summary>
        public Dictionary<ValueId, SimulatedValue> Final { get; set; } = [];

        public Dictionary<ValueId, SimulatedValue> Live { get; set; } = [];

        public State Copy() => new()
        {
            Offset = Offset, Total = new(Total), Done = new(Done), Closed = new(Closed), Final = new(Final), Live = new(Live),
        };
    }
}
