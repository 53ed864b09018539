using FsCheck;
using FsCheck.Fluent;
using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing;

/// <summary>Laws of whatever demand comes and whenever governors die.</summary>
public sealed class RestoreTests
{
    private const long MinuteMs = 60_000;

    private static readonly Int128 Pace = 500 * DollarPicos / (30 * 24 * 60);

    /// <summary>Phases of demand in half hours, as multiples of the pace, and after which of them the governor dies.</summary>
    private static readonly Arbitrary<(int[] Factors, int[] Deaths)> Runs =
        (from factors in Gen.ArrayOf(Gen.Elements(0, 1, 5, 30, 200), 12)
         from deaths in Gen.ArrayOf(Gen.Choose(0, 12 * 30 - 1), 3)
         select (factors, deaths)).ToArbitrary();

    [Fact]
    public void Governor_that_dies_and_one_that_never_did_take_the_same_steps() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(Runs, run =>
        {
            var steps = Steps(Run(run.Factors, []));
            var stepsWithDeaths = Steps(Run(run.Factors, run.Deaths));
            Assert.Equal(steps.Select(step => step.Action), stepsWithDeaths.Select(step => step.Action));

            // Calm that began after the last renewal is not in the log, and begins again.
            Assert.All(steps.Zip(stepsWithDeaths), pair => Assert.InRange(pair.Second.AtMs - pair.First.AtMs, -2 * MinuteMs, 6 * MinuteMs));
        }));

    [Fact]
    public void What_lasts_begins_and_ends_in_turn_with_one_start_whoever_dies() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(Runs, run =>
        {
            var world = Run(run.Factors, run.Deaths);
            foreach (var told in world.Transitions.Where(transition => transition.Kind >= TransitionKind.Threshold).GroupBy(transition => transition.Fingerprint))
            {
                var pairs = told.Chunk(2).ToArray();
                Assert.All(pairs, pair => Assert.Null(pair[0].EndedMs));
                Assert.All(pairs.Where(pair => pair.Length == 2), pair => Assert.Equal(pair[0].StartedMs, pair[1].StartedMs));
                Assert.All(pairs.Where(pair => pair.Length == 2), pair => Assert.NotNull(pair[1].EndedMs));
            }
        }));

    [Fact]
    public void Every_source_writes_its_own_key_and_no_version_has_two_contents() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(40), Prop.ForAll(Runs, run =>
        {
            var world = Run(run.Factors, run.Deaths);
            Assert.All(world.Log, command => Assert.Equal($"tenant=acme|budget/{command.Cause!.Budget}", command.Key));
            Assert.All(world.Log.GroupBy(command => (command.Key, command.Version)), same => Assert.Single(same));
            Assert.All(world.Log.Zip(world.Log.Skip(1)), pair => Assert.True(pair.First.Version < pair.Second.Version));
        }));

    private static GovernWorld Run(int[] factors, int[] deaths)
    {
        var ladder = new[] { Burn(3, CommandAction.TrimOutput), Burn(6, CommandAction.Throttle, 500), Burn(14.4m, CommandAction.Kill), Exhausted(CommandAction.Kill) };
        var world = new GovernWorld("2026-04-10T00:00Z", 20_000, (MonthlyBudget(500, ladder), Tenant("acme")));
        for (var minute = 0; minute < factors.Length * 30; minute++)
        {
            if (deaths.Contains(minute))
            {
                world.Restart();
            }

            world.RunUntil(world.NowMs + MinuteMs, (_, _) => Pace * factors[minute / 30]);
        }

        return world;
    }

    private static (string Action, long AtMs)[] Steps(GovernWorld world) =>
        [.. world.Log.Where((command, i) => i == 0 || command.Action != world.Log[i - 1].Action || command.IsProbe != world.Log[i - 1].IsProbe)
            .Select(command => ($"{command.Action} {command.IsProbe}", command.IssuedMs))];
}
