using TokenStream.Detection.SrCnn;
using Xunit;

namespace TokenStream.Tests.Detection.SrCnn;

public sealed class DenseNetworkTests
{
    [Theory]
    [InlineData(8, 8)]
    [InlineData(8, 16, 24, 8)]
    [InlineData(128, 32, 64, 32, 128)]
    public void Outputs_equal_a_plain_computation_in_double(params int[] widths)
    {
        var network = Drawn(widths, seed: 1);
        var random = new Random(2);
        var room = network.CreateRoom();
        for (var sample = 0; sample < 20; sample++)
        {
            var input = Enumerable.Range(0, widths[0]).Select(_ => (float)(random.NextDouble() * 3)).ToArray();
            input.CopyTo(room[0], 0);
            network.Forward(room);
            var expected = Plain(network.Parameters.Select(parameter => (double)parameter).ToArray(), widths, input);
            for (var output = 0; output < expected.Length; output++)
            {
                Assert.Equal(expected[output], room[^1][output], 1e-4 * (1 + Math.Abs(expected[output])));
                Assert.Equal(room[^1][output], network.ForwardOne(room, output));
            }
        }
    }

    [Fact]
    public void Gradients_equal_finite_differences_of_a_plain_loss()
    {
        int[] widths = [16, 24, 8, 16];
        var network = Drawn(widths, seed: 3);
        var gradient = new DenseGradient(network);
        var random = new Random(4);
        var inputs = new float[3][];
        var labels = new float[3][];
        float[] weights = [.. Enumerable.Range(1, 16).Select(output => output == 5 ? 4f : 1f)];
        for (var sample = 0; sample < inputs.Length; sample++)
        {
            inputs[sample] = [.. Enumerable.Range(0, 16).Select(_ => (float)(random.NextDouble() * 2))];
            labels[sample] = [.. Enumerable.Range(0, 16).Select(_ => random.Next(4) == 0 ? 1f : 0f)];
            inputs[sample].CopyTo(gradient.Input);
            gradient.Add(labels[sample], weights);
        }

        var parameters = network.Parameters.Select(parameter => (double)parameter).ToArray();
        double Loss() => inputs.Zip(labels, (input, label) => CrossEntropy(Plain(parameters, widths, input), label, weights)).Sum();
        Assert.Equal(Loss(), gradient.Loss, 1e-3);
        const double Step = 1e-5;
        for (var i = 0; i < parameters.Length; i++)
        {
            var kept = parameters[i];
            parameters[i] = kept + Step;
            var above = Loss();
            parameters[i] = kept - Step;
            var below = Loss();
            parameters[i] = kept;
            Assert.Equal((above - below) / (2 * Step), gradient.Sums[i], 2e-3);
        }
    }

    [Fact]
    public void Adam_steps_as_its_paper_says()
    {
        // Gradients 1, 1, -2 at a rate of 0.1. By hand: the first two steps are 0.1 each; at the third the mean is
        // (0.9 * 0.19 - 0.2) / (1 - 0.9^3) = -0.107011, the square (0.999 * 0.001999 + 0.004) / (1 - 0.999^3) = 2.001001,
        // the step 0.1 * 0.107011 / 1.414568 = 0.00756493 upwards.
        var optimizer = new AdamOptimizer(1);
        float[] parameter = [5];
        optimizer.Step(parameter, [10], 0.1f, 0.1);
        Assert.Equal(4.9, parameter[0], 1e-5);
        optimizer.Step(parameter, [10], 0.1f, 0.1);
        Assert.Equal(4.8, parameter[0], 1e-5);
        optimizer.Step(parameter, [-20], 0.1f, 0.1);
        Assert.Equal(4.80756493, parameter[0], 1e-5);
    }

    [Theory]
    [InlineData(128)]
    [InlineData(128, 12, 128)]
    [InlineData(128, 0, 128)]
    [InlineData(128, 8192, 128)]
    public void Widths_that_are_no_whole_eights_are_refused(params int[] widths) =>
        Assert.Throws<ArgumentException>(() => new DenseNetwork(widths));

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(40)]
    public void Rows_are_multiplied_and_added_whole(int length)
    {
        var random = new Random(length);
        float[] left = [.. Enumerable.Range(0, length).Select(_ => (float)random.Next(-9, 10))];
        float[] right = [.. Enumerable.Range(0, length).Select(_ => (float)random.Next(-9, 10))];
        Assert.Equal(left.Zip(right, (a, b) => a * b).Sum(), VectorLoops.Dot(left, right));
        float[] expected = [.. left.Zip(right, (a, b) => a + (3 * b))];
        VectorLoops.AddScaled(left, 3, right);
        Assert.Equal(expected, left);
        Assert.Throws<ArgumentException>(() => VectorLoops.Dot(left, right.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => VectorLoops.Dot(left.AsSpan(1), right.AsSpan(1)));
    }

    internal static DenseNetwork Drawn(int[] widths, int seed)
    {
        var network = new DenseNetwork(widths);
        var drawn = new Simulated(seed);
        for (var i = 0; i < network.Parameters.Length; i++)
        {
            network.Parameters[i] = (float)(0.3 * drawn.Normal());
        }

        return network;
    }

    /// <summary>Layer after layer: weights of each output side by side, behind them the biases; ReLU between layers.</summary>
    internal static double[] Plain(double[] parameters, IReadOnlyList<int> widths, IEnumerable<float> input)
    {
        double[] values = [.. input.Select(value => (double)value)];
        var at = 0;
        for (var layer = 1; layer < widths.Count; layer++)
        {
            var next = new double[widths[layer]];
            for (var output = 0; output < next.Length; output++)
            {
                for (var i = 0; i < values.Length; i++)
                {
                    next[output] += parameters[at++] * values[i];
                }
            }

            for (var output = 0; output < next.Length; output++)
            {
                next[output] += parameters[at++];
                next[output] = layer < widths.Count - 1 ? Math.Max(0, next[output]) : next[output];
            }

            values = next;
        }

        return values;
    }

    private static double CrossEntropy(double[] odds, float[] labels, float[] weights) => Enumerable.Range(0, odds.Length).Sum(output =>
    {
        var probability = 1 / (1 + Math.Exp(-odds[output]));
        return -weights[output] * Math.Log(labels[output] == 1 ? probability : 1 - probability);
    });
}
