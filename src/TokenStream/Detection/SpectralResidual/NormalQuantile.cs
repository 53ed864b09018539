namespace TokenStream.Detection.SpectralResidual;

/// <summary>The quantile of the normal distribution: P. J. Acklam's rational approximation, 1.2e-9 relative.</summary>
internal static class NormalQuantile
{
    private const double Tail = 0.02425;

    private static readonly double[] Numerator =
        [-3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239];

    private static readonly double[] Denominator =
        [-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01, 1];

    private static readonly double[] TailNumerator =
        [-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];

    private static readonly double[] TailDenominator = [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996, 3.754408661907416, 1];

    /// <param name="probability">Above 0 and below 1.</param>
    public static double Of(double probability)
    {
        if (probability < Tail)
        {
            return OfTail(probability);
        }

        if (probability > 1 - Tail)
        {
            return -OfTail(1 - probability);
        }

        var centred = probability - 0.5;
        var square = centred * centred;
        return Polynomial(Numerator, square) * centred / Polynomial(Denominator, square);
    }

    private static double OfTail(double probability)
    {
        var root = Math.Sqrt(-2 * Math.Log(probability));
        return Polynomial(TailNumerator, root) / Polynomial(TailDenominator, root);
    }

    private static double Polynomial(double[] coefficients, double at)
    {
        var sum = 0.0;
        foreach (var coefficient in coefficients)
        {
            sum = (sum * at) + coefficient;
        }

        return sum;
    }
}
