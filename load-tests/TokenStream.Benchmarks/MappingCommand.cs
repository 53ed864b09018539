using System.Diagnostics;
using System.Globalization;

namespace TokenStream.Benchmarks;

/// <summary>
/// Mapping on a machine that is busy: the best of many batches, each short enough to pass between two interruptions. Of our own sample, or
/// of the payloads named, so that real ones can be measured, too.
/// </summary>
internal static class MappingCommand
{
    private const int Batches = 20_000;
    private const int Payloads = 20;

    public static int Run(string[] files, TextWriter output)
    {
        var benchmarks = new MappingBenchmarks();
        Measure("sample", benchmarks, output);
        foreach (var file in files)
        {
            Measure(Path.GetFileName(file), new MappingBenchmarks { Payload = File.ReadAllBytes(file) }, output);
        }

        return 0;
    }

    private static void Measure(string name, MappingBenchmarks benchmarks, TextWriter output)
    {
        var best = long.MaxValue;
        var items = 0;
        var before = 0L;
        for (var batch = 0; batch < Batches; batch++)
        {
            // The first half of the batches compiles and grows what there is to.
            before = batch == Batches / 2 ? GC.GetAllocatedBytesForCurrentThread() : before;
            var start = Stopwatch.GetTimestamp();
            for (var payload = 0; payload < Payloads; payload++)
            {
                items = benchmarks.Map();
            }

            best = Math.Min(best, Stopwatch.GetTimestamp() - start);
        }

        var microseconds = Stopwatch.GetElapsedTime(0, best).TotalMicroseconds / Payloads / items;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {benchmarks.Payload.Length / items} bytes an item, {microseconds:F2} us an item, {allocated} bytes allocated"));
    }
}
