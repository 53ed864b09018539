using TokenStream.Detection;
using TokenStream.Detection.Episodes;

namespace TokenStream.Service.Options;

/// <summary>How a node finds anomalies.</summary>
internal sealed record DetectSettings
{
    /// <summary>The detector of every measure that has none of its own.</summary>
    public string Detector { get; init; } = SeriesDetectors.Default;

    /// <summary>Detectors by measure.</summary>
    public IReadOnlyDictionary<SeriesMeasure, string> Detectors { get; init; } = new Dictionary<SeriesMeasure, string>();

    /// <summary>Most series, divided by the rollups partitions.</summary>
    public int MaxSeries { get; init; } = 100_000;

    /// <summary>What turns scores into alerts, for all partitions together.</summary>
    public EpisodeOptions Episodes { get; init; } = new();

    public string DetectorOf(SeriesMeasure measure) => Detectors.GetValueOrDefault(measure, Detector);
}
