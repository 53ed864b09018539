using TokenStream.Windowing;

namespace TokenStream.Detection.Silence;

/// <summary>
/// How much less than expected a place usually has: the dispersion of its counts over several lengths, from shortfalls alone, since bursts upward
/// say nothing about silence; and its worst run of quiet minutes, in events and, where there is traffic to speak of, in minutes. Real traffic is
/// burstier than Poisson's and bursts come in runs: each length has a dispersion of its own, so nothing is assumed about minutes being independent.
/// </summary>
internal sealed class QuietRecord
{
    public const int LengthCount = 6;

    /// <summary>Of what was expected; below it a minute is quiet and a place silent.</summary>
    public const double SilentShare = 0.25;

    /// <summary>Half of what is known is newer than three days.</summary>
    private const double Fade = 0.99983957;

    /// <summary>Half of a run is forgotten in two weeks.</summary>
    private const double RunFade = 0.99996562;

    /// <summary>Half of the silences that came back is forgotten in a week.</summary>
    private const double AlertFade = 0.99993124;

    /// <summary>Dispersion that any place is credited with: expected rates are estimates.</summary>
    private const double LeastDispersion = 0.02;

    /// <summary>The learnt dispersion is an estimate, too.</summary>
    private const double Caution = 1.5;

    /// <summary>Dispersion that a place is credited with by the hours that are known of it.</summary>
    private const double DispersionOfAnHour = 1;

    /// <summary>Expected events a minute from which a run counts in minutes.</summary>
    private const double LeastRate = 5;

    /// <summary>Minutes of expected events that a silence which came back teaches at most, doubled with each of the last week.</summary>
    private const double TaughtMinutes = 5;

    private readonly double[] _expected = new double[LengthCount];
    private readonly double[] _squares = new double[LengthCount];
    private readonly double[] _shortfalls = new double[LengthCount];
    private double _minutes;
    private double _run;
    private double _runMinutes;
    private double _worstRun;
    private double _worstMinutes;
    private double _alerts;

    /// <summary>Minutes that are looked at together.</summary>
    public static ReadOnlySpan<int> Lengths => [2, 3, 5, 10, 20, 40];

    /// <summary>Learns how many events a span of a length had.</summary>
    public void Learn(int length, double expected, double seen)
    {
        _expected[length] = (_expected[length] * Fade) + expected;
        _squares[length] = (_squares[length] * Fade) + (expected * expected);
        var missing = Math.Max(0, expected - seen);
        _shortfalls[length] = (_shortfalls[length] * Fade) + (missing * missing);
    }

    /// <summary>The variance beyond Poisson's by the square of the mean; shortfalls are half of a symmetric variance.</summary>
    public double Dispersion(int length)
    {
        var learnt = _squares[length] > 0 ? Math.Max(0, ((2 * _shortfalls[length]) - _expected[length]) / _squares[length]) : 0;
        return LeastDispersion + (Caution * learnt) + (DispersionOfAnHour * 60 / (_minutes + 60));
    }

    /// <summary>Follows the runs of quiet minutes.</summary>
    public void Follow(double expected, double seen)
    {
        (_minutes, _alerts, _worstRun, _worstMinutes) = (_minutes + 1, _alerts * AlertFade, _worstRun * RunFade, _worstMinutes * RunFade);
        if (seen < SilentShare * expected)
        {
            _run += expected - seen;
            _runMinutes += expected >= LeastRate ? 1 - (seen / expected) : 0;
            return;
        }

        // Only when it is over: the run that goes on is the one that is judged.
        (_worstRun, _worstMinutes) = (Math.Max(_worstRun, _run), Math.Max(_worstMinutes, _runMinutes));
        (_run, _runMinutes) = (0, 0);
    }

    /// <summary>Whether so much missing is so many times worse than any run before.</summary>
    public bool IsUnheardOf(double times, double missing, double rate) =>
        missing >= times * _worstRun && (rate < LeastRate || missing / rate >= times * _worstMinutes);

    /// <summary>The run that goes on turned out to be an alert: it is no measure of what is usual.</summary>
    public void BeginAlert() => (_run, _runMinutes) = (0, 0);

    /// <summary>
    /// What came back by itself may have been usual after all: the next one has to be longer. One outage teaches little of that, a place that stops
    /// every day is soon left alone.
    /// </summary>
    public void EndAlert(double missing, double rate)
    {
        var taught = TaughtMinutes * Math.Pow(2, Math.Min(_alerts, 8));
        _worstRun = Math.Max(_worstRun, Math.Min(missing, taught * rate));
        _worstMinutes = Math.Max(_worstMinutes, rate >= LeastRate ? Math.Min(missing / rate, taught) : 0);
        _alerts++;
    }

    public void Write(BlockBuffer to)
    {
        for (var i = 0; i < LengthCount; i++)
        {
            to.Double(_expected[i]);
            to.Double(_squares[i]);
            to.Double(_shortfalls[i]);
        }

        foreach (var number in (ReadOnlySpan<double>)[_minutes, _run, _runMinutes, _worstRun, _worstMinutes, _alerts])
        {
            to.Double(number);
        }
    }

    public static QuietRecord Read(ref BlockReader from)
    {
        var record = new QuietRecord();
        for (var i = 0; i < LengthCount; i++)
        {
            (record._expected[i], record._squares[i], record._shortfalls[i]) = (from.Double(), from.Double(), from.Double());
        }

        (record._minutes, record._run, record._runMinutes) = (from.Double(), from.Double(), from.Double());
        (record._worstRun, record._worstMinutes, record._alerts) = (from.Double(), from.Double(), from.Double());
        return record;
    }
}
