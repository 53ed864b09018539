using System.Diagnostics;
using System.Globalization;
using TokenStream.Detection;
using TokenStream.Windowing;

namespace TokenStream.Benchmarks.Detection;

/// <summary>
/// What a fleet of series costs the detect stage: <c>fleet [SERIES ..] [--minutes N] [--detector NAME]</c>. Tenants of two features and two
/// models each, with daily cycles, are scored minute by minute by the real processor; then it is written as a snapshot and restored.
/// </summary>
internal static class FleetCommand
{
    private const int StepSeconds = 60;
    private const long MinuteMs = 60_000;

    /// <summary>2026-06-01T00:00:00Z.</summary>
    private const long StartMs = 1_780_272_000_000;

    private static readonly string[] Features = ["chat", "search"];
    private static readonly string[] Models = ["large", "small"];

    public static int Run(string[] arguments, TextWriter output)
    {
        var (sizes, minutes, detector) = (new List<int>(), 240, SeriesDetectors.Default);
        for (var i = 0; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--minutes" when i + 1 < arguments.Length:
                    minutes = int.Parse(arguments[++i], CultureInfo.InvariantCulture);
                    break;
                case "--detector" when i + 1 < arguments.Length:
                    detector = arguments[++i];
                    break;
                default:
                    sizes.Add(int.Parse(arguments[i], CultureInfo.InvariantCulture));
                    break;
            }
        }

        foreach (var size in sizes.Count > 0 ? sizes : [1_000, 10_000, 100_000])
        {
            Run(size, minutes, detector, output);
        }

        return 0;
    }

    private static void Run(int size, int minutes, string detector, TextWriter output)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var processor = New(detector);
        var anomalies = new List<Anomaly>();
        var edges = new List<double>(minutes);
        var allocated = 0L;
        var tenants = 1;
        for (var minute = 0; minute < minutes; minute++)
        {
            // The first minute of one tenant says how many series a tenant has.
            if (minute == 1)
            {
                tenants = Math.Max(1, size / processor.SeriesCount);
            }

            Feed(processor, minute, tenants);
            while (processor.IsDue)
            {
                var (began, at) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
                processor.ScoreNext(isHistory: false, anomalies);
                edges.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                allocated += GC.GetAllocatedBytesForCurrentThread() - began;
            }
        }

        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        var settled = edges.Skip(Math.Min(10, edges.Count / 2)).Order().ToList();
        var chunks = new List<byte[]>();
        var started = Stopwatch.GetTimestamp();
        var writer = processor.BeginSnapshot(256 * 1024);
        var begun = Stopwatch.GetElapsedTime(started);
        writer.Continue(long.MaxValue, (_, bytes) => chunks.Add(bytes.ToArray()));
        var written = Stopwatch.GetElapsedTime(started);
        started = Stopwatch.GetTimestamp();
        var restored = DetectProcessor.Restore(chunks, new DetectOptions { MaxSeries = int.MaxValue }, Detectors(detector));
        var read = Stopwatch.GetElapsedTime(started);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{detector}, {processor.SeriesCount} series of {tenants} tenants, {edges.Count} minutes: a minute's edge {settled[settled.Count / 2]:F1} ms " +
            $"(best {settled[0]:F1}, worst {settled[^1]:F1}), {settled[settled.Count / 2] * 1e6 / processor.SeriesCount:F0} ns a point; " +
            $"{(double)processor.StateBytes / processor.SeriesCount:F0} bytes of state and {(double)memory / processor.SeriesCount:F0} bytes in all a series; " +
            $"{(double)allocated / edges.Count / tenants:F0} bytes allocated a tenant and minute; snapshot {writer.Bytes / 1e6:F1} MB, begun in " +
            $"{begun.TotalMilliseconds:F0} ms, written in {written.TotalMilliseconds:F0} ms, restored in {read.TotalMilliseconds:F0} ms " +
            $"({restored.SeriesCount} series); {anomalies.Count} anomalies"));
        GC.KeepAlive(processor);
    }

    private static DetectProcessor New(string detector) => new(new DetectOptions { MaxSeries = int.MaxValue }, Detectors(detector));

    private static Func<SeriesMeasure, ISeriesDetector> Detectors(string name)
    {
        var detector = SeriesDetectors.Create(name, StepSeconds);
        return _ => detector;
    }

    /// <summary>A minute of traffic: one window, four rollups a tenant, and the mark that makes the minute due.</summary>
    private static void Feed(DetectProcessor processor, int minute, int tenants)
    {
        var random = new Random(minute);
        var startMs = StartMs + (minute * MinuteMs);
        var block = new RollupBlockHeader(1, "llm.requests", 0, startMs, 0, minute + 1, minute + 1, 1, Final: true);
        var season = 1 + (0.5 * Math.Sin(minute * 2 * Math.PI / 1440));
        for (var tenant = 0; tenant < tenants; tenant++)
        {
            foreach (var feature in Features)
            {
                foreach (var model in Models)
                {
                    var requests = (long)((20 + random.Next(10)) * season);
                    processor.Read(new Rollup
                    {
                        Block = block,
                        Key = new RollupKey("prod", $"tenant{tenant}", "app", feature, "provider", model, "1", "", "", "", "", "cell"),
                        Measures = new RollupMeasures
                        {
                            Events = requests, Requests = requests, Attempts = requests, Ok = requests, TokensIn = 1000 * requests, TokensOut = 200 * requests,
                            TokensCached = 300 * requests, CostInput = 700_000 * requests, CostCacheRead = 30_000 * requests, CostOutput = 800_000 * requests,
                        },
                        LatencyMs = new SparseHistogram([(ushort)HistogramScale.Bucket(random.Next(200, 2000))], [requests]),
                    });
                }
            }
        }

        processor.Read(new Mark
        {
            Epoch = 1, Topic = "llm.requests", Partition = 0, Decision = minute + 1, Position = minute + 1, ClosedThroughMs = startMs + MinuteMs,
            StreamTimeMs = startMs + MinuteMs, RulesVersion = 1, NeededOffset = 0, IdsFrom = 0,
            Counts = new MarkCounts(tenants, tenants, 0, 0, 0, 0, new Dictionary<string, long>()),
        });
    }
}
