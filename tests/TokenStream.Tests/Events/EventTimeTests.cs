using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

public sealed class EventTimeTests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("2026-01-31T23:59:59.123Z", 1_769_903_999_123)]
    [InlineData("2024-02-29T12:00:00z", 1_709_208_000_000)]
    [InlineData("2026-03-01t12:59:59.25+01:00", 1_772_366_399_250)]
    [InlineData("2026-03-01T06:29:59.999999999-05:30", 1_772_366_399_999)]
    [InlineData("2016-12-31T23:59:60Z", 1_483_228_800_000)]
    [InlineData("2017-01-01T05:29:60.5+05:30", 1_483_228_800_500)]
    [InlineData("1900-03-01T00:00:00-00:00", -2_203_891_200_000)]
    [InlineData("9999-12-31T23:59:59.999Z", 253_402_300_799_999)]
    public void A_time_is_read_to_the_millisecond(string text, long expected)
    {
        Assert.True(EventTime.TryParse(Encoding.UTF8.GetBytes(text), out var timeMs));
        Assert.Equal(expected, timeMs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31T23:59:59")]
    [InlineData("2026-01-31 23:59:59Z")]
    [InlineData("2026-01-31T23:59:59.Z")]
    [InlineData("2026-01-31T23:59:59.1234567890Z")]
    [InlineData("2026-02-29T00:00:00Z")]
    [InlineData("2100-02-29T00:00:00Z")]
    [InlineData("2026-13-01T00:00:00Z")]
    [InlineData("2026-00-01T00:00:00Z")]
    [InlineData("2026-01-00T00:00:00Z")]
    [InlineData("2026-01-01T24:00:00Z")]
    [InlineData("2026-01-01T00:60:00Z")]
    [InlineData("2026-01-01T00:00:60Z")]
    [InlineData("2016-12-31T23:59:61Z")]
    [InlineData("2026-01-01T00:00:00+24:00")]
    [InlineData("2026-01-01T00:00:00+0100")]
    [InlineData("2026-01-01T00:00:00Zx")]
    [InlineData("2026-01-01T00:00:0:Z")]
    [InlineData("2026-01-01T00:00:00.12a")]
    public void Anything_else_is_no_time(string text)
    {
        Assert.False(EventTime.TryParse(Encoding.UTF8.GetBytes(text), out _));
    }

    /// <summary>Every day of two centuries against the base library's calendar.</summary>
    [Fact]
    public void Every_day_agrees_with_the_calendar()
    {
        for (var day = new DateTime(1899, 12, 30, 13, 7, 9, DateTimeKind.Utc); day.Year < 2110; day = day.AddDays(1))
        {
            var text = day.ToString("yyyy-MM-ddTHH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(EventTime.TryParse(Encoding.UTF8.GetBytes(text), out var timeMs));
            Assert.Equal((long)(day - DateTime.UnixEpoch).TotalMilliseconds, timeMs);
        }
    }

    [Theory]
    [InlineData("1420070399999", DecodeReason.TimeUnusable)]
    [InlineData("1772366399", DecodeReason.TimeUnusable)]
    [InlineData("1772366399000000", DecodeReason.TimeUnusable)]
    [InlineData("\"2014-12-31T23:59:59.999Z\"", DecodeReason.TimeUnusable)]
    [InlineData("\"yesterday\"", DecodeReason.TimeInvalid)]
    [InlineData("1772366399000.5", DecodeReason.NotAnInteger)]
    [InlineData("true", DecodeReason.WrongType)]
    [InlineData("1420070400000", DecodeReason.None)]
    public void A_time_out_of_reach_is_refused(string time, DecodeReason reason)
    {
        var decode = new DecodeFixture();
        decode.TryDecode(Encoding.UTF8.GetBytes($$"""{"kind":"tick","time":{{time}}}"""), out _, out var error);

        Assert.Equal(reason, error.Reason);
    }
}
