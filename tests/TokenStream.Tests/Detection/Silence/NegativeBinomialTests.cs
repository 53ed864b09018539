using TokenStream.Detection.Silence;
using Xunit;

namespace TokenStream.Tests.Detection.Silence;

public sealed class NegativeBinomialTests
{
    [Theory]
    [InlineData(0, 20, 0.02)]
    [InlineData(0, 0.5, 1)]
    [InlineData(3, 20, 0.5)]
    [InlineData(40, 100, 0.1)]
    [InlineData(49, 100, 0.02)]
    [InlineData(900, 2_000, 0.05)]
    [InlineData(7, 1_000, 2)]
    [InlineData(100, 250, 1e-6)]
    public void The_tail_is_the_sum_of_its_terms(int count, double mean, double dispersion)
    {
        // p(0) = (1 + d m)^(-1/d), p(i + 1) = p(i) (1/d + i) / (i + 1) * m / (1/d + m): added up from the largest.
        var size = 1 / dispersion;
        var log = -size * Math.Log(1 + (mean / size));
        var logs = new List<double>();
        for (var i = 0; i <= count; i++)
        {
            logs.Add(log);
            log += Math.Log((size + i) / (i + 1) * mean / (size + mean));
        }

        var largest = logs.Max();
        var exact = (largest + Math.Log(logs.Sum(term => Math.Exp(term - largest)))) / Math.Log(10);
        Assert.Equal(exact, NegativeBinomial.Log10OfAtMost(count, mean, dispersion), 1e-6 * Math.Max(1, -exact));
    }

    [Fact]
    public void Without_dispersion_it_is_Poissons() =>
        Assert.Equal(-200 / Math.Log(10), NegativeBinomial.Log10OfAtMost(0, 200, 0), 0.01);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5, 5)]
    [InlineData(6, 5)]
    public void What_is_not_below_the_mean_is_no_silence(double count, double mean) =>
        Assert.Equal(0, NegativeBinomial.Log10OfAtMost(count, mean, 0.5));

    [Fact]
    public void Large_counts_neither_overflow_nor_take_long()
    {
        var value = NegativeBinomial.Log10OfAtMost(4e8, 1e9, 0.1);
        Assert.True(double.IsFinite(value) && value < -1);
    }
}
