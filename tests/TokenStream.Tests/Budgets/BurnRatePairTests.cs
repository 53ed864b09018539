using TokenStream.Budgets;
using Xunit;

namespace TokenStream.Tests.Budgets;

public sealed class BurnRatePairTests
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    [Fact]
    public void A_month_of_30_days_has_the_pairs_of_the_workbook()
    {
        var pairs = BurnRatePair.Of(BurnFactor.Defaults, 30 * Day);
        Assert.Equal([(Hour, 5 * Minute), (6 * Hour, 30 * Minute), (Day, 2 * Hour), (3 * Day, 6 * Hour)], pairs.Select(pair => (pair.LongMs, pair.ShortMs)));
        Assert.Equal([2m, 5m, 10m, 10m], pairs.Select(pair => pair.SharePercent));
    }

    // 2 % of the day / 14.4 = 120 s, so the least of 5 min: 14.4 x 300 / 86400 = 5 %. 5 % / 6 = 720 s. 10 % / 3 = 2880 s. 10 % / 1 = 8640 s.
    [Fact]
    public void A_day_has_pairs_of_minutes()
    {
        var pairs = BurnRatePair.Of(BurnFactor.Defaults, Day);
        Assert.Equal([300_000, 720_000, 2_880_000, 8_640_000], pairs.Select(pair => pair.LongMs));
        Assert.Equal([60_000, 60_000, 240_000, 720_000], pairs.Select(pair => pair.ShortMs));
        Assert.Equal(5m, pairs[0].SharePercent);
    }

    // At 4.8 hours the least long lookback stands for 14.4 x 300 / 17280 = 25 %, at one second less for more.
    [Theory]
    [InlineData(17_280, 4)]
    [InlineData(17_279, 3)]
    public void A_pair_whose_least_lookback_stands_for_more_than_a_quarter_is_left_out(long periodSeconds, int expected) =>
        Assert.Equal(expected, BurnRatePair.Of(BurnFactor.Defaults, periodSeconds * 1000).Count);

    [Fact]
    public void A_large_share_that_was_asked_for_stays() =>
        Assert.Equal(50m, Assert.Single(BurnRatePair.Of([new BurnFactor(2, 50)], 30 * Day)).SharePercent);

    // 10 % of 23 and 25 hours / 0.3: 27,600 s and 30,000 s; a twelfth of them.
    [Theory]
    [InlineData(23, 27_600, 2_300)]
    [InlineData(25, 30_000, 2_500)]
    public void Days_of_clock_changes_have_lookbacks_of_their_own(int hours, long longSeconds, long shortSeconds)
    {
        var pair = Assert.Single(BurnRatePair.Of([new BurnFactor(0.3m, 10)], hours * Hour));
        Assert.Equal((longSeconds * 1000, shortSeconds * 1000), (pair.LongMs, pair.ShortMs));
    }

    [Theory]
    [InlineData(1, 10_000)]
    [InlineData(10_000, 10_000)]
    [InlineData(3_600_000, 3_600_000)]
    [InlineData(3_600_001, 3_660_000)]
    [InlineData(86_400_000, 86_400_000)]
    [InlineData(86_400_001, 87_000_000)]
    public void Lookbacks_are_whole_numbers_of_what_sums_are_kept_for(long asked, long expected) => Assert.Equal(expected, BurnRatePair.RoundUp(asked));

    // 31 days: 1 % / 7 = 3826.28.. s, rounded up to the minute: 3840 s; a twelfth of it is 320 s exactly.
    [Fact]
    public void Quotients_without_an_end_are_rounded_up()
    {
        var pair = Assert.Single(BurnRatePair.Of([new BurnFactor(7, 1)], 31 * Day));
        Assert.Equal((3_840_000, 320_000), (pair.LongMs, pair.ShortMs));
    }
}
