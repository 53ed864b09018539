namespace TokenStream.Detection.Evidence;

/// <summary>What a score is the sum of.</summary>
/// <param name="Fluctuation">Evidence that short predictions err more widely; its sign is the error's.</param>
/// <param name="Level">Evidence that the point is far from the level of an hour; its sign is the distance's.</param>
/// <param name="Excess">Evidence that the point exceeds both level and season.</param>
/// <param name="Shortfall">Evidence that three points together fall short of both.</param>
internal readonly record struct EvidenceParts(double Fluctuation, double Level, double Excess, double Shortfall)
{
    public PointScore Sum()
    {
        var up = Math.Max(Fluctuation, 0) + Math.Max(Level, 0) + Excess;
        var down = Math.Max(-Fluctuation, 0) + Math.Max(-Level, 0) + Shortfall;
        return new PointScore(Math.Max(up, down), up, down);
    }
}
