namespace TokenStream.Detection.SrCnn;

/// <summary>
/// Sums up, over samples, the gradient of the binary cross-entropy of a network's outputs against labels. For one thread; gradients of
/// parts of a batch are added up in the order of the parts, so that the sum does not depend on who computed them.
/// </summary>
internal sealed class DenseGradient
{
    private readonly DenseNetwork _network;
    private readonly float[][] _room;
    private readonly float[][] _deltas;

    public DenseGradient(DenseNetwork network)
    {
        _network = network;
        _room = network.CreateRoom();
        _deltas = network.CreateRoom();
        Sums = new float[network.Parameters.Length];
    }

    /// <summary>By parameter, in the order of the network's.</summary>
    public float[] Sums { get; }

    /// <summary>Weighted cross-entropy of all outputs of all samples.</summary>
    public double Loss { get; private set; }

    public int Samples { get; private set; }

    /// <summary>Where the next sample's input goes.</summary>
    public Span<float> Input => _room[0];

    public void Clear()
    {
        Array.Clear(Sums);
        Loss = 0;
        Samples = 0;
    }

    /// <summary>Takes in the sample whose input lies in <see cref="Input"/>.</summary>
    /// <param name="labels">Of each output what it should be, 0 or 1.</param>
    /// <param name="weights">Of each output how much it counts.</param>
    public void Add(ReadOnlySpan<float> labels, ReadOnlySpan<float> weights)
    {
        _network.Forward(_room);
        Samples++;
        var odds = _room[^1];
        for (var output = 0; output < odds.Length; output++)
        {
            var odd = (double)odds[output];
            var shrunk = Math.Exp(-Math.Abs(odd));
            Loss += weights[output] * (Math.Max(odd, 0) - (odd * labels[output]) + Math.Log(1 + shrunk));
            _deltas[^1][output] = weights[output] * ((float)(odd >= 0 ? 1 / (1 + shrunk) : shrunk / (1 + shrunk)) - labels[output]);
        }

        for (var layer = _network.Layers - 1; layer >= 0; layer--)
        {
            Back(layer);
        }
    }

    private void Back(int layer)
    {
        var inputs = _room[layer];
        var before = _deltas[layer];
        Array.Clear(before);
        var biases = _network.BiasStart(layer);
        for (var output = 0; output < _deltas[layer + 1].Length; output++)
        {
            var delta = _deltas[layer + 1][output];
            if (delta == 0)
            {
                continue;
            }

            Sums[biases + output] += delta;
            VectorLoops.AddScaled(Sums.AsSpan(_network.RowStart(layer, output), inputs.Length), delta, inputs);
            if (layer > 0)
            {
                VectorLoops.AddScaled(before, delta, _network.Row(layer, output));
            }
        }

        for (var i = 0; layer > 0 && i < before.Length; i++)
        {
            before[i] = inputs[i] > 0 ? before[i] : 0;
        }
    }
}
