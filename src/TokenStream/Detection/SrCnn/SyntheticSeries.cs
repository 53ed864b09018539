namespace TokenStream.Detection.SrCnn;

/// <summary>
/// Series of our own making to train on, so that the weights that ship are made from nobody's data: counts and continuous measures of many
/// sizes, with days and weeks, slow drift, noise from smooth to rough, bursts, changes of level and jobs at fixed intervals. What is usual
/// in them is what a detector should stay quiet about; anomalies are put in by the trainer alone.
/// </summary>
internal static class SyntheticSeries
{
    public const int Count = 400;
    public const int Points = 4000;

    public static IReadOnlyList<double[]> Make(long seed, int count = Count, int points = Points)
    {
        var series = new double[count][];
        for (var i = 0; i < count; i++)
        {
            series[i] = MakeOne(new SeededRandom(seed, stream: 1, i), points);
        }

        return series;
    }

    private static double[] MakeOne(SeededRandom random, int points)
    {
        var season = new Season(ref random);
        var isCount = random.IsOneOf(0.7);
        var level = Math.Exp(random.Between(Math.Log(0.3), Math.Log(5000)));
        var kept = random.Between(0.98, 0.9999);
        var drift = random.Between(0, 0.4) * Math.Sqrt(1 - (kept * kept));
        var noise = Math.Exp(random.Between(Math.Log(0.005), Math.Log(0.5)));
        var noiseKept = random.IsOneOf(0.5) ? 0 : random.Between(0, 0.9);
        var bursts = random.IsOneOf(0.3) ? Math.Exp(random.Between(Math.Log(0.0005), Math.Log(0.01))) : 0;
        var shifts = random.IsOneOf(0.3) ? 0.0005 : 0;
        var interval = random.IsOneOf(0.15) ? 5 * (1 + random.Below(12)) : 0;
        var job = random.Between(0.3, 3);

        var values = new double[points];
        double slow = 0, rough = 0, burst = 1;
        for (var i = 0; i < points; i++)
        {
            slow = (kept * slow) + (drift * random.Normal());
            rough = (noiseKept * rough) + (noise * Math.Sqrt(1 - (noiseKept * noiseKept)) * random.Normal());
            level *= shifts > 0 && random.IsOneOf(shifts) ? Math.Exp(0.5 * random.Normal()) : 1;

            // A burst goes on with four chances of five.
            burst = burst > 1 && random.IsOneOf(0.8) ? burst : bursts > 0 && random.IsOneOf(bursts) ? random.Between(1.3, 4) : 1;
            var mean = level * Math.Exp(season.At(i) + slow + rough) * burst;
            mean += interval > 0 && i % interval == 0 ? job * level : 0;
            values[i] = isCount ? random.Poisson(mean) : mean;
        }

        return values;
    }

    /// <summary>A day of two waves and a weekend, as logarithms.</summary>
    private readonly struct Season
    {
        private readonly int _day;
        private readonly double _strength;
        private readonly double _second;
        private readonly double _phase;
        private readonly double _secondPhase;
        private readonly double _weekend;
        private readonly int _firstPoint;

        public Season(ref SeededRandom random)
        {
            var step = random.Uniform();
            _day = step < 0.65 ? 1440 : step < 0.9 ? 288 : 24;
            _strength = random.Between(0, 1);
            _second = random.Between(0, 0.4);
            _phase = random.Between(0, 2 * Math.PI);
            _secondPhase = random.Between(0, 2 * Math.PI);
            _weekend = random.IsOneOf(0.5) ? random.Between(-1, 0) : 0;
            _firstPoint = random.Below(7 * _day);
        }

        public double At(int point)
        {
            var at = _firstPoint + point;
            var angle = 2 * Math.PI * (at % _day) / _day;
            return (_strength * Math.Sin(angle + _phase)) + (_second * Math.Sin((2 * angle) + _secondPhase)) +
                (at / _day % 7 >= 5 ? _weekend : 0);
        }
    }
}
