using BenchmarkDotNet.Attributes;
using TokenStream.Detection;

namespace TokenStream.Benchmarks;

/// <summary>One minute's point of a series, for each detector, over series that do not fit a cache together.</summary>
[MemoryDiagnoser]
public class DetectionBenchmarks
{
    private const int Series = 1024;
    private const int Days = 2;

    private ISeriesDetector _detector = null!;
    private byte[] _states = [];
    private double[] _values = [];
    private int _next;
    private long _step;

    [ParamsSource(nameof(Names))]
    public string Detector { get; set; } = "";

    public static IEnumerable<string> Names => SeriesDetectors.All.Select(entry => entry.Name);

    [GlobalSetup]
    public void Setup()
    {
        _detector = SeriesDetectors.Create(Detector, 60);
        Console.WriteLine($"{Detector}: {_detector.StateBytes} bytes of state a series");
        _states = new byte[Series * _detector.StateBytes];
        _values = new double[4096];
        var random = new Random(1);
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = Math.Round(1000 * Math.Exp(random.NextDouble() * 3)) * (random.Next(4) == 0 ? 0 : 1);
        }

        // All series start warm: after two days every part speaks.
        var first = new byte[_detector.StateBytes];
        _detector.Start(first);
        for (; _step < Days * 1440; _step++)
        {
            _detector.Score(first, _step, _values[_step % _values.Length]);
        }

        for (var i = 0; i < Series; i++)
        {
            first.CopyTo(_states, i * first.Length);
        }
    }

    [Benchmark]
    public double Point()
    {
        var state = _states.AsSpan(_next * _detector.StateBytes, _detector.StateBytes);
        var score = _detector.Score(state, _step, _values[(_step + _next) & 4095]);
        if (++_next == Series)
        {
            _next = 0;
            _step++;
        }

        return score.Value;
    }
}
