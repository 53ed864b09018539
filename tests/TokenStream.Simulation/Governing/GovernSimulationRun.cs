using TokenStream.Runtime;

namespace TokenStream.Simulation.Governing;

/// <summary>One random life of governing from one seed: some steps of spend, people and faults, then time to come to rest.</summary>
internal static class GovernSimulationRun
{
    private const int Nodes = 2;
    private const int StepsToRest = 32;
    private const int MostTurns = 1000;

    /// <summary>Runs a seed. Returns the world with the faults that were found.</summary>
    public static GovernWorld Run(int seed, GovernMutation mutation = GovernMutation.None)
    {
        // Continuations of the nodes run where they are resumed, never on a context of the test's.
        SynchronizationContext.SetSynchronizationContext(null);
        using var metrics = new StreamMetrics();
        var world = new GovernWorld(seed, mutation);
        var nodes = Enumerable.Range(0, Nodes).Select(_ => new GovernNode(world, metrics)).ToArray();
        var zombies = new List<GovernNode>();
        for (var partition = 0; partition < GovernWorld.Partitions; partition++)
        {
            world.Group.Give(partition, world.Choice<GovernNode>(nodes));
        }

        for (var left = world.Random.Next(20, 250); left > 0 && world.Faults.Count == 0; left--)
        {
            PassTime(world);
            if (world.Chance(0.6))
            {
                world.Choice<SpendFeed>(world.Feeds).Act();
            }

            if (world.Chance(0.15))
            {
                world.People.Act();
            }

            world.Weather();
            Disturb(world, nodes, zombies, metrics);
            Advance(world, nodes, zombies);
        }

        if (world.Faults.Count == 0)
        {
            Rest(world, nodes, zombies);
            GovernComparison.Compare(world);
        }

        return world;
    }

    private static void PassTime(GovernWorld world)
    {
        if (world.Chance(0.002))
        {
            // Long enough for releases to be deleted. No gateway is away for so long.
            world.Gateways.ForEach(gateway => gateway.Read());
            world.NowMs += 8 * GovernWorld.DayMs;
        }

        world.NowMs += world.Choice(0, 20, 100, 100, 1_000, 1_000, 3_000, world.Chance(0.1) ? 70_000 : 0);
    }

    private static void Disturb(GovernWorld world, GovernNode[] nodes, List<GovernNode> zombies, StreamMetrics metrics)
    {
        var (which, partition) = (world.Random.Next(Nodes), world.Random.Next(GovernWorld.Partitions));

        // Most likely in the middle of an effect: there it hurts.
        var luck = world.Random.NextDouble() / (nodes[which].Sink.IsBusy ? 4 : 1);
        if (luck < 0.03)
        {
            // It crashes, or is not heard of in time and goes on as if nothing had been: another has its partitions from now on.
            var old = Replace(world, nodes, which, metrics);
            if (luck < 0.015)
            {
                zombies.Add(old);
            }
            else
            {
                old.Sink.Abandon();
            }
        }
        else if (luck < 0.05)
        {
            world.Group.Move(partition, nodes[which]);
        }
        else if (luck < 0.06)
        {
            world.Group.Give(partition, nodes[which]);
        }
        else if (luck > 0.997 || (world.Checks.IsSilent(partition) && world.Chance(0.1)))
        {
            // Most likely where only the name of a snapshot tells of the last epoch.
            for (var i = 0; i < Nodes; i++)
            {
                Replace(world, nodes, i, metrics).Sink.Abandon();
            }

            zombies.ForEach(zombie => zombie.Sink.Abandon());
            zombies.Clear();
            world.LoseOffsets();
        }
    }

    private static GovernNode Replace(GovernWorld world, GovernNode[] nodes, int which, StreamMetrics metrics)
    {
        var old = nodes[which];
        nodes[which] = new GovernNode(world, metrics);
        world.Group.Forget(old);
        for (var partition = 0; partition < GovernWorld.Partitions; partition++)
        {
            if (world.Group.Owner(partition) == old)
            {
                world.Group.Give(partition, world.Choice<GovernNode>(nodes));
            }
        }

        return old;
    }

    private static void Advance(GovernWorld world, GovernNode[] nodes, List<GovernNode> zombies)
    {
        var which = world.Random.Next(Nodes);
        nodes[which].Advance(world.Random.Next(1, 8));
        foreach (var zombie in zombies.Where(_ => world.Chance(0.25)).ToArray())
        {
            zombie.Advance(world.Random.Next(1, 8));
            if (world.Chance(0.05))
            {
                zombie.Sink.Abandon();
                zombies.Remove(zombie);
            }
        }
    }

    /// <summary>Faults cease, everything under way arrives, every scope spends once more, and time passes.</summary>
    private static void Rest(GovernWorld world, GovernNode[] nodes, List<GovernNode> zombies)
    {
        world.IsCalm = true;
        zombies.ForEach(zombie => zombie.Sink.Abandon());
        world.ArriveAll();
        if (world.NowMs % GovernWorld.DayMs > GovernWorld.DayMs - 600_000)
        {
            world.NowMs += 900_000;
        }

        foreach (var tenant in new[] { "a", "b", "c", "d" })
        {
            world.Choice<SpendFeed>(world.Feeds).Spend(tenant, 1, 0);
        }

        Array.ForEach(world.Feeds, feed => feed.Finish());
        for (var i = 0; i < StepsToRest && world.Faults.Count == 0; i++)
        {
            world.NowMs += 4_000;
            Array.ForEach(nodes, node => node.Complete(MostTurns));
        }
    }
}
