using System.Diagnostics;
using System.Globalization;

namespace TokenStream.Benchmarks;

/// <summary>
/// A gateway's decision on a machine that is busy: the best of many batches, each short enough to pass between two interruptions. Work of
/// others makes a mean worthless and leaves the best alone.
/// </summary>
internal static class GatewayCommand
{
    private const int Batches = 20_000;
    private const int Decisions = 200;

    public static async Task<int> RunAsync(TextWriter output)
    {
        foreach (var commands in new[] { 0, 100, 10_000 })
        {
            var benchmarks = new GatewayBenchmarks { Commands = commands };
            await using (benchmarks.ConfigureAwait(false))
            {
                benchmarks.Setup();
                var decide = Best(() => benchmarks.Decide() ? 1 : 0);
                var leased = Best(() => benchmarks.DecideByLease() ? 1 : 0);
                var clock = Best(benchmarks.Clock);
                await output.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{commands} commands: {decide:F1} ns a decision, {leased:F1} ns by a lease, of them {clock:F1} ns for the clock"));
            }
        }

        return 0;
    }

    private static double Best(Func<long> step)
    {
        var best = long.MaxValue;
        var sum = 0L;
        for (var batch = 0; batch < Batches; batch++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Decisions; i++)
            {
                sum ^= step();
            }

            best = Math.Min(best, Stopwatch.GetTimestamp() - start);
        }

        GC.KeepAlive(sum);
        return Stopwatch.GetElapsedTime(0, best).TotalNanoseconds / Decisions;
    }
}
