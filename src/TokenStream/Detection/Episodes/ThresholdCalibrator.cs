using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>
/// Finds the threshold of a measure that keeps false episodes below a target: a histogram of how high a threshold each episode would have
/// crossed, over the last 14 days, newer days counting more. The threshold moves at the end of a UTC day and a little at a time, so that
/// people see the same rule all day and one wild day does not blind the next.
/// </summary>
internal sealed class ThresholdCalibrator
{
    public const int Days = 14;

    private const int HalfLifeDays = 7;
    private const double LeastSeriesDays = 1_000;
    private const long DayMs = 86_400_000;
    private const int MinutesPerDay = 1_440;

    private readonly double _target;
    private readonly long[][] _episodes = new long[Days][];
    private readonly long[] _points = new long[Days];
    private long _day = -1;
    private long _pointsToday;

    public ThresholdCalibrator(ThresholdScale scale, double target, double? start = null)
    {
        (Scale, _target, Threshold) = (scale, target, start ?? scale.Start);
        for (var i = 0; i < Days; i++)
        {
            _episodes[i] = new long[scale.Bins + 1];
        }
    }

    public ThresholdScale Scale { get; }

    public double Threshold { get; private set; }

    /// <summary>Points of the last 14 days, in days of one series.</summary>
    public double SeriesDays
    {
        get
        {
            var points = (double)_pointsToday;
            foreach (var day in _points)
            {
                points += day;
            }

            return points / MinutesPerDay;
        }
    }

    public void CountPoints(long points = 1) => _pointsToday += points;

    /// <summary>An episode is over.</summary>
    /// <param name="level">The highest threshold at which it would have opened.</param>
    public void CountEpisode(double level)
    {
        if (level >= Scale.Floor && _day >= 0)
        {
            _episodes[_day % Days][Bin(level)]++;
        }
    }

    /// <summary>An episode that was counted at a time was no false one.</summary>
    public void Forget(double level, long countedMs)
    {
        var day = countedMs / DayMs;
        if (level >= Scale.Floor && day <= _day && day > _day - Days && _episodes[day % Days][Bin(level)] is var count and > 0)
        {
            _episodes[day % Days][Bin(level)] = count - 1;
        }
    }

    /// <summary>A minute is over; with the last one of a day the threshold moves.</summary>
    public void EndMinute(long minuteMs)
    {
        var day = minuteMs / DayMs;
        if (_day < 0)
        {
            _day = day;
        }

        while (_day < day)
        {
            _points[_day % Days] += _pointsToday;
            _pointsToday = 0;
            Move();
            // A pause longer than the memory empties it; nothing is gained by walking through all of it.
            _day = Math.Max(_day + 1, day - Days);
            Array.Clear(_episodes[_day % Days]);
            _points[_day % Days] = 0;
        }
    }

    public void Write(BlockBuffer to)
    {
        to.Double(Threshold);
        to.Signed(_day);
        to.Unsigned((UInt128)_pointsToday);
        for (var i = 0; i < Days; i++)
        {
            to.Unsigned((UInt128)_points[i]);
            var last = Array.FindLastIndex(_episodes[i], count => count != 0);
            to.Unsigned((UInt128)(last + 1));
            for (var bin = 0; bin <= last; bin++)
            {
                to.Unsigned((UInt128)_episodes[i][bin]);
            }
        }
    }

    /// <summary>Takes over what was written, of a detector on the same scale; of one on another scale nothing can be kept.</summary>
    public void Read(ref BlockReader from, bool isSameScale)
    {
        var read = isSameScale ? this : new ThresholdCalibrator(Scale, _target);
        var threshold = from.Double();
        read.Threshold = double.IsFinite(threshold) ? threshold : Scale.Start;
        read._day = from.Long() is >= -1 and var day ? day : throw new FormatException("a day before the first");
        read._pointsToday = ReadCount(ref from);
        for (var i = 0; i < Days; i++)
        {
            read._points[i] = ReadCount(ref from);
            var bins = from.Count();
            for (var bin = 0; bin < bins; bin++)
            {
                var count = ReadCount(ref from);
                read._episodes[i][Math.Min(bin, Scale.Bins)] += count;
            }
        }
    }

    private static long ReadCount(ref BlockReader from) =>
        from.Unsigned() is var count && count <= long.MaxValue ? (long)count : throw new FormatException("a count does not fit 64 bits");

    private int Bin(double level) => (int)Math.Min(Scale.Bins, (level - Scale.Floor) / Scale.Step);

    private void Move()
    {
        if (SeriesDays >= LeastSeriesDays)
        {
            Threshold += Math.Clamp(Wanted() - Threshold, -Scale.DailyMove, Scale.DailyMove);
        }
    }

    /// <summary>The lowest edge with few enough episodes above it; where even the last has too many, one step past it.</summary>
    private double Wanted()
    {
        Span<double> weights = stackalloc double[Days];
        var seriesDays = 0.0;
        for (var age = 0; age < Days && age <= _day; age++)
        {
            var slot = (int)((_day - age) % Days);
            weights[slot] = Math.Pow(0.5, (double)age / HalfLifeDays);
            seriesDays += weights[slot] * _points[slot] / MinutesPerDay;
        }

        var above = 0.0;
        for (var bin = Scale.Bins; bin >= 0; bin--)
        {
            for (var slot = 0; slot < Days; slot++)
            {
                above += weights[slot] * _episodes[slot][bin];
            }

            var edge = Scale.Floor + (bin * Scale.Step);
            if (above > _target * seriesDays)
            {
                return Math.Max(Scale.Least, edge + Scale.Step);
            }

            if (edge <= Scale.Least)
            {
                break;
            }
        }

        return Scale.Least;
    }
}
