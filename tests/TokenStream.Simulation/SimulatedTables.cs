using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>Identity of a row of a coarser grain; a correction keeps the window and part it came from.</summary>
internal readonly record struct CoarseId(int Partition, int Output, long StartMs, string Tenant, long WindowMs, long Part);

/// <summary>The store's tables, and the view that people read.</summary>
internal sealed class SimulatedTables(SimulatedWorld world)
{
    private static readonly Grain[] Coarser = [Grain.Minute, Grain.Hour, Grain.Day];

    /// <summary>The 10 s grain: identity to tokens, with the rollups partition it came from.</summary>
    public Dictionary<ValueId, (int Output, long Tokens)> Rows { get; private set; } = [];

    /// <summary>Everything ever inserted into the 10 s grain.</summary>
    public Dictionary<ValueId, (int Output, long Tokens, Int128 Cost, long Book)> Archive { get; } = [];

    public Dictionary<Grain, Dictionary<CoarseId, (long Tokens, long Rows)>> Coarse { get; } = Coarser.ToDictionary(g => g, _ => new Dictionary<CoarseId, (long, long)>());

    public Dictionary<(int Partition, int Output, Grain Grain), long> Sealed { get; } = [];

    /// <summary>Ranges whose rows went with age: nobody reads them in this grain any more.</summary>
    public HashSet<(int Partition, int Output, Grain Grain, long StartMs)> Expired { get; } = [];

    /// <summary>Blocks that a store noted which drops what it noted.</summary>
    public HashSet<string> Noted { get; } = [];

    public static long StartOf(Grain grain, long timeMs) => timeMs / SimulatedWorld.Grains[grain] * SimulatedWorld.Grains[grain];

    public long SealedThrough(int p, int q, Grain grain) => Sealed.GetValueOrDefault((p, q, grain), AggregateCommit.Never);

    /// <summary>Rows of sealed ranges go, sooner or later.</summary>
    public void DropSealedRows()
    {
        Rows = Rows.Where(r => r.Key.WindowMs >= SealedThrough(r.Key.Partition, r.Value.Output, Grain.Minute) || world.Chance(0.3)).ToDictionary();
        foreach (var (finer, coarser) in new[] { (Grain.Minute, Grain.Hour), (Grain.Hour, Grain.Day) })
        {
            foreach (var id in Coarse[finer].Keys.Where(id => id.Part == 0).ToArray())
            {
                if (id.StartMs < SealedThrough(id.Partition, id.Output, coarser) && world.Chance(0.7))
                {
                    Coarse[finer].Remove(id);
                    Expired.Add((id.Partition, id.Output, finer, id.StartMs));
                }
            }
        }
    }

    /// <summary>What a grain's rows of a range come to, corrections left out: from the finer grain, by start and tenant.</summary>
    public Dictionary<CoarseId, (long Tokens, long Rows)> Sum(SealRange range)
    {
        var sums = new Dictionary<CoarseId, (long Tokens, long Rows)>();
        foreach (var (startMs, tenant, tokens, count) in Finer(range))
        {
            var start = StartOf(range.Grain, startMs);
            if (start >= range.SinceMs && start < range.UptoMs)
            {
                var id = new CoarseId(range.Partition, range.RollupsPartition, start, tenant, 0, 0);
                var (sum, rows) = sums.GetValueOrDefault(id);
                sums[id] = (sum + tokens, rows + count);
            }
        }

        return sums;
    }

    /// <summary>(what people read by start of the grain, what was inserted), corrections left out.</summary>
    public (Dictionary<long, long> Read, Dictionary<long, long> Inserted) View(int p, int q, Grain grain)
    {
        var (read, inserted) = (new Dictionary<long, long>(), new Dictionary<long, long>());
        var whole = world.Mutation == Mutation.Reseal;
        var above = AggregateCommit.Never;
        for (var g = grain; g > Grain.TenSeconds; g--)
        {
            // Sealed rows below the seal; above it, the finer grain.
            var upto = world.Mutation == Mutation.OneView
                ? Coarse[g].Keys.Where(k => k.Partition == p).Select(k => k.StartMs + SimulatedWorld.Grains[g]).DefaultIfEmpty(AggregateCommit.Never).Max()
                : SealedThrough(p, q, g);
            foreach (var (id, (tokens, _)) in Coarse[g])
            {
                if (id.Partition == p && id.Output == q && id.Part == 0 && id.StartMs < upto && id.StartMs >= above)
                {
                    Add(read, StartOf(grain, id.StartMs), tokens);
                }
            }

            above = Math.Max(above, upto);
        }

        foreach (var (id, (output, tokens)) in Rows)
        {
            if (id.Partition == p && output == q && (id.Part == 0 || whole) && id.WindowMs >= above)
            {
                Add(read, StartOf(grain, id.WindowMs), tokens);
            }
        }

        foreach (var (id, (output, tokens, _, _)) in Archive)
        {
            if (id.Partition == p && output == q && (id.Part == 0 || whole))
            {
                Add(inserted, StartOf(grain, id.WindowMs), tokens);
            }
        }

        return (read, inserted);
    }

    private static void Add(Dictionary<long, long> sums, long key, long tokens) => sums[key] = sums.GetValueOrDefault(key) + tokens;

    private IEnumerable<(long StartMs, string Tenant, long Tokens, long Rows)> Finer(SealRange range) => range.Grain == Grain.Minute
        ? Rows.Where(r => r.Key.Partition == range.Partition && r.Value.Output == range.RollupsPartition &&
            (r.Key.Part == 0 || world.Mutation == Mutation.Reseal)).Select(r => (r.Key.WindowMs, r.Key.Tenant, r.Value.Tokens, 1L))
        : Coarse[range.Grain - 1].Where(r => r.Key.Partition == range.Partition && r.Key.Output == range.RollupsPartition && r.Key.Part == 0)
            .Select(r => (r.Key.StartMs, r.Key.Tenant, r.Value.Tokens, r.Value.Rows));
}
