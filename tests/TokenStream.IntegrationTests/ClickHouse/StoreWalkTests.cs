using TokenStream.Storage;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>
/// A random history of what the store stage, its crashes and its zombies do: blocks cut anywhere and repeated, seals done over, said late or
/// never, stale seals, corrections, retention, merges. After each step every view equals the sums of what was written.
/// </summary>
public sealed class StoreWalkTests(EmbeddedStore embedded) : IClassFixture<EmbeddedStore>
{
    private const long Window = 10_000;
    private const long Hour = 3_600_000;
    private const int Steps = 25;

    // 2026-03-01, 22:00 UTC: the walk goes past midnight.
    private const long Start = 1_772_402_400_000;

    private static readonly Grain[] SealedGrains = [Grain.Minute, Grain.Hour, Grain.Day];

    [FactNeeding("engine")]
    public Task Every_view_is_exact_after_every_step_with_seed_1() => WalkAsync(1);

    [FactNeeding("engine")]
    public Task Every_view_is_exact_after_every_step_with_seed_2() => WalkAsync(2);

    private async Task WalkAsync(int seed)
    {
        var random = new Random(seed);
        var walk = new StoreWalk(embedded.Client, $"walk-{seed}");
        var (time, part, said) = (Start, 1L, new long[4]);
        var blocks = new List<Rollup[]>();
        for (var step = 0; step < Steps; step++)
        {
            var what = "";
            switch (random.Next(8))
            {
                case 0 or 1 or 2:
                    // Windows that close, corrections of some that did, in one block, now and then written in part before.
                    what = "insert";
                    var rollups = Closing(random, walk, ref time, part++);
                    if (random.Next(3) == 0)
                    {
                        await walk.InsertAsync(rollups[..(rollups.Length / 2)]);
                    }

                    await walk.InsertAsync(rollups);
                    blocks.Add(rollups);
                    break;
                case 3 when blocks.Count > 0:
                    what = "repeat";
                    await walk.InsertAsync(blocks[random.Next(blocks.Count)]);
                    break;
                case 4 or 5:
                    what = "seal";
                    await SealAsync(random, walk, time, said);
                    break;
                case 6:
                    what = "settle";
                    await walk.SettleAsync();
                    break;
                default:
                    what = "merge";
                    await embedded.Client.ExecuteAsync("OPTIMIZE TABLE tokenstream.rollups_1m FINAL", CancellationToken.None);
                    await embedded.Client.ExecuteAsync("OPTIMIZE TABLE tokenstream.seals FINAL", CancellationToken.None);
                    break;
            }

            Assert.Equal($"seed {seed} step {step} {what}: ", $"seed {seed} step {step} {what}: {await walk.DifferencesAsync()}");
        }
    }

    private static Rollup[] Closing(Random random, StoreWalk walk, ref long time, long part)
    {
        var rollups = new List<Rollup>();
        for (var windows = random.Next(1, 60); windows > 0; windows--)
        {
            for (var tenant = 0; tenant < random.Next(3); tenant++)
            {
                rollups.Add(walk.Rollup(time, tenant, random.Next(1, 50), random.NextInt64(1L << 50), cell: $"cell {random.Next(2)}"));
            }

            time += Window * (random.Next(10) == 0 ? random.Next(400) : 1);
        }

        for (var corrections = random.Next(3); corrections > 0; corrections--)
        {
            rollups.Add(walk.Rollup(Start + ((time - Start) / Window * random.Next(100) / 100 * Window), corrections, 1, random.NextInt64(1L << 40), part));
        }

        return [.. rollups];
    }

    /// <summary>
    /// Seals what has closed, finest first, as the stage does; says so, or crashes before. A zombie does some old range over, from whatever
    /// finer rows it finds.
    /// </summary>
    private static async Task SealAsync(Random random, StoreWalk walk, long time, long[] said)
    {
        foreach (var grain in SealedGrains)
        {
            var size = GrainSizes.Standard[grain];
            var upto = time / size * size;
            if (upto <= said[(int)grain])
            {
                continue;
            }

            await walk.SealAsync(grain, said[(int)grain], upto);
            if (random.Next(4) == 0)
            {
                return;
            }

            await walk.PublishAsync(grain, upto);
            said[(int)grain] = upto;
            if (random.Next(2) == 0)
            {
                var old = Math.Min(upto, (Start + (random.Next(4) * Hour)) / size * size);
                await walk.SealAsync(grain, 0, old);
                await walk.PublishAsync(grain, old);
            }
        }
    }
}
