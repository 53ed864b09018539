using System.Globalization;
using TokenStream.Runtime;
using Xunit;
using Xunit.Abstractions;

namespace TokenStream.Simulation.Detecting;

/// <summary>
/// The real detect stage in random lives: crashes between any two effects, owners that go on after they lost the partition, failed commits and
/// batches, records that arrive late, compaction, retention. Every point that anybody scores must be the one of a processor that never
/// stopped, bit for bit. TOKENSTREAM_SEEDS and TOKENSTREAM_SEED as elsewhere.
/// </summary>
public sealed class DetectSimulationTests(ITestOutputHelper output)
{
    private const int SeedsPerMutation = 200;
    private const int MostTurns = 5_000;

    public static TheoryData<DetectMutation> Mutations => [.. Enum.GetValues<DetectMutation>().Where(m => m != DetectMutation.None)];

    [Fact]
    public void Every_seed_scores_what_a_processor_that_never_stopped_scores()
    {
        var (seeds, first) = (Math.Max(5, Setting("TOKENSTREAM_SEEDS", 500) / 250), Setting("TOKENSTREAM_SEED", 0));
        var commits = 0;
        var faults = new List<string>();
        for (var seed = first; seed < first + seeds; seed++)
        {
            var world = Run(seed, DetectMutation.None);
            faults.AddRange(world.Faults.Take(3).Select(fault => $"seed {seed}: {fault}"));
            commits += world.Snapshots;
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(10)));

        // Runs in which little was committed would prove little.
        output.WriteLine($"{seeds} seeds from {first}: {commits} commits");
        Assert.True(commits > 5 * seeds, $"{commits} commits");
    }

    [Theory]
    [MemberData(nameof(Mutations))]
    public void A_rule_left_out_is_caught(DetectMutation mutation)
    {
        for (var seed = 0; seed < SeedsPerMutation; seed++)
        {
            if (Run(seed, mutation).Faults is [var fault, ..])
            {
                output.WriteLine($"seed {seed}: {fault}");
                return;
            }
        }

        Assert.Fail($"{mutation} was not noticed in {SeedsPerMutation} seeds");
    }

    private static DetectWorld Run(int seed, DetectMutation mutation)
    {
        SynchronizationContext.SetSynchronizationContext(null);
        using var metrics = new StreamMetrics();
        var world = new DetectWorld(seed, mutation);
        var (owner, zombies) = (new DetectNode(world, metrics), new List<DetectNode>());
        while (!world.IsAtEnd && world.Faults.Count == 0)
        {
            world.NowMs += world.Random.Next(60);
            world.Weather();
            // Nothing is there before the first owner has settled where history ends: history is judged by other rules.
            if (world.Committed is not null && world.Chance(0.5))
            {
                world.Arrive();
            }

            if (world.Chance(owner.Sink.IsBusy ? 0.06 : 0.02))
            {
                // It crashes, or is not heard of in time and goes on as if nothing had been.
                if (world.Chance(0.5))
                {
                    zombies.Add(owner);
                }
                else
                {
                    owner.Sink.Abandon();
                }

                owner = new DetectNode(world, metrics);
            }

            owner.Advance(world.Random.Next(1, 8));
            foreach (var zombie in zombies.Where(_ => world.Chance(0.2)).ToArray())
            {
                zombie.Advance(world.Random.Next(1, 8));
                if (world.Chance(0.05))
                {
                    zombie.Sink.Abandon();
                    zombies.Remove(zombie);
                }
            }
        }

        Rest(world, owner);
        return world;
    }

    /// <summary>Faults cease; what is left is read, and compared.</summary>
    private static void Rest(DetectWorld world, DetectNode owner)
    {
        world.IsCalm = true;
        world.Arrive();
        for (var i = 0; i < 200 && world.Faults.Count == 0; i++)
        {
            world.NowMs += 50;
            world.Weather();
            owner.Complete(MostTurns);
        }

        if (world.Faults.Count == 0)
        {
            world.CompareAtEnd(owner);
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
