using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace TokenStream.Simulation.Overshoot;

/// <summary>
/// How far a budget can be overshot, on the real governor and the gateways' own tables, with a stream that lags, nobody governing for half a minute,
/// takeovers, gateways cut off and killed. TOKENSTREAM_OVERSHOOT_SEEDS sets how many seeds are run.
/// </summary>
public sealed class OvershootTests(ITestOutputHelper output)
{
    private const int SeedsPerMutation = 200;
    private const double PicosOfDollar = 1e12;

    private static int Seeds => int.TryParse(
        Environment.GetEnvironmentVariable("TOKENSTREAM_OVERSHOOT_SEEDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 200;

    public static TheoryData<OvershootMutation> Mutations => [.. Enum.GetValues<OvershootMutation>().Where(m => m != OvershootMutation.None)];

    [Fact]
    public void With_leases_no_budget_is_overshot_by_more_than_killed_gateways_spent_untold_nor_by_two_percent()
    {
        var worlds = Enumerable.Range(0, Seeds).Select(seed => OvershootWorld.Run(seed, leases: true)).ToArray();
        Print("with leases", worlds);
        foreach (var (seed, world) in worlds.Index())
        {
            Assert.True(Fault(world) is null, $"seed {seed}: {Fault(world)}");

            // Nor is anybody refused for what nobody spent.
            Assert.True(world.Spent * 100 >= world.Limit * 97, $"seed {seed}: {Dollars(world.Spent)} of {Dollars(world.Limit)} were used");
        }
    }

    [Fact]
    public void Without_leases_no_budget_is_overshot_by_more_than_was_in_flight_and_let_in_until_the_kill_came()
    {
        var worlds = Enumerable.Range(0, Seeds).Select(seed => OvershootWorld.Run(seed, leases: false)).ToArray();
        Print("without leases", worlds);
        foreach (var (seed, world) in worlds.Index())
        {
            Assert.True(world.Overshoot <= world.InFlightThen + world.AdmittedSince, $"seed {seed}: {Dollars(world.Overshoot)} over");

            // A killed gateway's usage that nobody hears of has to be spent once more before the ledger knows.
            Assert.True(
                world.Untold > 0 || world.StoppedAfterMs <= world.DelaysMs + 5_000, $"seed {seed}: let in for {world.StoppedAfterMs} ms after {world.DelaysMs} ms of delays");
        }
    }

    [Theory]
    [MemberData(nameof(Mutations))]
    public void A_rule_left_out_is_caught(OvershootMutation mutation)
    {
        for (var seed = 0; seed < SeedsPerMutation; seed++)
        {
            if (Fault(OvershootWorld.Run(seed, leases: true, mutation)) is { } fault)
            {
                output.WriteLine($"seed {seed}: {fault}");
                return;
            }
        }

        Assert.Fail($"{mutation} was not noticed in {SeedsPerMutation} seeds");
    }

    private static string? Fault(OvershootWorld world)
    {
        // An owner that speaks late may have granted what its successor grants, too: once all that is ever outstanding.
        var bound = world.Untold + (world.Zombies > 0 ? world.Limit / 100 : 0);
        return world.Overshoot > bound ? $"{Dollars(world.Overshoot)} over {Dollars(world.Limit)}, {Dollars(world.Untold)} untold"
            : world.Overshoot * 50 > world.Limit ? $"{Dollars(world.Overshoot)} over {Dollars(world.Limit)}: more than two percent"
            : null;
    }

    private static string Dollars(Int128 picos) => string.Create(CultureInfo.InvariantCulture, $"${(double)picos / PicosOfDollar:0.00}");

    private void Print(string what, OvershootWorld[] worlds)
    {
        var dollars = worlds.Select(world => (double)world.Overshoot / PicosOfDollar).Order().ToArray();
        var percent = worlds.Select(world => 100 * (double)world.Overshoot / (double)world.Limit).Order().ToArray();
        var used = worlds.Select(world => 100 * (double)world.Spent / (double)world.Limit).Order().ToArray();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {worlds.Length} seeds, amounts {Dollars(worlds.Min(w => w.Limit))} to {Dollars(worlds.Max(w => w.Limit))}; overshoot p50 ${At(dollars, 0.5):0.00}, " +
            $"p90 ${At(dollars, 0.9):0.00}, p99 ${At(dollars, 0.99):0.00}, most ${dollars[^1]:0.00}; in percent of the amount p50 {At(percent, 0.5):0.00}, " +
            $"p90 {At(percent, 0.9):0.00}, p99 {At(percent, 0.99):0.00}, most {percent[^1]:0.00}; overshot at all {dollars.Count(one => one > 0)}; " +
            $"used at least {used[0]:0.00}, p50 {At(used, 0.5):0.00} percent; untold by killed gateways at most {Dollars(worlds.Max(w => w.Untold))}"));
    }

    private static double At(double[] sorted, double share) => sorted[(int)Math.Min(sorted.Length - 1, share * sorted.Length)];
}
