using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace TokenStream.Simulation.Governing;

/// <summary>
/// Budgets, ledger and commands on the real stage: random lives with crashes between any two effects, owners that go on after they lost a
/// partition, records that arrive late, failed commits and batches, compaction, retention, people and clocks. TOKENSTREAM_SEEDS sets how
/// many seeds are run, a fifth of those of the commit protocol; TOKENSTREAM_SEED which is the first.
/// </summary>
public sealed class GovernSimulationTests(ITestOutputHelper output)
{
    /// <summary>A mutation must be caught within so many seeds.</summary>
    private const int SeedsPerMutation = 3000;

    public static TheoryData<GovernMutation> Mutations => [.. Enum.GetValues<GovernMutation>().Where(m => m != GovernMutation.None)];

    [Fact]
    public void Every_seed_ends_with_exact_ledgers_and_the_commands_that_are_asked_for()
    {
        var (seeds, first) = (Math.Max(1, Setting("TOKENSTREAM_SEEDS", 500) / 5), Setting("TOKENSTREAM_SEED", 0));
        var (commands, heartbeats) = (0L, 0L);
        var faults = new List<string>();
        for (var seed = first; seed < first + seeds; seed++)
        {
            var world = GovernSimulationRun.Run(seed);
            faults.AddRange(world.Faults.Take(3).Select(fault => $"seed {seed}: {fault}"));
            (commands, heartbeats) = (commands + world.Checks.Commands, heartbeats + world.Checks.Heartbeats);
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(20)));

        // Runs in which little was commanded would prove little.
        output.WriteLine($"{seeds} seeds from {first}: {commands} commands, {heartbeats} heartbeats");
        Assert.True(commands > 5 * seeds);
    }

    [Theory]
    [MemberData(nameof(Mutations))]
    public void A_rule_left_out_is_caught(GovernMutation mutation)
    {
        for (var seed = 0; seed < SeedsPerMutation; seed++)
        {
            if (GovernSimulationRun.Run(seed, mutation).Faults is [var fault, ..])
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
