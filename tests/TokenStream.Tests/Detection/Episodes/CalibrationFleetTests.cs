using TokenStream.Detection;
using TokenStream.Detection.Episodes;
using Xunit;

namespace TokenStream.Tests.Detection.Episodes;

/// <summary>A fleet without incidents, but with bursts of its own: whatever opens is a false episode.</summary>
public sealed class CalibrationFleetTests
{
    private const int Series = 100;
    private const int DaysOfLearning = 24;
    private const int FreshDays = 12;
    private const int MinutesPerDay = 1_440;

    [Fact]
    public void The_target_is_met_on_days_that_were_not_seen()
    {
        var detector = SeriesDetectors.Create("evidence", 60);
        var book = new EpisodeBook(new EpisodeOptions(), _ => new DetectorOfMeasure("evidence", 1));
        var fleet = Enumerable.Range(0, Series).Select(number => new Client(number, new Random(1_000 + number), detector)).ToList();
        Pass(book, fleet, 0, DaysOfLearning);
        Assert.InRange(book.Threshold(SeriesMeasure.Cost), 6.25, 10.25);
        var before = book.Counters.Opened;
        Pass(book, fleet, DaysOfLearning, FreshDays);

        Assert.InRange((book.Counters.Opened - before) / (double)(Series * FreshDays), 0.05, 0.2);
    }

    private static void Pass(EpisodeBook book, List<Client> fleet, int fromDay, int days)
    {
        for (var minute = fromDay * MinutesPerDay; minute < (fromDay + days) * MinutesPerDay; minute++)
        {
            foreach (var client in fleet)
            {
                client.Next(book, minute);
            }

            book.EndMinute(EpisodeWorld.Start + (minute * EpisodeWorld.Minute));
        }
    }

    /// <summary>Counts of a daily curve times noise that remembers itself, and now and then a burst of any size: as real traffic has them.</summary>
    private sealed class Client(int number, Random random, ISeriesDetector detector) : IPointProbe
    {
        private readonly SeriesPath _path = new("prod", $"t{number}", null, null);
        private readonly byte[] _state = NewState(detector);
        private readonly byte[] _before = new byte[detector.StateBytes];
        private readonly byte[] _copy = new byte[detector.StateBytes];
        private readonly double _rate = Math.Pow(10, 1 + random.NextDouble());
        private readonly double _phase = random.NextDouble();
        private double _noise;
        private int _burstLeft;
        private double _burst = 1;
        private long _step;

        public void Next(EpisodeBook book, int minute)
        {
            var startMs = EpisodeWorld.Start + (minute * EpisodeWorld.Minute);
            _step = startMs / EpisodeWorld.Minute;
            _noise = (0.95 * _noise) + (0.08 * Normal());
            if (_burstLeft-- <= 0)
            {
                var isBurst = random.NextDouble() < 0.002;
                (_burst, _burstLeft) = isBurst ? (1 + (0.6 * Math.Pow(random.NextDouble(), -0.4)), random.Next(1, 6)) : (1, 0);
            }

            var mean = _rate * (1 + (0.6 * Math.Sin(2 * Math.PI * ((double)minute / MinutesPerDay + _phase)))) * Math.Exp(_noise) * _burst;
            var value = Math.Max(0, Math.Round(mean + (Math.Sqrt(mean * 2) * Normal())));
            _state.CopyTo(_before, 0);
            var expected = detector.Expect(_state, _step);
            var score = detector.Score(_state, _step, value);
            book.Add(new ScoredPoint(number, _path, SeriesMeasure.Cost, startMs, value, score, expected, 1, value), this);
        }

        public PointScore Score(double value)
        {
            _before.CopyTo(_copy, 0);
            return detector.Score(_copy, _step, value);
        }

        private static byte[] NewState(ISeriesDetector detector)
        {
            var state = new byte[detector.StateBytes];
            detector.Start(state);
            return state;
        }

        private double Normal() =>
            Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
