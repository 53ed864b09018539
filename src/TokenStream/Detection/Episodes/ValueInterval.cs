namespace TokenStream.Detection.Episodes;

/// <summary>The values at which a series' score crosses its threshold, all else equal; NaN where none does.</summary>
internal readonly record struct ValueInterval(double Lower, double Upper)
{
    private const int Steps = 20;
    private const int Doublings = 40;

    /// <summary>Searches both sides of what was expected by bisection. Values of every measure are at least 0.</summary>
    public static ValueInterval Find(IPointProbe probe, double threshold, in ScoredPoint point, AnomalyDirection direction)
    {
        var high = double.IsNaN(point.Expected.High) ? 0 : Math.Max(0, point.Expected.High);
        var low = double.IsNaN(point.Expected.Low) ? 0 : Math.Max(0, point.Expected.Low);
        return direction == AnomalyDirection.Up
            ? new ValueInterval(Below(probe, threshold, low, 0), Bisect(probe, threshold, high, point.Value, isUp: true))
            : new ValueInterval(Below(probe, threshold, low, Math.Min(low, point.Value)), Above(probe, threshold, high));
    }

    private static double Below(IPointProbe probe, double threshold, double low, double end) =>
        low > 0 && probe.Score(end).Down >= threshold ? Bisect(probe, threshold, low, end, isUp: false) : double.NaN;

    private static double Above(IPointProbe probe, double threshold, double high)
    {
        var end = high > 0 ? high : 1;
        for (var i = 0; i < Doublings; i++)
        {
            end *= 2;
            if (probe.Score(end).Up >= threshold)
            {
                return Bisect(probe, threshold, high, end, isUp: true);
            }
        }

        return double.NaN;
    }

    /// <param name="inside">Below the threshold, as far as anybody knows.</param>
    /// <param name="outside">At the threshold or over it.</param>
    private static double Bisect(IPointProbe probe, double threshold, double inside, double outside, bool isUp)
    {
        for (var i = 0; i < Steps; i++)
        {
            var middle = inside + ((outside - inside) / 2);
            var score = probe.Score(middle);
            if ((isUp ? score.Up : score.Down) >= threshold)
            {
                outside = middle;
            }
            else
            {
                inside = middle;
            }
        }

        return outside;
    }
}
