using BenchmarkDotNet.Attributes;
using TokenStream.Detection;
using TokenStream.Detection.SrCnn;

namespace TokenStream.Benchmarks;

/// <summary>One point of a series by <c>srcnn</c>: with the weights that ship, and with a network of the paper's size.</summary>
[MemoryDiagnoser]
public class SrCnnBenchmarks
{
    private readonly double[] _values = new double[4096];
    private SrCnnDetector _shipped = null!;
    private SrCnnDetector _published = null!;
    private byte[] _state = null!;
    private long _step;

    [GlobalSetup]
    public void Setup()
    {
        SyntheticSeries.Make(1, count: 1, points: _values.Length)[0].CopyTo(_values, 0);
        var options = new SrCnnTrainingOptions { Hidden = [128, 256, 512], Epochs = 1 };
        _shipped = new SrCnnDetector();
        _published = new SrCnnDetector(SrCnnTrainer.Train([_values], options, "", "", _ => { }, CancellationToken.None));
        _state = new byte[_shipped.StateBytes];
        for (var i = 0; i < SrCnnWindow.Points; i++)
        {
            Next(_shipped);
        }
    }

    [Benchmark(Baseline = true)]
    public PointScore Shipped() => Next(_shipped);

    [Benchmark]
    public PointScore PaperSize() => Next(_published);

    private PointScore Next(SrCnnDetector detector)
    {
        _step++;
        return detector.Score(_state, _step, _values[_step & 4095]);
    }
}
