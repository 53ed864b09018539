using TokenStream.Detection.Evidence;
using TokenStream.Detection.SpectralResidual;
using TokenStream.Detection.SrCnn;

namespace TokenStream.Detection;

/// <summary>The detectors there are, by the names people choose them by.</summary>
public static class SeriesDetectors
{
    /// <summary>The one that is used where none is chosen.</summary>
    public const string Default = WitnessDetector.DetectorName;

    /// <summary>In the order they are told to people.</summary>
    public static IReadOnlyList<SeriesDetectorEntry> All { get; } =
    [
        new(
            WitnessDetector.DetectorName,
            "evidence with longer eyes: sums of five minutes and runs of empty ones speak too",
            EvidenceDetector.UncalibratedThreshold,
            stepSeconds => new WitnessDetector(stepSeconds)),
        new(
            EvidenceDetector.DetectorName,
            "the sum of what four features of a series say against its own past",
            EvidenceDetector.UncalibratedThreshold,
            stepSeconds => new EvidenceDetector(stepSeconds)),
        new(
            SrDetector.DetectorName,
            "the spectral residual, with the figures of ML.NET's DetectAnomalyBySrCnn",
            SrOptions.DefaultThreshold,
            _ => new SrDetector()),
        new(
            SrCnnDetector.DetectorName,
            "a small network that looks at the spectral residual, trained on synthetic series",
            SrCnnDetector.UncalibratedThreshold,
            _ => new SrCnnDetector()),
    ];

    /// <summary>Null where there is no detector of that name.</summary>
    public static SeriesDetectorEntry? Find(string name) => All.FirstOrDefault(entry => entry.Name == name);

    /// <summary>A detector for series of one length of step, for one thread.</summary>
    /// <exception cref="ArgumentException">There is no detector of that name.</exception>
    public static ISeriesDetector Create(string name, int stepSeconds)
    {
        var entry = Find(name) ??
            throw new ArgumentException(
                $"There is no detector '{name}'; there are {string.Join(", ", All.Select(known => known.Name))}.", nameof(name));
        return entry.Create(stepSeconds);
    }
}

/// <summary>A detector that can be chosen.</summary>
/// <param name="Name">As it is chosen.</param>
/// <param name="Description">What it goes by, for help texts.</param>
/// <param name="Threshold">From which score on a point is an anomaly until a threshold has been calibrated.</param>
/// <param name="Create">Makes one for a length of step in seconds.</param>
public sealed record SeriesDetectorEntry(string Name, string Description, double Threshold, Func<int, ISeriesDetector> Create);
