using TokenStream.Windowing;

namespace TokenStream.Detection.Silence;

/// <summary>
/// How many events a minute are expected of a place: the smaller of what the same hour had on other days and of what the last two hours had.
/// Both are medians, or the least of neighbours: a burst that is over leaves nothing behind that could be missed, and neither an evening that
/// begins an hour early nor a holiday after a quiet night is a silence.
/// </summary>
internal sealed class ExpectedRate
{
    public const long MinuteMs = 60_000;
    public const int BlockMinutes = 10;

    private const int HoursOfDay = 24;
    private const int HoursOfWeek = 7 * HoursOfDay;
    private const int Blocks = 12;

    /// <summary>Known blocks that a level needs.</summary>
    private const int LeastBlocks = 6;

    /// <summary>Of the median of two hours; blocks below it say that traffic falls.</summary>
    private const double FallingShare = 0.5;

    /// <summary>Minutes that an hour has to have been seen for.</summary>
    private const int LeastMinutes = 15;

    /// <summary>Mean events a minute of the last occurrence of each hour of the week; NaN where none was seen.</summary>
    private readonly float[] _hours = new float[HoursOfWeek];

    public ExpectedRate() => Array.Fill(_hours, float.NaN);

    /// <summary>Events a minute; NaN where nothing is known.</summary>
    public double Level { get; private set; } = double.NaN;

    /// <summary>What the hour has on other days; NaN where no day is known.</summary>
    public double Season { get; private set; } = double.NaN;

    /// <summary>Events that the level was taken from: how far it may be trusted.</summary>
    public double LevelEvents { get; private set; }

    /// <summary>Without a season the level alone has to do.</summary>
    public double Rate => double.IsNaN(Season) ? Level : Math.Min(Level, Season);

    /// <summary>Learns the hour that has just ended, from its minutes.</summary>
    public void EndHour(long lastMinuteMs, double events, int minutes)
    {
        if (minutes >= LeastMinutes)
        {
            _hours[HourOf(lastMinuteMs)] = (float)(events / minutes);
        }
    }

    /// <summary>Adds events that came late to an hour that was learnt.</summary>
    public void Correct(long minuteMs, long events)
    {
        ref var hour = ref _hours[HourOf(minuteMs)];
        hour = float.IsNaN(hour) ? hour : hour + (events / 60f);
    }

    /// <summary>Looks up the season of a new hour: the least of the hour's and its neighbours', each the median of the days.</summary>
    public void BeginHour(long minuteMs)
    {
        Span<float> days = stackalloc float[7];
        Season = double.NaN;
        var now = HourOf(minuteMs);
        for (var beside = -1; beside <= 1; beside++)
        {
            var count = 0;
            for (var day = 0; day < 7; day++)
            {
                // The hour that has just ended is of today and no season; what it had is in the level.
                var hour = (now + beside + (day * HoursOfDay) + HoursOfWeek) % HoursOfWeek;
                if (!float.IsNaN(_hours[hour]) && !(beside == -1 && day == 0))
                {
                    days[count++] = _hours[hour];
                }
            }

            if (count > 0)
            {
                days[..count].Sort();
                var median = (days[count / 2] + days[(count - 1) / 2]) / 2;
                Season = double.IsNaN(Season) ? median : Math.Min(Season, median);
            }
        }

        // The same hour of the last week knows of weekends.
        var lastWeek = _hours[now];
        Season = float.IsNaN(lastWeek) || double.IsNaN(Season) ? Season : Math.Min(Season, lastWeek);
    }

    /// <summary>Takes the level from the sums of the last blocks, the newest first; NaN for a block that is not known.</summary>
    public void TakeLevel(ReadOnlySpan<double> blocks)
    {
        Span<double> known = stackalloc double[Blocks];
        var (count, sum) = (0, 0.0);
        for (var i = 0; i < Blocks; i++)
        {
            if (!double.IsNaN(blocks[i]))
            {
                known[count++] = blocks[i];
                sum += blocks[i];
            }
        }

        if (count < LeastBlocks)
        {
            return;
        }

        known[..count].Sort();
        Level = (known[count / 2] + known[(count - 1) / 2]) / 2 / BlockMinutes;
        LevelEvents = sum;
        if (double.IsNaN(Season))
        {
            // On a place's first day nobody knows what an evening is: of a level that falls already nothing is expected.
            var least = Math.Min(Mean(blocks[0], Level), Mean(blocks[1], Level));
            Level = least < FallingShare * Level ? 0 : Math.Min(Level, least);
        }
    }

    private static double Mean(double block, double otherwise) => double.IsNaN(block) ? otherwise : block / BlockMinutes;

    private static int HourOf(long minuteMs) => (int)(minuteMs / (60 * MinuteMs) % HoursOfWeek);

    public void Write(BlockBuffer to)
    {
        foreach (var hour in _hours)
        {
            to.Signed(BitConverter.SingleToInt32Bits(hour));
        }

        to.Double(Level);
        to.Double(Season);
        to.Double(LevelEvents);
    }

    public static ExpectedRate Read(ref BlockReader from)
    {
        var rate = new ExpectedRate();
        for (var i = 0; i < HoursOfWeek; i++)
        {
            rate._hours[i] = BitConverter.Int32BitsToSingle(checked((int)from.Long()));
        }

        (rate.Level, rate.Season, rate.LevelEvents) = (from.Double(), from.Double(), from.Double());
        return rate;
    }
}
