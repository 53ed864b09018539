using System.Globalization;
using TokenStream.Budgets;
using Xunit;

namespace TokenStream.Tests.Budgets;

/// <summary>Expected instants come from published time zone changes; the wide comparison with another program is an integration test.</summary>
public sealed class PeriodCalendarTests
{
    public static TheoryData<string> Zones { get; } =
    [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Beirut", "America/Sao_Paulo",
        "Pacific/Apia", "Asia/Kathmandu", "Atlantic/Azores", "America/St_Johns", "Africa/Casablanca", "Europe/Dublin", "UTC",
    ];

    private static readonly BudgetPeriod[] Kinds =
    [
        new(PeriodKind.Day), new(PeriodKind.Week), new(PeriodKind.Month), new(PeriodKind.FiscalMonth, StartDay: 15), new(PeriodKind.FiscalMonth, StartDay: 29),
        new(PeriodKind.FiscalMonth, StartDay: 30), new(PeriodKind.FiscalMonth, StartDay: 31),
    ];

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")] // 23 hours
    [InlineData("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")] // 25 hours
    [InlineData("Asia/Kathmandu", "2026-07-01T00:00:00Z", "2026-06-30T18:15:00Z", "2026-07-01T18:15:00Z")] // 5:45 ahead
    [InlineData("America/Havana", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z")] // midnight is missing: 1:00 is first
    [InlineData("America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z")] // midnight twice: the first
    [InlineData("America/Sao_Paulo", "2018-02-17T12:00:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z")] // 23:00 twice
    [InlineData("Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z")] // the 29th
    [InlineData("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")] // the 31st: no 30th
    [InlineData("Australia/Lord_Howe", "2026-04-05T00:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z")] // 24.5 hours
    public void A_day_begins_at_the_first_valid_instant_of_its_midnight(string zone, string at, string start, string end) =>
        Assert.Equal(new PeriodSpan(Ms(start), Ms(end)), new PeriodCalendar(new BudgetPeriod(PeriodKind.Day, zone)).At(Ms(at)));

    // St. John's clock went from 0:01 back to 23:01 in 2008: midnight was at 2:30 UTC, a second one at 3:30 UTC.
    [Theory]
    [InlineData("2008-11-02T02:30:00Z")]
    [InlineData("2008-11-02T02:45:00Z")]
    [InlineData("2008-11-02T03:15:00Z")]
    public void What_lies_between_two_midnights_belongs_to_the_day_that_has_begun(string at) =>
        Assert.Equal(Ms("2008-11-02T02:30:00Z"), new PeriodCalendar(new BudgetPeriod(PeriodKind.Day, "America/St_Johns")).At(Ms(at)).StartMs);

    [Theory]
    [InlineData(PeriodKind.Week, 1, "2026-11-22T23:59:59.999Z", "2026-11-16", "2026-11-23")]
    [InlineData(PeriodKind.Week, 1, "2026-11-23T00:00:00Z", "2026-11-23", "2026-11-30")]
    [InlineData(PeriodKind.Month, 1, "2024-02-29T23:59:59.999Z", "2024-02-01", "2024-03-01")]
    [InlineData(PeriodKind.FiscalMonth, 31, "2026-02-28T00:00:00Z", "2026-02-28", "2026-03-31")]
    [InlineData(PeriodKind.FiscalMonth, 31, "2026-02-27T23:59:59.999Z", "2026-01-31", "2026-02-28")]
    [InlineData(PeriodKind.FiscalMonth, 31, "2026-05-30T00:00:00Z", "2026-04-30", "2026-05-31")]
    [InlineData(PeriodKind.FiscalMonth, 30, "2024-02-29T00:00:00Z", "2024-02-29", "2024-03-30")]
    [InlineData(PeriodKind.FiscalMonth, 29, "2026-02-28T00:00:00Z", "2026-02-28", "2026-03-29")]
    [InlineData(PeriodKind.FiscalMonth, 29, "2024-02-28T00:00:00Z", "2024-01-29", "2024-02-29")]
    [InlineData(PeriodKind.FiscalMonth, 15, "2026-01-14T00:00:00Z", "2025-12-15", "2026-01-15")]
    public void Weeks_and_months_follow_the_calendar(PeriodKind kind, int startDay, string at, string start, string end) =>
        Assert.Equal(new PeriodSpan(Ms(start), Ms(end)), new PeriodCalendar(new BudgetPeriod(kind, "UTC", startDay)).At(Ms(at)));

    [Fact]
    public void A_rolling_period_is_the_hours_before()
    {
        var calendar = new PeriodCalendar(new BudgetPeriod(PeriodKind.Rolling, Hours: 36));
        Assert.Equal(new PeriodSpan(Ms("2026-11-19T12:00:00Z"), Ms("2026-11-21T00:00:00Z")), calendar.At(Ms("2026-11-21")));
    }

    [Theory]
    [MemberData(nameof(Zones))]
    public void Periods_follow_each_other_without_gap_or_overlap_and_hold_what_is_asked_for(string zone)
    {
        foreach (var kind in Kinds)
        {
            var calendar = new PeriodCalendar(kind with { TimeZone = zone });
            var span = calendar.At(Ms("1999-12-31T12:00:00Z"));
            while (span.StartMs < Ms("2041-01-01"))
            {
                var next = calendar.Next(span);
                Assert.Equal(span.EndMs, next.StartMs);
                Assert.True(next.LengthMs > 0);
                Assert.Equal(next, calendar.At(next.EndMs - 1));
                Assert.Equal(next, calendar.At(next.StartMs + (next.LengthMs / 2)));
                span = next;
            }
        }
    }

    // What "first valid instant" means, said otherwise: just before a start the clock on the wall has never shown the new date.
    [Theory]
    [MemberData(nameof(Zones))]
    public void A_day_starts_when_the_clock_first_shows_its_date(string zone)
    {
        var calendar = new PeriodCalendar(new BudgetPeriod(PeriodKind.Day, zone));
        var info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var last = DateOnly.MinValue;
        for (var span = calendar.At(Ms("2000-01-01")); span.StartMs < Ms("2040-01-01"); span = calendar.Next(span))
        {
            Assert.True(DateAt(info, span.StartMs) > last);
            last = DateAt(info, span.StartMs);
            Assert.Equal(last, Later(DateAt(info, span.EndMs - 1), last));
            Assert.True(DateAt(info, span.EndMs) > last);
        }
    }

    [Fact]
    public void A_changed_period_acts_from_the_next_one_on()
    {
        var budget = new Budget
        {
            Name = "b",
            Scope = Scopes.ScopePattern.Of(),
            Amount = new BudgetAmount(1, IsTokens: false),
            Period = new BudgetPeriod(PeriodKind.Week),
            Held = new HeldPeriod(new BudgetPeriod(PeriodKind.Month), Ms("2026-12-01")),
        };
        var calendar = new PeriodCalendar(budget);
        Assert.Equal(new PeriodSpan(Ms("2026-11-01"), Ms("2026-12-01")), calendar.At(Ms("2026-11-30T23:59:59Z")));
        Assert.Equal(new PeriodSpan(Ms("2026-11-30"), Ms("2026-12-07")), calendar.At(Ms("2026-12-01")));
    }

    [Fact]
    public void An_unknown_zone_is_refused() => Assert.Throws<TimeZoneNotFoundException>(() => new PeriodCalendar(new BudgetPeriod(PeriodKind.Day, "Mars/Olympus")));

    private static DateOnly Later(DateOnly a, DateOnly b) => a > b ? a : b;

    private static DateOnly DateAt(TimeZoneInfo zone, long timeMs) =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(timeMs), zone).DateTime);

    private static long Ms(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();
}
