namespace TokenStream.Detection.SrCnn;

/// <summary>
/// A network of dense layers, ReLU between them and none behind the last: its outputs are log odds. All parameters lie in one array, layer
/// after layer, the weights of each output side by side and behind them the biases; files and the trainer take them in this order.
/// </summary>
internal sealed class DenseNetwork
{
    public const int MostLayers = 8;
    public const int WidestLayer = 4096;

    private readonly int[] _widths;
    private readonly int[] _starts;

    /// <param name="widths">Of the input and of every layer, in whole eights.</param>
    public DenseNetwork(IReadOnlyList<int> widths)
    {
        if (!AreWidths(widths))
        {
            throw new ArgumentException(
                $"{string.Join(", ", widths)}: a network has 1 to {MostLayers} layers, each a multiple of 8 up to {WidestLayer} wide",
                nameof(widths));
        }

        _widths = [.. widths];
        _starts = new int[widths.Count];
        for (var layer = 0; layer < Layers; layer++)
        {
            _starts[layer + 1] = _starts[layer] + (_widths[layer + 1] * (_widths[layer] + 1));
        }

        Parameters = new float[_starts[^1]];
    }

    public IReadOnlyList<int> Widths => _widths;

    public int Layers => _widths.Length - 1;

    public float[] Parameters { get; }

    public static bool AreWidths(IReadOnlyList<int> widths) =>
        widths.Count is >= 2 and <= MostLayers + 1 &&
        widths.All(width => width is > 0 and <= WidestLayer && width % VectorLoops.Lanes == 0);

    /// <summary>Room for the values of every layer, the input's first; of one thread.</summary>
    public float[][] CreateRoom() => [.. _widths.Select(width => new float[width])];

    /// <summary>Where the weights of an output begin.</summary>
    public int RowStart(int layer, int output) => _starts[layer] + (output * _widths[layer]);

    /// <summary>Where the biases of a layer begin.</summary>
    public int BiasStart(int layer) => _starts[layer] + (_widths[layer] * _widths[layer + 1]);

    public ReadOnlySpan<float> Row(int layer, int output) => Parameters.AsSpan(RowStart(layer, output), _widths[layer]);

    /// <summary>Computes every output from the input that lies in the room.</summary>
    public void Forward(float[][] room)
    {
        ForwardHidden(room);
        var last = Layers - 1;
        for (var output = 0; output < _widths[^1]; output++)
        {
            room[^1][output] = Sum(room, last, output);
        }
    }

    /// <summary>One output alone: the others' part of the last layer is not computed.</summary>
    public float ForwardOne(float[][] room, int output)
    {
        ForwardHidden(room);
        return Sum(room, Layers - 1, output);
    }

    private void ForwardHidden(float[][] room)
    {
        for (var layer = 0; layer < Layers - 1; layer++)
        {
            var values = room[layer + 1];
            for (var output = 0; output < values.Length; output++)
            {
                values[output] = Math.Max(0, Sum(room, layer, output));
            }
        }
    }

    private float Sum(float[][] room, int layer, int output) =>
        VectorLoops.Dot(Row(layer, output), room[layer]) + Parameters[BiasStart(layer) + output];
}
