namespace TokenStream.Detection.SrCnn;

/// <summary>
/// Trains the network of <c>srcnn</c> on windows of series without labels: anomalies are put into them, anew in each epoch, and the network
/// learns to find them. With the same series, options and machine the result is the same to the bit, whatever the number of threads: every
/// sample draws from a stream of its own, and gradients of the parts of a batch are added up in the order of the parts.
/// </summary>
public sealed class SrCnnTrainer
{
    /// <summary>Raised whenever the same series and options give other weights.</summary>
    public const int Version = 1;

    /// <summary>Parts of a batch that may be computed side by side.</summary>
    private const int Parts = 8;

    /// <summary>One series in so many is kept for measuring.</summary>
    private const int HeldOutEvery = 10;

    private const int InitialStream = 2;
    private const int OrderStream = 3;
    private const int HeldOutStream = 4;
    private const int FirstEpochStream = 5;

    private readonly IReadOnlyList<double[]> _series;
    private readonly SrCnnTrainingOptions _options;
    private readonly DenseNetwork _network;
    private readonly AdamOptimizer _optimizer;
    private readonly Part[] _parts;
    private readonly List<(int Series, int Start)> _windows = [];
    private readonly List<(int Series, int Start)> _heldOut = [];
    private readonly float[] _weights = new float[SrCnnWindow.Length];
    private readonly int _steps;
    private int _step;

    private SrCnnTrainer(IReadOnlyList<double[]> series, SrCnnTrainingOptions options)
    {
        options.Validate();
        _series = series;
        _options = options;
        var scaled = new double[SrCnnWindow.Points];
        for (var i = 0; i < series.Count; i++)
        {
            var own = series.Count >= HeldOutEvery && i % HeldOutEvery == HeldOutEvery - 1 ? _heldOut : _windows;
            for (var start = 0; start + SrCnnWindow.Points <= series[i].Length; start += options.Stride)
            {
                // Nothing can stand out in a window of one value.
                if (SrCnnWindow.TryScale(series[i].AsSpan(start, SrCnnWindow.Points), scaled))
                {
                    own.Add((i, start));
                }
            }
        }

        if (_windows.Count == 0)
        {
            throw new ArgumentException(
                $"No series has {SrCnnWindow.Points} points in a row that are not all the same: there is nothing to train on.");
        }

        _network = new DenseNetwork([SrCnnWindow.Length, .. options.Hidden, SrCnnWindow.Length]);
        Array.Fill(_weights, 1);
        _weights[SrCnnWindow.Newest] = options.NewestWeight;
        _optimizer = new AdamOptimizer(_network.Parameters.Length);
        _parts = [.. Enumerable.Range(0, Parts).Select(_ => new Part(_network))];
        _steps = options.Epochs * ((_windows.Count + options.Batch - 1) / options.Batch);
    }

    /// <summary>Trains on series of finite values, each on its regular steps.</summary>
    /// <param name="series">One in ten is not trained on but measured with, where there are ten.</param>
    /// <param name="options">How.</param>
    /// <param name="data">What the series are, for the header.</param>
    /// <param name="licence">Under which they may be used, for the header.</param>
    /// <param name="progress">Told after every epoch.</param>
    /// <param name="cancellation">Ends the training.</param>
    /// <exception cref="ArgumentException">There is nothing to train on, or an option cannot be.</exception>
    public static SrCnnWeights Train(
        IReadOnlyList<double[]> series, SrCnnTrainingOptions options, string data, string licence, Action<SrCnnTrainingProgress> progress,
        CancellationToken cancellation)
    {
        var training = new SrCnnTrainer(series, options);
        training.Initialise();
        var loss = 0.0;
        for (var epoch = 1; epoch <= options.Epochs; epoch++)
        {
            loss = training.RunEpoch(epoch, cancellation);
            progress(new SrCnnTrainingProgress(epoch, options.Epochs, loss));
        }

        training.Round();
        var header = new SrCnnWeightsHeader(
            Version, options.Seed, options.Epochs, training._network.Widths, data, licence, training._windows.Count, Math.Round(loss, 6),
            training._heldOut.Count, training.MeasureHeldOut());
        return new SrCnnWeights(header, training._network);
    }

    /// <summary>Weights as large as keeps the size of what goes through (He et al., 2015); biases of nothing.</summary>
    private void Initialise()
    {
        var random = new SeededRandom(_options.Seed, InitialStream);
        for (var layer = 0; layer < _network.Layers; layer++)
        {
            var size = Math.Sqrt(2.0 / _network.Widths[layer]);
            for (var at = _network.RowStart(layer, 0); at < _network.BiasStart(layer); at++)
            {
                _network.Parameters[at] = (float)(size * random.Normal());
            }
        }
    }

    private double RunEpoch(int epoch, CancellationToken cancellation)
    {
        var order = Shuffled(epoch);
        var (loss, samples) = (0.0, 0);
        var weight = _weights.Sum();
        for (var from = 0; from < order.Length; from += _options.Batch)
        {
            var (first, count) = (from, Math.Min(_options.Batch, order.Length - from));
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Threads, CancellationToken = cancellation };
            Parallel.For(0, Parts, parallel, part => Run(
                _parts[part], order.AsSpan((first + (part * count / Parts))..(first + ((part + 1) * count / Parts))), epoch));
            for (var part = 1; part < Parts; part++)
            {
                for (var i = 0; i < _network.Parameters.Length; i++)
                {
                    _parts[0].Gradient.Sums[i] += _parts[part].Gradient.Sums[i];
                }
            }

            var taken = _parts.Sum(part => part.Gradient.Samples);
            loss += _parts.Sum(part => part.Gradient.Loss);
            samples += taken;
            _optimizer.Step(_network.Parameters, _parts[0].Gradient.Sums, 1f / (Math.Max(1, taken) * weight), Rate());
        }

        return loss / (Math.Max(1, samples) * (double)weight);
    }

    private void Run(Part part, ReadOnlySpan<int> windows, int epoch)
    {
        part.Gradient.Clear();
        foreach (var window in windows)
        {
            var random = new SeededRandom(_options.Seed, FirstEpochStream + epoch, window);
            if (part.Sample.TryMake(PointsOf(_windows[window]), random, part.Gradient.Input, part.Labels))
            {
                part.Gradient.Add(part.Labels, _weights);
            }
        }
    }

    private double Rate()
    {
        _step++;
        var warm = Math.Min(_options.WarmUpSteps, _steps);
        return _step <= warm
            ? _options.LearningRate * _step / warm
            : _options.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * (_step - warm) / (_steps - warm)));
    }

    private int[] Shuffled(int epoch)
    {
        var random = new SeededRandom(_options.Seed, OrderStream, epoch);
        int[] order = [.. Enumerable.Range(0, _windows.Count)];
        for (var i = order.Length - 1; i > 0; i--)
        {
            var other = random.Below(i + 1);
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    /// <summary>What is measured is what the file will hold.</summary>
    private void Round()
    {
        for (var i = 0; i < _network.Parameters.Length; i++)
        {
            _network.Parameters[i] = (float)(Half)_network.Parameters[i];
        }
    }

    private double? MeasureHeldOut()
    {
        var sample = new TrainingSample();
        var room = _network.CreateRoom();
        var labels = new float[SrCnnWindow.Length];
        var (untouched, injected) = (new List<float>(), new List<float>());
        for (var i = 0; i < _heldOut.Count; i++)
        {
            var points = PointsOf(_heldOut[i]);
            if (sample.TryMakeUntouched(points, room[0]))
            {
                untouched.Add(_network.ForwardOne(room, SrCnnWindow.Newest));
            }

            var random = new SeededRandom(_options.Seed, HeldOutStream, i);
            if (sample.TryMakeNewest(points, random, room[0], labels) && labels[SrCnnWindow.Newest] > 0)
            {
                injected.Add(_network.ForwardOne(room, SrCnnWindow.Newest));
            }
        }

        if (untouched.Count == 0 || injected.Count == 0)
        {
            return null;
        }

        untouched.Sort();
        var threshold = untouched[(int)(0.99 * (untouched.Count - 1))];
        return Math.Round(injected.Count(score => score > threshold) / (double)injected.Count, 4);
    }

    private ReadOnlySpan<double> PointsOf((int Series, int Start) window) =>
        _series[window.Series].AsSpan(window.Start, SrCnnWindow.Points);

    /// <summary>The room of a part of a batch.</summary>
    private sealed class Part(DenseNetwork network)
    {
        public DenseGradient Gradient { get; } = new(network);

        public TrainingSample Sample { get; } = new();

        public float[] Labels { get; } = new float[SrCnnWindow.Length];
    }
}
