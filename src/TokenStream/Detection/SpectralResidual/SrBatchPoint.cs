namespace TokenStream.Detection.SpectralResidual;

/// <summary>What ML.NET's batch detection says of a point; NaN for what the mode does not ask for.</summary>
/// <param name="IsAnomaly">Whether it is one.</param>
/// <param name="Score">Raw score; with margins how far outside of them it is, 0 to 1 for the most part.</param>
/// <param name="Magnitude">Its saliency.</param>
/// <param name="ExpectedValue">What it was expected to be.</param>
/// <param name="BoundaryUnit">What margins and scores are measured in at this point.</param>
/// <param name="UpperBoundary">The margin above.</param>
/// <param name="LowerBoundary">The margin below.</param>
public readonly record struct SrBatchPoint(
    bool IsAnomaly, double Score, double Magnitude, double ExpectedValue, double BoundaryUnit, double UpperBoundary, double LowerBoundary);
