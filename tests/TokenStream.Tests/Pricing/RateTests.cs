using System.Globalization;
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class RateTests
{
    /// <summary>Prices per million tokens, counts and the cost in picodollars, rounded by hand: ties go to the even neighbour.</summary>
    [Theory]
    [InlineData("2.5", 1, 2_500_000)]
    [InlineData("0.0000005", 1, 0)]
    [InlineData("0.0000005", 3, 2)]
    [InlineData("0.0000005", 5, 2)]
    [InlineData("0.0000005", 7, 4)]
    [InlineData("0.0000015", 1, 2)]
    [InlineData("0.0000004", 1, 0)]
    [InlineData("0.0000006", 1, 1)]
    [InlineData("0.0000005", -1, 0)]
    [InlineData("0.0000005", -3, -2)]
    [InlineData("0.0000006", -1, -1)]
    [InlineData("0.08333333333333334", 1, 83_333)]
    [InlineData("0.08333333333333334", 3, 250_000)]
    [InlineData("0", 1_000_000, 0)]
    public void Costs_are_rounded_once_half_to_even(string price, long count, long expected)
    {
        Assert.True(PriceText.TryParse(price, RateUnits.Million, out var rate, out _));
        Assert.True(rate.TryCost(count, out var cost));
        Assert.Equal(expected, cost);
    }

    [Fact]
    public void Costs_equal_those_of_unbounded_integers()
    {
        var inputs = ArbMap.Default.ArbFor<(long Count, long Price, int Digits)>();
        Check.QuickThrowOnFailure(Prop.ForAll(inputs, input =>
        {
            // A price of up to 18 digits with 0 to 17 decimals, per million tokens.
            var digits = Math.Abs(input.Digits % 18);
            var price = PriceText.FormatDecimal(BigInteger.Abs(input.Price) % 1_000_000_000_000_000, digits);
            var count = input.Count % (1L << 40);
            if (!PriceText.TryParse(price, RateUnits.Million, out var rate, out _))
            {
                return false;
            }

            var expected = RoundedHalfEven(BigInteger.Abs(input.Price) % 1_000_000_000_000_000 * count * 1_000_000, BigInteger.Pow(10, digits));
            return rate.TryCost(count, out var cost) ? cost == expected : BigInteger.Abs(expected) > long.MaxValue;
        }));
    }

    [Fact]
    public void Costs_of_usual_sizes_equal_those_of_decimals()
    {
        var random = new Random(20260821);
        for (var round = 0; round < 100_000; round++)
        {
            var price = random.Next(0, 1_000_000) / (decimal)Math.Pow(10, random.Next(3, 13));
            var count = random.NextInt64(0, 1_000_000_000);
            Assert.True(PriceText.TryParse(price.ToString(CultureInfo.InvariantCulture), RateUnits.Million, out var rate, out _));
            Assert.True(rate.TryCost(count, out var cost));
            Assert.Equal(decimal.Round(price * count * 1_000_000m, 0, MidpointRounding.ToEven), cost);
        }
    }

    [Theory]
    [InlineData("3e-06", 3_000_000, 1)]
    [InlineData("3E-6", 3_000_000, 1)]
    [InlineData("8.333333333333334e-08", 4_166_666_666_666_667, 50_000_000_000)]
    [InlineData("0.04", 40_000_000_000, 1)]
    [InlineData("1e-13", 1, 10)]
    [InlineData("0", 0, 1)]
    public void Prices_of_one_unit_are_read_exactly(string price, long numerator, long denominator)
    {
        Assert.True(PriceText.TryParse(price, 1, out var rate, out _));
        Assert.Equal((numerator, denominator), (rate.Numerator, rate.Denominator));
        Assert.Equal(decimal.Parse(price, NumberStyles.Float, CultureInfo.InvariantCulture).ToString("0.#############################", CultureInfo.InvariantCulture), PriceText.Format(rate, 1));
    }

    [Theory]
    [InlineData("", "is not a decimal number")]
    [InlineData("free", "is not a decimal number")]
    [InlineData("1,5", "is not a decimal number")]
    [InlineData("1.", "is not a decimal number")]
    [InlineData(".5", "is not a decimal number")]
    [InlineData("-.5", "is not a decimal number")]
    [InlineData("1e99", "is not a decimal number")]
    [InlineData("1.2.3", "is not a decimal number")]
    [InlineData("1e", "is not a decimal number")]
    [InlineData("NaN", "is not a decimal number")]
    [InlineData("0x10", "is not a decimal number")]
    [InlineData("-1", "is negative; a price is zero or more")]
    [InlineData("-0.0001", "is negative; a price is zero or more")]
    [InlineData("1e30", "is too large or has too many digits to be kept exactly")]
    [InlineData("1.23456789012345678901234567", "is too large or has too many digits to be kept exactly")]
    public void Texts_that_are_no_price_are_refused_with_the_reason(string text, string expected)
    {
        Assert.False(PriceText.TryParse(text, RateUnits.Million, out _, out var reason));
        Assert.Equal(expected, reason);
    }

    [Theory]
    [InlineData("20%", 4, 5)]
    [InlineData("12.5 %", 7, 8)]
    [InlineData("0%", 1, 1)]
    [InlineData("100%", 0, 1)]
    public void Discounts_are_factors(string text, long numerator, long denominator)
    {
        Assert.True(PriceText.TryParseDiscount(text, out var factor, out _));
        Assert.Equal((numerator, denominator), (factor.Numerator, factor.Denominator));
    }

    [Theory]
    [InlineData("20")]
    [InlineData("101%")]
    [InlineData("-1%")]
    [InlineData("%")]
    [InlineData("half")]
    public void Texts_that_are_no_discount_are_refused(string text) => Assert.False(PriceText.TryParseDiscount(text, out _, out _));

    [Fact]
    public void A_discount_with_more_digits_than_fit_is_rounded_in_the_eighteenth()
    {
        Assert.True(PriceText.TryParse("0.08333333333333334", RateUnits.Million, out var rate, out _));
        Assert.True(PriceText.TryParseDiscount("12.3456789%", out var factor, out _));

        var discounted = rate.Discounted(factor);
        var exact = (BigInteger)rate.Numerator * factor.Numerator;
        var error = BigInteger.Abs((exact * discounted.Denominator) - ((BigInteger)discounted.Numerator * rate.Denominator * factor.Denominator));
        Assert.True(error * 1_000_000_000_000_000_00 < exact * discounted.Denominator);
    }

    private static BigInteger RoundedHalfEven(BigInteger numerator, BigInteger denominator)
    {
        var quotient = BigInteger.DivRem(BigInteger.Abs(numerator), denominator, out var remainder);
        var half = (2 * remainder).CompareTo(denominator);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return quotient * numerator.Sign;
    }
}
