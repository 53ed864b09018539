using TokenStream.Detection.SrCnn;
using Xunit;

namespace TokenStream.Tests.Detection.SrCnn;

public sealed class SrCnnTrainerTests
{
    private static readonly SrCnnTrainingOptions Small = new() { Seed = 7, Epochs = 3, Hidden = [16, 8], Batch = 32, WarmUpSteps = 10 };

    [Fact]
    public void The_same_seed_gives_the_same_file_whatever_the_threads()
    {
        var series = SyntheticSeries.Make(7, count: 12, points: 1000);
        var file = Train(series, Small).Write();
        Assert.Equal(file, Train(series, Small).Write());
        Assert.Equal(file, Train(series, Small with { Threads = 3 }).Write());
        Assert.NotEqual(file, Train(series, Small with { Seed = 8 }).Write());
    }

    [Fact]
    public void What_was_put_in_is_found_in_series_that_were_not_trained_on()
    {
        var losses = new List<double>();
        var series = SyntheticSeries.Make(1, count: 30, points: 2000);
        var options = Small with { Seed = 1, Epochs = 8, Hidden = [32] };
        var weights = SrCnnTrainer.Train(series, options, "synthetic", "none", done => losses.Add(done.Loss), CancellationToken.None);
        Assert.Equal(8, losses.Count);
        Assert.True(losses[^1] < 0.7 * losses[0], $"the loss went from {losses[0]} to {losses[^1]}");

        // A network that has learnt nothing finds one of a hundred, as many as its threshold lets through.
        Assert.True(weights.Header.HeldOutRecall > 0.2, $"{weights.Header.HeldOutRecall} was found");
        Assert.Equal(3 * 30, weights.Header.HeldOutWindows);
        Assert.Equal(27 * 30, weights.Header.Windows);
    }

    [Fact]
    public void The_header_says_what_the_weights_were_made_from()
    {
        var header = Train(SyntheticSeries.Make(7, count: 3, points: 500), Small).Header;
        Assert.Equal([128, 16, 8, 128], header.Layers);
        Assert.Equal((SrCnnTrainer.Version, 7, 3), (header.TrainerVersion, header.Seed, header.Epochs));
        Assert.Equal(("some series", "MIT"), (header.Data, header.Licence));

        // Windows begin at 0, 64, .. 320; with fewer than ten series none is held out.
        Assert.Equal((3 * 6, 0, (double?)null), (header.Windows, header.HeldOutWindows, header.HeldOutRecall));
    }

    [Fact]
    public void Series_that_are_short_or_constant_are_nothing_to_train_on()
    {
        var failure = Assert.Throws<ArgumentException>(() => Train([new double[122], new double[5000]], Small));
        Assert.Contains("nothing to train on", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_that_cannot_be_is_named()
    {
        var options = Small with { Epochs = 0, Hidden = [12], Threads = 0 };
        var failure = Assert.Throws<ArgumentException>(() => Train([[.. Enumerable.Range(0, 200)]], options));
        Assert.Contains("0 epochs", failure.Message, StringComparison.Ordinal);
        Assert.Contains("hidden layers 12", failure.Message, StringComparison.Ordinal);
        Assert.Contains("threads", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_training_can_be_stopped()
    {
        using var stopped = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => SrCnnTrainer.Train(
            SyntheticSeries.Make(7, count: 3, points: 500), Small, "", "", _ => stopped.Cancel(), stopped.Token));
    }

    [Fact]
    public void Only_points_that_stand_out_in_the_map_are_labelled()
    {
        var sample = new TrainingSample();
        var drawn = new Simulated(3);
        var input = new float[SrCnnWindow.Length];
        var labels = new float[SrCnnWindow.Length];
        var (newest, all) = (0, 0);
        for (var i = 0; i < 2000; i++)
        {
            Assert.True(sample.TryMake(drawn.Noise(100, 10, SrCnnWindow.Points), new SeededRandom(1, i), input, labels));
            Assert.InRange(labels.Sum(), 0, 10);
            Assert.All(labels[SrCnnWindow.Points..], label => Assert.Equal(0, label));
            for (var point = 2; point < SrCnnWindow.Points; point++)
            {
                Assert.True(labels[point] == 0 || 3 * input[point] >= (input[point] + input[point - 1] + input[point - 2]) * 0.999);
            }

            newest += (int)labels[SrCnnWindow.Newest];
            all += (int)labels.Sum();
        }

        // Five points of a window on average, the newest a quarter of the times; most of them are large enough to stand out.
        Assert.InRange(newest, 250, 600);
        Assert.InRange(all, 2000 * 2.5, 2000 * 5.3);
        Assert.False(sample.TryMake(new double[SrCnnWindow.Points], new SeededRandom(1), input, labels));
    }

    [Fact]
    public void Synthetic_series_are_finite_never_negative_and_those_of_their_seed()
    {
        var series = SyntheticSeries.Make(5, count: 40, points: 1500);
        Assert.All(series, values => Assert.All(values, value => Assert.True(double.IsFinite(value) && value >= 0)));
        Assert.Equal(series, SyntheticSeries.Make(5, count: 40, points: 1500));
        Assert.NotEqual(series[0], SyntheticSeries.Make(6, count: 1, points: 1500)[0]);
        Assert.True(series.Count(values => values.All(value => value == Math.Round(value))) is > 15 and < 38);
    }

    [Fact]
    public void Numbers_are_those_of_SplitMix64_and_have_their_moments()
    {
        // The published generator from the state 0: E220A8397B1DCDAF, 6E789E6AA1B965F4, 06C45D188009454F.
        var random = default(SeededRandom);
        Assert.Equal(0xE220A8397B1DCDAF, random.Next());
        Assert.Equal(0x6E789E6AA1B965F4UL, random.Next());
        Assert.Equal(0x06C45D188009454FUL, random.Next());

        double normal = 0, square = 0, small = 0, large = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var drawn = random.Normal();
            (normal, square) = (normal + drawn, square + (drawn * drawn));
            (small, large) = (small + random.Poisson(2.5), large + random.Poisson(400));
        }

        Assert.Equal(0, normal / 20_000, 0.04);
        Assert.Equal(1, square / 20_000, 0.05);
        Assert.Equal(2.5, small / 20_000, 0.06);
        Assert.Equal(400, large / 20_000, 0.8);
    }

    private static SrCnnWeights Train(IReadOnlyList<double[]> series, SrCnnTrainingOptions options) =>
        SrCnnTrainer.Train(series, options, "some series", "MIT", _ => { }, CancellationToken.None);
}
