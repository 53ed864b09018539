namespace TokenStream.Detection.SpectralResidual;

/// <summary>What ML.NET's streaming transform says of a row.</summary>
/// <param name="IsAlert">Whether the score, cut at 1, is above the threshold.</param>
/// <param name="Score">How far the point's saliency is from the mean of the judged ones; not cut.</param>
/// <param name="Magnitude">The point's saliency.</param>
public readonly record struct SrPoint(bool IsAlert, double Score, double Magnitude);
