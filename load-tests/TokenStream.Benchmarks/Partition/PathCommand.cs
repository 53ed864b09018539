using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using TokenStream.Pricing;

namespace TokenStream.Benchmarks.Partition;

/// <summary>
/// <c>path --file EVENTS.jsonl [--prices FILE] [--threads N] [--work newlines|sums|full|dedup] [--budgets N] [--warm-up SECONDS]</c>: a file of
/// events from memory through decode, price and windows (and the scopes of so many budgets); prints one line of JSON. Whole passes over the file warm up first, at least one and for at least
/// so many seconds (default 5); then one pass counts.
/// </summary>
internal static class PathCommand
{
    private const string Usage =
        "usage: path --file EVENTS.jsonl [--prices FILE] [--threads N] [--work newlines|sums|full|dedup] [--budgets N] [--warm-up SECONDS]";

    public static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        try
        {
            var options = PathOptions.Parse(args);
            using var events = EventFile.Load(options.File, options.Threads);
            output.WriteLine(Measure(options, events, LoadPrices(options.Prices)));
            return 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            errors.WriteLine($"{failure.Message}\n{Usage}");
            return 2;
        }
    }

    private static PriceBook LoadPrices(string? file)
    {
        if (file is null)
        {
            return DefaultPriceBook.Book;
        }

        var load = PriceBookLoader.Load(File.ReadAllText(file), file);
        return load.Book is { } book
            ? PriceBook.Overlay(DefaultPriceBook.Book, book)
            : throw new FormatException(string.Join('\n', load.Errors.Select(error => $"{file}:{error}")));
    }

    private static string Measure(PathOptions options, EventFile events, PriceBook prices)
    {
        var paths = events.Parts.Select(_ => new PartitionPath(prices, options.Work, SampleScopes.Of(options.Budgets))).ToArray();
        try
        {
            var warmUp = Stopwatch.StartNew();
            do
            {
                Pass(events, paths);
            }
            while (warmUp.Elapsed < options.WarmUp);

            GC.Collect();
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            var cpu = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            var totals = Pass(events, paths);
            watch.Stop();
            cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
            allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
            return Describe(options, in totals, watch.Elapsed, cpu, allocated);
        }
        finally
        {
            Array.ForEach(paths, path => path.Dispose());
        }
    }

    private static unsafe PathTotals Pass(EventFile events, PartitionPath[] paths)
    {
        var totals = new PathTotals[paths.Length];
        void RunPart(int part) => totals[part] = paths[part].Run((byte*)events.Parts[part].Bytes, events.Parts[part].Length);
        var others = Enumerable.Range(1, paths.Length - 1).Select(part => new Thread(() => RunPart(part))).ToList();
        others.ForEach(thread => thread.Start());
        RunPart(0);
        others.ForEach(thread => thread.Join());
        PathTotals sum = default;
        Array.ForEach(totals, part => sum.Add(in part));
        return sum;
    }

    private static string Describe(PathOptions options, in PathTotals totals, TimeSpan elapsed, TimeSpan cpu, long allocated)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("work", PathOptions.NameOf(options.Work));
            json.WriteNumber("budgets", options.Budgets);
            json.WriteNumber("threads", options.Threads);
            json.WriteString("version", typeof(PriceBook).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion);
            json.WriteNumber("events", totals.Records);
            json.WriteNumber("seconds", Math.Round(elapsed.TotalSeconds, 6));
            json.WriteNumber("cpu_s", Math.Round(cpu.TotalSeconds, 6));
            json.WriteNumber("max_rss_mb", Math.Round(PeakMegabytes(), 1));
            json.WriteNumber("allocated_bytes_per_event", Math.Round(allocated / (double)Math.Max(1, totals.Records), 4));
            json.WriteNumber("duplicates", totals.Duplicates);
            json.WriteNumber("refused", totals.Refused);
            json.WriteNumber("ticks", totals.Ticks);
            json.WriteStartObject("totals");
            WriteTotals(json, in totals);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteTotals(Utf8JsonWriter json, in PathTotals totals)
    {
        json.WriteNumber("n", totals.Events);
        json.WriteNumber("tokens_in", totals.TokensIn);
        json.WriteNumber("tokens_out", totals.TokensOut);
        json.WriteNumber("tokens_cached", totals.TokensCached);
        json.WriteNumber("tokens_cache_write_5m", totals.TokensCacheWrite5m);
        json.WriteNumber("tokens_cache_write_1h", totals.TokensCacheWrite1h);
        json.WriteNumber("tokens_reasoning", totals.TokensReasoning);
        json.WritePropertyName("cost");
        json.WriteRawValue(totals.Cost.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("scopes", totals.Scopes);
        json.WritePropertyName("spent");
        json.WriteRawValue(totals.Spent.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("groups", totals.Groups);
        json.WritePropertyName("n2");
        json.WriteRawValue(totals.SquaredEvents.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The process's largest resident set, as the kernel counted it.</summary>
    private static double PeakMegabytes()
    {
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        var kilobytes = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] ?? "0";
        return long.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024.0;
    }
}
