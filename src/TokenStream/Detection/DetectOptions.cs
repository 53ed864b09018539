using TokenStream.Detection.Causes;
using TokenStream.Detection.Episodes;
using TokenStream.Detection.Silence;

namespace TokenStream.Detection;

/// <summary>What the detect stage goes by. Another value of any of them gives other scores or other anomalies from then on.</summary>
public sealed record DetectOptions
{
    /// <summary>Most series of a rollups partition; beyond, the least active leave.</summary>
    public int MaxSeries { get; init; } = 100_000;

    public EpisodeOptions Episodes { get; init; } = new();

    public CauseOptions Causes { get; init; } = new();

    public SilenceOptions Silence { get; init; } = new();
}
