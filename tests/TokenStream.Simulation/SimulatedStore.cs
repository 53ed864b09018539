using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>The store as one worker reaches it: every call takes turns, so a crash can fall between any two of its effects.</summary>
internal sealed class SimulatedStore(SimulatedActor actor, SimulatedSource source) : IRollupStore
{
    private static readonly Grain[] Coarser = [Grain.Minute, Grain.Hour, Grain.Day];

    private SimulatedWorld World => actor.World;

    public async Task InsertAsync(int rollupsPartition, IReadOnlyList<Rollup> rollups, CancellationToken cancellation)
    {
        var tables = World.Store;
        var isKept = World.Mutation != Mutation.NotedBeforeKept || tables.Noted.Add(string.Join(' ', rollups.Select(Id)));
        await actor.GiveTurn();
        if (isKept)
        {
            foreach (var rollup in rollups)
            {
                var tokens = rollup.Measures.TokensIn;
                tables.Rows[Id(rollup)] = (rollupsPartition, tokens);
                tables.Archive[Id(rollup)] = (rollupsPartition, tokens, rollup.Measures.Cost, rollup.Block.RulesVersion);
            }
        }

        await actor.GiveTurn();
        foreach (var correction in rollups.Where(r => r.Block.Part != 0))
        {
            await CorrectAsync(rollupsPartition, Id(correction), correction.Measures.TokensIn);
        }
    }

    public async Task InsertMarksAsync(int rollupsPartition, IReadOnlyList<Mark> marks, CancellationToken cancellation)
    {
        if (World.Mutation == Mutation.CommitBeforeSeal)
        {
            World.Commits[(actor.Role, actor.Part)] = (source.Position, "");
        }

        await actor.GiveTurn();
    }

    public Task InsertSpendAsync(
        int spendPartition, IReadOnlyList<ScopeSpend> spends, IReadOnlyList<Mark> marks, CancellationToken cancellation) =>
        throw new NotSupportedException("no store reads the spend partitions here");

    public async Task SealAsync(SealRange range, CancellationToken cancellation)
    {
        await actor.GiveTurn();

        // INSERT .. SELECT reads at one moment; its rows appear piecemeal.
        foreach (var (id, sum) in World.Store.Sum(range))
        {
            if (World.Mutation == Mutation.NoVersion || sum.Rows >= World.Store.Coarse[range.Grain].GetValueOrDefault(id).Rows)
            {
                World.Store.Coarse[range.Grain][id] = sum;
            }

            await actor.GiveTurn();
        }
    }

    public Task PublishSealAsync(SealRange range, CancellationToken cancellation)
    {
        var key = (range.Partition, range.RollupsPartition, range.Grain);
        World.Store.Sealed[key] = Math.Max(range.UptoMs, World.Store.Sealed.GetValueOrDefault(key, AggregateCommit.Never));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<SealRange>> ReadSealsAsync(int rollupsPartition, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<SealRange>>(
        [.. World.Store.Sealed.Where(s => s.Key.Output == rollupsPartition)
            .Select(s => new SealRange(1, SimulatedWorld.Topic, s.Key.Partition, rollupsPartition, s.Key.Grain, 0, s.Value))]);

    private static ValueId Id(Rollup rollup) => new(rollup.Block.Partition, rollup.Block.WindowStartMs, rollup.Key.TenantId, rollup.Block.Part);

    private async Task CorrectAsync(int rollupsPartition, ValueId id, long tokens)
    {
        foreach (var grain in Coarser)
        {
            var start = SimulatedTables.StartOf(grain, id.WindowMs);
            if (World.Mutation != Mutation.Reseal)
            {
                World.Store.Coarse[grain][new CoarseId(id.Partition, rollupsPartition, start, id.Tenant, id.WindowMs, id.Part)] = (tokens, 1);
            }
            else if (start < World.Store.SealedThrough(id.Partition, rollupsPartition, grain))
            {
                await SealAsync(
                    new SealRange(1, SimulatedWorld.Topic, id.Partition, rollupsPartition, grain, start, start + SimulatedWorld.Grains[grain]),
                    CancellationToken.None);
            }
        }
    }
}
