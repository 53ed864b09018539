using TokenStream.Detection.Silence;
using Xunit;

namespace TokenStream.Tests.Detection.Silence;

/// <summary>How often silence is cried without one, and how soon where there is one, in simulated traffic of many kinds; all from seeds.</summary>
public sealed class SilenceRateTests
{
    private const int Day = Traffic.DayMinutes;
    private const int Days = 15;
    private const int Tenants = 8;
    private const int OutageDay = 10;

    /// <summary>Peak events a minute, dispersion of a minute, dispersion of a burst of up to half an hour.</summary>
    private static readonly (double Peak, double Dispersion, double Burst)[] Kinds =
    [
        (5, 0.1, 0), (50, 0.1, 0), (300, 0.1, 0), (300, 0.02, 0), (300, 0, 0), (50, 0.5, 0.5), (300, 0.5, 0.5), (300, 0.5, 2), (300, 1, 4), (3000, 0.3, 1), (20, 1, 3),
    ];

    [Fact]
    public void Bursty_traffic_with_silent_nights_has_less_than_one_false_alarm_in_a_hundred_tenant_days()
    {
        var (alarms, text) = (0, new List<string>());
        foreach (var kind in Kinds)
        {
            for (var tenant = 0; tenant < Tenants; tenant++)
            {
                var (wrong, _) = Live(kind, tenant, outageMinutes: 0);
                alarms += wrong;
                text.AddRange(wrong > 0 ? [$"{kind} {tenant}: {wrong}"] : []);
            }
        }

        Assert.True(alarms < 0.01 * Kinds.Length * Tenants * Days, $"{alarms} false alarms: {string.Join("; ", text)}");
    }

    [Theory]
    [InlineData(5, 0.1, 10)]
    [InlineData(50, 0.1, 10)]
    [InlineData(300, 0.1, 10)]
    [InlineData(300, 0, 3)]
    public void An_outage_at_noon_is_noticed_soon_where_traffic_is_steady(double peak, double dispersion, int within)
    {
        for (var tenant = 0; tenant < Tenants; tenant++)
        {
            var (_, delay) = Live((peak, dispersion, 0), tenant, outageMinutes: 30);
            Assert.InRange(delay ?? int.MaxValue, 0, within);
        }
    }

    private static (int Wrong, int? Delay) Live((double Peak, double Dispersion, double Burst) kind, int tenant, int outageMinutes)
    {
        var (book, traffic) = (new SilenceBook(new SilenceOptions()), new Traffic((tenant * 31) + 7));
        var (wrong, delay) = (0, (int?)null);
        var outage = (OutageDay * Day) + (Day / 2);
        for (var minute = 0; minute < Days * Day; minute++)
        {
            var events = traffic.Daily(minute, kind.Peak, kind.Dispersion, kind.Burst);
            var isOut = minute >= outage && minute < outage + outageMinutes;
            var minuteMs = SilenceStory.StartMs + (minute * SilenceStory.MinuteMs);
            book.AddGateway(new GatewayMinute("prod", "edge", minuteMs, isOut ? 0 : events, 0));
            foreach (var anomaly in book.EndMinute(minuteMs))
            {
                wrong += anomaly.EndedMs is null && !isOut ? 1 : 0;
                delay ??= anomaly.EndedMs is null && isOut ? minute - outage : null;
            }
        }

        return (wrong, delay);
    }
}
