using TokenStream.Detection;
using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Service.Options;

namespace TokenStream.Service.Node;

/// <summary>The role that keeps the series of rollups partitions and tells what is strange about them.</summary>
internal static class DetectRole
{
    private const int StepSeconds = 60;

    public static void Start(NodeParts parts, KafkaOptions kafka, TopicReport topics)
    {
        var (options, layout) = (parts.Options, parts.Options.Topics);
        var partitions = topics.Partitions[layout.Rollups];
        var logger = parts.Loggers.CreateLogger("TokenStream.Detect");
        var source = new NativeBatchSource(kafka, $"{options.GroupPrefix}-detect", [layout.Rollups], "tokenstream-detect", parts.Clock, logger);
        var sink = new KafkaRecordSink(kafka, "tokenstream-detect", parts.Clock, logger);
        var series = new CompactedLog(kafka, layout.Series, partitions, "tokenstream-detect-series", logger);
        var stage = new DetectStage(
            source, sink, series, Detectors(options.Detect), OptionsOf(options, partitions), parts.Metrics, parts.Clock, logger);
        parts.Health.Add("detect", () => NodeParts.Condition(stage.Stopped, stage.HasPartitions));
        parts.Run(new StreamWorker("detect", source, stage, parts.Clock, parts.Logger), sink, series);
    }

    /// <summary>One detector of each name: all partitions of the worker are scored on its one thread.</summary>
    private static Func<SeriesMeasure, ISeriesDetector> Detectors(DetectSettings settings)
    {
        var detectors = new Dictionary<string, ISeriesDetector>(StringComparer.Ordinal);
        return measure =>
        {
            var name = settings.DetectorOf(measure);
            return detectors.TryGetValue(name, out var known) ? known : detectors[name] = SeriesDetectors.Create(name, StepSeconds);
        };
    }

    private static DetectStageOptions OptionsOf(NodeOptions options, int partitions) => new()
    {
        SeriesTopic = options.Topics.Series,
        AnomaliesTopic = options.Topics.Anomalies,
        Detect = new DetectOptions
        {
            MaxSeries = Math.Max(1, options.Detect.MaxSeries / partitions),

            // Each partition counts its own alerts: together they send no more than an installation may, rounded up.
            Episodes = options.Detect.Episodes with
            {
                MaxAlertsPerHour = (options.Detect.Episodes.MaxAlertsPerHour + partitions - 1) / partitions,
            },
        },
    };
}
