namespace TokenStream.Detection.SrCnn;

/// <summary>Adam (Kingma and Ba, 2015): steps along the mean of the gradients, each measured by its own size.</summary>
internal sealed class AdamOptimizer(int parameters)
{
    private const float MeanKept = 0.9f;
    private const float SquareKept = 0.999f;
    private const float Least = 1e-8f;

    private readonly float[] _means = new float[parameters];
    private readonly float[] _squares = new float[parameters];
    private double _meanLeft = 1;
    private double _squareLeft = 1;

    /// <param name="parameters">What is to be improved.</param>
    /// <param name="gradient">Sums of gradients.</param>
    /// <param name="scale">Makes a mean of the sums.</param>
    /// <param name="rate">The learning rate of this step.</param>
    public void Step(Span<float> parameters, ReadOnlySpan<float> gradient, float scale, double rate)
    {
        // Both means begin at nothing; what of that is left in them is taken out.
        _meanLeft *= MeanKept;
        _squareLeft *= SquareKept;
        var meanScale = (float)(rate / (1 - _meanLeft));
        var squareScale = (float)(1 / (1 - _squareLeft));
        for (var i = 0; i < parameters.Length; i++)
        {
            var slope = gradient[i] * scale;
            _means[i] = (MeanKept * _means[i]) + ((1 - MeanKept) * slope);
            _squares[i] = (SquareKept * _squares[i]) + ((1 - SquareKept) * slope * slope);
            parameters[i] -= meanScale * _means[i] / (MathF.Sqrt(_squares[i] * squareScale) + Least);
        }
    }
}
