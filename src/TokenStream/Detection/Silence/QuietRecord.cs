using TokenStream.Windowing;

namespace TokenStream.Detection.Silence;

/// <summary>
/// How much less than expected a place usually has: the dispersion of its counts over several lengths, from shortfalls alone, since bursts upward
/// say nothing about silence; and the worst run of quiet minutes. Real traffic is burstier than Poisson's and bursts come in runs: each length has a
/// dispersion of its own, so nothing is assumed about minutes being independent.
/// </summary>
internal sealed class QuietRecord
{
    public const int LengthCount = 6;

    /// <summary>Half of what is known is newer than three days.</summary>
    private const double Fade = 0.99983957;

    /// <summary>Half of the worst run is forgotten in two weeks.</summary>
    private const double RunFade = 0.99996562;

    /// <summary>Dispersion that any place is credited with: expected rates are estimates.</summary>
    private const double LeastDispersion = 0.02;

    private readonly double[] _expected = new double[LengthCount];
    private readonly double[] _squares = new double[LengthCount];
    private readonly double[] _shortfalls = new double[LengthCount];
    private double _run;

    /// <summary>Minutes that are looked at together.</summary>
    public static ReadOnlySpan<int> Lengths => [2, 3, 5, 10, 20, 40];

    /// <summary>Events that were missing in the worst run of quiet minutes that was not an outage.</summary>
    public double WorstRun { get; private set; }

    /// <summary>Learns how many events a span of a length had.</summary>
    public void Learn(int length, double expected, double seen)
    {
        _expected[length] = (_expected[length] * Fade) + expected;
        _squares[length] = (_squares[length] * Fade) + (expected * expected);
        var missing = Math.Max(0, expected - seen);
        _shortfalls[length] = (_shortfalls[length] * Fade) + (missing * missing);
    }

    /// <summary>The variance beyond Poisson's by the square of the mean; shortfalls are half of a symmetric variance.</summary>
    public double Dispersion(int length) => LeastDispersion +
        (_squares[length] > 0 ? Math.Max(0, ((2 * _shortfalls[length]) - _expected[length]) / _squares[length]) : 0);

    /// <summary>Follows the run of minutes with less than half of what was expected.</summary>
    public void Follow(double expected, double seen)
    {
        WorstRun *= RunFade;
        if (seen < 0.5 * expected)
        {
            _run += expected - seen;
            return;
        }

        // Only when it is over: the run that goes on is the one that is judged.
        WorstRun = Math.Max(WorstRun, _run);
        _run = 0;
    }

    /// <summary>The run that goes on turned out to be an alert: it is no measure of what is usual.</summary>
    public void BeginAlert() => _run = 0;

    /// <summary>What came back by itself may have been usual after all, so the next one has to be longer; a long outage teaches little of it.</summary>
    public void EndAlert(double missing) => WorstRun = Math.Max(WorstRun, Math.Min(missing, Math.Max(14, 2 * WorstRun)));

    public void Write(BlockBuffer to)
    {
        for (var i = 0; i < LengthCount; i++)
        {
            to.Double(_expected[i]);
            to.Double(_squares[i]);
            to.Double(_shortfalls[i]);
        }

        to.Double(_run);
        to.Double(WorstRun);
    }

    public static QuietRecord Read(ref BlockReader from)
    {
        var record = new QuietRecord();
        for (var i = 0; i < LengthCount; i++)
        {
            (record._expected[i], record._squares[i], record._shortfalls[i]) = (from.Double(), from.Double(), from.Double());
        }

        (record._run, record.WorstRun) = (from.Double(), from.Double());
        return record;
    }
}
