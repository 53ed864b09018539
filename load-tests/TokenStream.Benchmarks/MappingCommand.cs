using System.Diagnostics;
using System.Globalization;
using TokenStream.Mapping;

namespace TokenStream.Benchmarks;

/// <summary>
/// Mapping on a machine that is busy: the best of many batches, each short enough to pass between two interruptions. Of our own samples, and
/// of the payloads named, so that real ones can be measured, too: <c>FILE</c> of LiteLLM, <c>SOURCE=FILE</c> of the others.
/// </summary>
internal static class MappingCommand
{
    private const int Payloads = 20;

    /// <summary>Of each sample: first what warms up, compiles and grows what there is to, then what counts.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(3);

    public static int Run(string[] files, TextWriter output)
    {
        Measure("litellm", new MappingBenchmarks(), output);
        foreach (var (name, source, payload) in MappingSamples.All())
        {
            Measure(name, new MappingBenchmarks(source) { Payload = payload }, output);
        }

        foreach (var file in files)
        {
            var (name, path) = file.Split('=', 2) is [var left, var right] ? (left, right) : (PayloadSources.LiteLlm.Name, file);
            if (PayloadSources.Find(name) is not { } source || !File.Exists(path))
            {
                output.WriteLine($"{file}: name a file, as FILE or SOURCE=FILE; a source is one of " +
                    $"{string.Join(", ", PayloadSources.All.Select(one => one.Name))}.");
                return 1;
            }

            Measure($"{name} {Path.GetFileName(path)}", new MappingBenchmarks(source) { Payload = File.ReadAllBytes(path) }, output);
        }

        return 0;
    }

    private static void Measure(string name, MappingBenchmarks benchmarks, TextWriter output)
    {
        _ = Best(benchmarks, WarmUp, out _, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var best = Best(benchmarks, Measured, out var items, out var payloads);
        var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / payloads / items;
        var microseconds = Stopwatch.GetElapsedTime(0, best).TotalMicroseconds / Payloads / items;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {benchmarks.Payload.Length / items} bytes an item, {microseconds:F2} us an item, {allocated} bytes allocated"));
    }

    /// <summary>The ticks of the quickest batch.</summary>
    private static long Best(MappingBenchmarks benchmarks, TimeSpan span, out int items, out long payloads)
    {
        (var best, items, payloads) = (long.MaxValue, 0, 0);
        for (var begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < span; payloads += Payloads)
        {
            var start = Stopwatch.GetTimestamp();
            for (var payload = 0; payload < Payloads; payload++)
            {
                items = benchmarks.Map();
            }

            best = Math.Min(best, Stopwatch.GetTimestamp() - start);
        }

        return best;
    }
}
