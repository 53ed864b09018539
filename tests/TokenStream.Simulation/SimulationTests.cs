using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace TokenStream.Simulation;

/// <summary>
/// The commit protocol on the real processors: random lives with crashes between any two effects, zombies, bad clocks, retries, late events,
/// retention, new rules. TOKENSTREAM_SEEDS sets how many seeds are run, TOKENSTREAM_SEED which is the first.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    /// <summary>A mutation must be caught within so many seeds.</summary>
    private const int SeedsPerMutation = 1500;

    public static TheoryData<Mutation> Mutations => [.. Enum.GetValues<Mutation>().Where(m => m != Mutation.None)];

    [Fact]
    public void Every_seed_comes_to_the_brute_force_sums()
    {
        var (seeds, first) = (Setting("TOKENSTREAM_SEEDS", 300), Setting("TOKENSTREAM_SEED", 0));
        var (corrections, stopped) = (0, 0);
        for (var seed = first; seed < first + seeds; seed++)
        {
            var world = SimulationRun.Run(seed);
            Assert.True(world.Faults.Count == 0, $"seed {seed}: {string.Join("; ", world.Faults.Take(5))}");
            corrections += world.Store.Archive.Keys.Count(id => id.Part != 0);
            stopped += world.Reported.Count;
        }

        // Runs without any correction or any retention gap would prove little.
        output.WriteLine($"{seeds} seeds from {first}: {corrections} corrections, {stopped} partitions stopped by a gap");
        Assert.True(corrections > seeds);
        Assert.True(stopped > 0);
    }

    [Theory]
    [MemberData(nameof(Mutations))]
    public void A_rule_left_out_is_caught(Mutation mutation)
    {
        for (var seed = 0; seed < SeedsPerMutation; seed++)
        {
            if (SimulationRun.Run(seed, mutation).Faults is [var fault, ..])
            {
                output.WriteLine($"seed {seed}: {fault}");
                return;
            }
        }

        Assert.Fail($"{mutation} was not noticed in {SeedsPerMutation} seeds");
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
