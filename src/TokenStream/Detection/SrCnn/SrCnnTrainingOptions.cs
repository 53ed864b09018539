namespace TokenStream.Detection.SrCnn;

/// <summary>How a network is trained.</summary>
public sealed record SrCnnTrainingOptions
{
    public long Seed { get; init; }

    /// <summary>Times that the windows are gone through, each time with other anomalies.</summary>
    public int Epochs { get; init; } = 12;

    /// <summary>Widths of the layers between the input and the output.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [32, 64, 32];

    /// <summary>
    /// How much the newest point's output counts in the loss, each other one counting 1. It alone makes the score; the others are what a
    /// network learns the shape of maps from.
    /// </summary>
    public float NewestWeight { get; init; } = 32;

    /// <summary>Samples of a step.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Points from the start of a window to that of the next.</summary>
    public int Stride { get; init; } = 64;

    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps in which the learning rate rises from nothing; behind them it falls to nothing along a cosine.</summary>
    public int WarmUpSteps { get; init; } = 200;

    /// <summary>The result does not depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Throws, naming every option that cannot be.</summary>
    internal void Validate()
    {
        var errors = new List<string>();
        if (Epochs is < 1 or > 10_000)
        {
            errors.Add($"{Epochs} epochs are not 1 to 10,000");
        }

        if (!DenseNetwork.AreWidths([SrCnnWindow.Length, .. Hidden, SrCnnWindow.Length]))
        {
            errors.Add(
                $"hidden layers {string.Join(", ", Hidden)} are not up to {DenseNetwork.MostLayers - 1} multiples of 8, " +
                $"{DenseNetwork.WidestLayer} at most");
        }

        var isCounted = Batch is >= 1 and <= 65_536 && Stride is >= 1 and <= 65_536 && WarmUpSteps >= 1 && Threads is >= 1 and <= 1024;
        if (!isCounted || !(NewestWeight is > 0 and < 1e6f) || !(LearningRate is > 0 and < 1))
        {
            errors.Add("batch, stride, warm-up steps, weight and threads must be above 0, the learning rate between 0 and 1");
        }

        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", errors));
        }
    }
}

/// <summary>How far a training is.</summary>
/// <param name="Epoch">The epoch that is over, from 1.</param>
/// <param name="Epochs">Of so many.</param>
/// <param name="Loss">Mean cross-entropy of the outputs in that epoch.</param>
public sealed record SrCnnTrainingProgress(int Epoch, int Epochs, double Loss);
