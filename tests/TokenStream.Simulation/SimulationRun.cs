using TokenStream.Runtime;
using TokenStream.Storage;

namespace TokenStream.Simulation;

/// <summary>One random life of the whole system from one seed: some hundred steps of load and faults, then time to finish, then the sums.</summary>
internal static class SimulationRun
{
    private const int StepsToFinish = 1500;

    /// <summary>Runs a seed. Returns the world with the faults that were found.</summary>
    public static SimulatedWorld Run(int seed, Mutation mutation = Mutation.None)
    {
        // Continuations of the actors run where they are resumed, never on a context of the test's.
        SynchronizationContext.SetSynchronizationContext(null);
        using var metrics = new StreamMetrics();
        var world = new SimulatedWorld(seed, mutation);
        var kept = Enumerable.Range(0, SimulatedWorld.Outputs).Select(_ => new Dictionary<string, LedgerActor.State>()).ToArray();
        var places = new List<(string Role, int Part)>();
        places.AddRange(Enumerable.Range(0, SimulatedWorld.Inputs).Select(p => ("aggregate", p)));
        places.AddRange(Enumerable.Range(0, SimulatedWorld.Outputs).SelectMany(q => new[] { ("store", q), ("ledger", q) }));
        var actors = new Dictionary<(string, int), SimulatedActor>();
        var zombies = new List<SimulatedActor>();

        SimulatedActor Start((string Role, int Part) place) => place.Role switch
        {
            "aggregate" => new AggregateActor(world, place.Part, metrics),
            "store" => new StoreActor(world, place.Part, metrics),
            _ => new LedgerActor(world, place.Part, kept[place.Part]),
        };

        for (var left = world.Random.Next(20, 401); left > 0; left--)
        {
            world.Weather();
            if (world.Chance(0.4))
            {
                world.Produce();
            }

            var place = world.Choice<(string, int)>([.. places]);
            var luck = world.Random.NextDouble();
            if (!actors.ContainsKey(place) || luck < 0.06)
            {
                Replace(actors, zombies, place, isMoved: luck < 0.03, Start);
            }

            Advance(world, actors, place, world.Random.Next(1, 9));
            zombies.RemoveAll(z => world.Chance(0.05) && !z.Advance(world.Random.Next(1, 6)));
        }

        Finish(world, actors, zombies, places, Start);
        Compare(world, [.. actors.Values.OfType<LedgerActor>()]);
        return world;
    }

    private static void Replace(
        Dictionary<(string, int), SimulatedActor> actors,
        List<SimulatedActor> zombies,
        (string, int) place,
        bool isMoved,
        Func<(string, int), SimulatedActor> start)
    {
        // The group moved the partition: the old owner sleeps, and may wake. Otherwise it crashed.
        if (isMoved && actors.TryGetValue(place, out var old))
        {
            zombies.Add(old);
            zombies.RemoveRange(0, Math.Max(0, zombies.Count - 4));
        }

        actors[place] = start(place);
    }

    private static void Advance(SimulatedWorld world, Dictionary<(string, int), SimulatedActor> actors, (string, int) place, int turns)
    {
        for (; turns > 0 && actors.TryGetValue(place, out var actor); turns--)
        {
            if (!actor.Advance(1))
            {
                actors.Remove(place);
            }

            if (actor is StoreActor && world.Mutation != Mutation.Reseal && world.Chance(0.2))
            {
                CheckView(world, world.Random.Next(SimulatedWorld.Inputs), actor.Part, world.Choice(Grain.Minute, Grain.Hour, Grain.Day));
            }
        }
    }

    private static void Finish(
        SimulatedWorld world,
        Dictionary<(string, int), SimulatedActor> actors,
        List<SimulatedActor> zombies,
        List<(string Role, int Part)> places,
        Func<(string, int), SimulatedActor> start)
    {
        for (var i = 0; i < StepsToFinish; i++)
        {
            world.NowMs += 5 * SimulatedWorld.Second;
            foreach (var place in places)
            {
                if (!actors.ContainsKey(place))
                {
                    actors[place] = start(place);
                }

                if (i <= 100 && world.Chance(0.02))
                {
                    actors.Remove(place);
                }

                Advance(world, actors, place, 1);
            }

            zombies.RemoveAll(z => !z.Advance(1));
            if (i > 100 && places.TrueForAll(p => (p.Role == "aggregate" && world.Reported.Contains(p.Part)) || actors.TryGetValue(p, out var a) && a.IsQuiet))
            {
                return;
            }
        }

        world.Faults.Add("it never came to rest");
    }

    private static void CheckView(SimulatedWorld world, int p, int q, Grain grain)
    {
        var (read, inserted) = world.Store.View(p, q, grain);
        foreach (var start in read.Keys.Union(inserted.Keys).Where(start => !world.Store.Expired.Contains((p, q, grain, start))))
        {
            if (read.GetValueOrDefault(start) != inserted.GetValueOrDefault(start))
            {
                world.Faults.Add(
                    $"the {grain} view of partition {p} on {q} at {start}: {read.GetValueOrDefault(start)}, not {inserted.GetValueOrDefault(start)}");
            }
        }
    }

    private static void Compare(SimulatedWorld world, IReadOnlyList<LedgerActor> ledgers)
    {
        // What was counted too much, by (what, partition, window or start): zero everywhere.
        var off = new Dictionary<(string What, int Partition, long StartMs), long>();
        void Add(string what, int p, long startMs, long tokens) => off[(what, p, startMs)] = off.GetValueOrDefault((what, p, startMs)) + tokens;

        Grain[] coarser = [Grain.Minute, Grain.Hour, Grain.Day];
        foreach (var (id, (output, tokens, cost, book)) in world.Store.Archive)
        {
            Add("rows", id.Partition, id.WindowMs, tokens);
            Add("not the named book", id.Partition, id.WindowMs, cost == (Int128)tokens * book ? 0 : 1);
            foreach (var grain in coarser)
            {
                Add($"never sealed {grain}", id.Partition, id.WindowMs, id.Part == 0 && id.WindowMs >= world.Store.SealedThrough(id.Partition, output, grain) ? 1 : 0);
            }
        }

        foreach (var ((p, window, _), tokens) in ledgers.SelectMany(l => l.Sums()))
        {
            Add("ledger", p, window, tokens);
        }

        foreach (var grain in coarser)
        {
            foreach (var (id, (tokens, _)) in world.Store.Coarse[grain].Where(r => r.Key.Part != 0))
            {
                Add(grain.ToString(), id.Partition, id.StartMs, tokens);
            }

            for (var (p, q) = (0, 0); p < SimulatedWorld.Inputs; (p, q) = q + 1 < SimulatedWorld.Outputs ? (p, q + 1) : (p + 1, 0))
            {
                // Rows that went with age count as they were: the coarser grain has them.
                var (read, inserted) = world.Store.View(p, q, grain);
                foreach (var start in read.Keys.Union(inserted.Keys))
                {
                    var expired = world.Store.Expired.Contains((p, q, grain, start));
                    Add(grain.ToString(), p, start, (expired ? inserted : read).GetValueOrDefault(start));
                }
            }
        }

        SimulatedScopes.Compare(world, Add);
        for (var p = 0; p < SimulatedWorld.Inputs; p++)
        {
            foreach (var ((window, _), tokens) in world.Truth[p])
            {
                Add("rows", p, window, -tokens);
                Add("ledger", p, window, -tokens);
                foreach (var grain in coarser)
                {
                    Add(grain.ToString(), p, SimulatedTables.StartOf(grain, window), -tokens);
                }
            }
        }

        world.Faults.AddRange(off.Where(o => o.Value != 0 && !world.Reported.Contains(o.Key.Partition)).Select(o => $"{o.Key}: {o.Value} too many"));
    }
}
