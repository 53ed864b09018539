using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PicodollarsTests
{
    [Theory]
    [InlineData(0, "0.00 USD", "0.00 USD", "0 USD")]
    [InlineData(1, "0.00 USD", "0.00 USD", "0.000000000001 USD")]
    [InlineData(499_999, "0.00 USD", "0.00 USD", "0.000000499999 USD")]
    [InlineData(500_000, "0.00 USD", "0.000001 USD", "0.0000005 USD")]
    [InlineData(5_000_000_000, "0.01 USD", "0.005 USD", "0.005 USD")]
    [InlineData(12_345_678_901_234, "12.35 USD", "12.345679 USD", "12.345678901234 USD")]
    [InlineData(500_000_000_000_000, "500.00 USD", "500.00 USD", "500 USD")]
    [InlineData(-1_500_000_000_000, "-1.50 USD", "-1.50 USD", "-1.5 USD")]
    [InlineData(long.MaxValue, "9223372.04 USD", "9223372.036855 USD", "9223372.036854775807 USD")]
    public void Dollars_are_rounded_to_cents_or_millionths_or_not_at_all(long picodollars, string cents, string millionths, string exact) =>
        Assert.Equal((cents, millionths, exact), (Picodollars.Cents(picodollars), Picodollars.Millionths(picodollars), Picodollars.Exact(picodollars)));
}
