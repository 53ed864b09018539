using FsCheck;
using FsCheck.Fluent;
using TokenStream.Budgets;
using Xunit;

namespace TokenStream.Tests.Budgets;

public sealed class ForecastTests
{
    private const long Hour = 3_600_000;
    private const long Day = 24 * Hour;

    /// <summary>A Monday, midnight UTC: 2025-01-06.</summary>
    private const long Monday = 1_736_121_600_000;

    private static readonly Int128 Dollar = 1_000_000_000_000;

    // 300 dollars left at 10 a day (the recent speed of a month is that of a day): 30 days are needed where 20 are left; at 20 a day 15.
    [Theory]
    [InlineData(10, null)]
    [InlineData(20, 15.0)]
    public void Without_history_the_recent_speed_goes_on(int dollarsADay, double? days)
    {
        var forecast = Forecast.Of(Input(Monday + (10 * Day), 30, 1000, 700) with { Recent = dollarsADay * Dollar });
        Assert.Equal(days, (forecast.ExhaustedAtMs - Monday - (10 * Day)) / (double)Day);
    }

    // 15 days at 20 a day; a quarter faster 12, a quarter slower 20, which is the period's end and so no longer within it.
    [Fact]
    public void The_interval_of_a_recent_speed_is_a_quarter_either_way()
    {
        var now = Monday + (10 * Day);
        var forecast = Forecast.Of(Input(now, 30, 1000, 700) with { Recent = 20 * Dollar });
        Assert.Equal(now + (12 * Day), forecast.EarliestMs);
        Assert.Null(forecast.LatestMs);
        Assert.False(forecast.RunsOut);
        Assert.Equal(now + (16 * Day), Forecast.Of(Input(now, 30, 1000, 700) with { Recent = 25 * Dollar }).LatestMs);
    }

    [Fact]
    public void What_is_overspent_has_run_out()
    {
        var forecast = Forecast.Of(Input(Monday + Day, 30, 100, 101));
        Assert.Equal(new SpendForecast(Monday + Day, Monday + Day, Monday + Day), forecast);

        // Exactly the amount may be spent.
        Assert.Equal(default, Forecast.Of(Input(Monday + Day, 30, 100, 100)));
    }

    [Fact]
    public void Nothing_spent_never_runs_out() => Assert.Equal(default, Forecast.Of(Input(Monday + Day, 30, 100, 0)));

    // One dollar each hour from 9 to 17 on Monday to Friday: 40 a week. On Friday 12:00, 25 dollars are left: 5 on Friday, 8 on Monday and
    // on Tuesday, and 4 on Wednesday until 13:00. The recent speed would not know the weekend.
    [Fact]
    public void Usual_hours_of_the_week_are_what_is_expected()
    {
        var now = Monday + (18 * Day) + (12 * Hour);
        var profile = Profile(now, OfficeHours, 21);
        var forecast = Forecast.Of(Input(now, 30, 100, 75) with { Profile = profile, LastHour = Dollar });
        Assert.Equal(Monday + (23 * Day) + (13 * Hour), forecast.ExhaustedAtMs);
        Assert.Equal(0, profile.Deviation);
    }

    // Nothing is usual on a Saturday; the last hour spent 10 dollars: the 95 that are left go at 10 an hour, 9.5 hours.
    [Fact]
    public void What_the_last_hour_spent_beyond_its_usual_goes_on()
    {
        var now = Monday + (19 * Day);
        var forecast = Forecast.Of(Input(now, 30, 100, 5) with { Profile = Profile(now, OfficeHours, 21), LastHour = 10 * Dollar });
        Assert.Equal(now + (Hour * 19 / 2), forecast.ExhaustedAtMs);
        Assert.True(forecast.RunsOut);
    }

    [Fact]
    public void The_clock_of_the_zone_counts_on_both_sides_of_its_change()
    {
        // New York, 2025-03-09: the clock goes an hour forward. 9 o'clock is 14:00 UTC before, 13:00 UTC after.
        var profile = SpendProfile.Of(Hours(Monday, 8 * 7 * 24, at => InZone(at, 9)), Monday + (56 * Day), "America/New_York")!;
        Assert.Equal(168.0, profile.HourOfWeek(Monday + (5 * Hour)) + 168.0);
        Assert.Equal(9, profile.HourOfWeek(Monday + (70 * Day) + (13 * Hour)));
        Assert.Equal((double)Dollar, profile.Mean(9));
        Assert.Equal(0, profile.Mean(8) + profile.Mean(10) + profile.Deviation);

        static Int128 InZone(long at, int hour)
        {
            var local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(at), TimeZoneInfo.FindSystemTimeZoneById("America/New_York"));
            return local.Hour == hour ? Dollar : 0;
        }
    }

    [Fact]
    public void Less_than_two_weeks_make_no_profile()
    {
        Assert.Null(SpendProfile.Of(new Int128[335], Monday, "UTC"));
        Assert.NotNull(SpendProfile.Of(new Int128[336], Monday, "UTC"));
    }

    /// <summary>
    /// 24 months, asked every hour, each month's amount being exactly what the month spends: nothing may be said to run out early, though
    /// months differ in days and working days, and the history is that of the month before.
    /// </summary>
    [Theory]
    [InlineData(true, "UTC")]
    [InlineData(true, "Europe/Berlin")]
    [InlineData(false, "UTC")]
    [InlineData(false, "America/New_York")]
    public void Habits_that_end_each_month_at_exactly_its_amount_do_not_run_out(bool isOffice, string zone)
    {
        var calendar = new PeriodCalendar(new BudgetPeriod(PeriodKind.Month, zone));
        var days = new LocalDays(zone);
        var amount = 10_000 * Dollar;
        var hours = new List<Int128>();
        var first = calendar.At(Monday + (40 * Day));
        var start = first.StartMs;
        for (var month = 0; month < 25; month++)
        {
            // Each month spends its whole amount in equal parts, in whichever hours are its habit.
            var span = calendar.At(start);
            var busy = Enumerable.Range(0, (int)(span.LengthMs / Hour)).Select(i => IsBusy(span.StartMs + (i * Hour))).ToArray();
            var part = amount / busy.Count(is_ => is_);
            Int128 spent = 0;
            SpendProfile? profile = null;
            for (var i = 0; i < busy.Length; i++)
            {
                var now = span.StartMs + (i * Hour);
                profile = i % 12 == 0 && hours.Count >= SpendProfile.LeastHours ? SpendProfile.Of(Latest(hours), now, zone) : profile;
                if (month > 0)
                {
                    var forecast = Forecast.Of(new ForecastInput
                    {
                        Period = span, NowMs = now, Limit = amount, Spent = spent, Recent = 0, LastHour = hours[^1], Profile = profile,
                    });
                    Assert.False(forecast.RunsOut, $"month {month}, hour {i}: {forecast}");
                }

                hours.Add(busy[i] ? part : 0);
                spent += hours[^1];
            }

            start = span.EndMs;
        }

        bool IsBusy(long at)
        {
            var local = DateTimeOffset.FromUnixTimeMilliseconds(at + days.OffsetMs(at));
            return isOffice ? local.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday) && local.Hour is >= 9 and < 17 : local.Hour == 3;
        }
    }

    [Fact]
    public void The_earliest_comes_before_the_expected_and_that_before_the_latest() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        seed =>
        {
            var random = new Random(seed);
            var now = Monday + random.NextInt64(30 * Day);
            var hours = Enumerable.Range(0, 336).Select(_ => random.Next(100) * Dollar).ToArray();
            var input = Input(now, 30, 10_000, random.Next(11_000)) with { Recent = random.Next(1000) * Dollar, LastHour = random.Next(200) * Dollar };
            foreach (var profile in new[] { null, SpendProfile.Of(hours, now - (now % Hour), "Europe/Berlin") })
            {
                var forecast = Forecast.Of(input with { Profile = profile });
                Assert.True(forecast.EarliestMs <= forecast.ExhaustedAtMs || forecast.ExhaustedAtMs is null);
                Assert.True(forecast.ExhaustedAtMs <= forecast.LatestMs || forecast.LatestMs is null);
                Assert.True(forecast.EarliestMs is null || (forecast.EarliestMs >= now && forecast.EarliestMs <= input.Period.EndMs));
            }
        }));

    // A rolling day that holds 80 of 100 dollars at an even 80 a day goes on like this for ever; at 240 a day it gains 160 a day: 3 hours.
    [Theory]
    [InlineData(80, null)]
    [InlineData(240, 3.0)]
    public void What_leaves_a_rolling_period_counts(int dollarsADay, double? hours)
    {
        var now = Monday + (5 * Day);
        var input = Input(now, 30, 100, 80) with { Period = new PeriodSpan(now - Day, now), Recent = dollarsADay * Dollar / 24 };
        Assert.Equal(hours, Forecast.Of(input).ExhaustedAtMs is { } at ? Math.Round((at - now) / (double)Hour, 3) : (double?)null);
    }

    private static Int128 OfficeHours(long at)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(at);
        return time.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday) && time.Hour is >= 9 and < 17 ? Dollar : 0;
    }

    private static Int128[] Latest(List<Int128> hours) => [.. hours.Skip(Math.Max(0, hours.Count - (4 * SpendProfile.HoursOfWeek)))];

    private static Int128[] Hours(long startMs, int count, Func<long, Int128> spend) => [.. Enumerable.Range(0, count).Select(i => spend(startMs + (i * Hour)))];

    private static SpendProfile Profile(long endMs, Func<long, Int128> spend, int days) =>
        SpendProfile.Of(Hours(endMs - (days * Day), days * 24, spend), endMs, "UTC")!;

    private static ForecastInput Input(long nowMs, int days, int limit, int spent) => new()
    {
        Period = new PeriodSpan(Monday, Monday + (days * Day)),
        NowMs = nowMs,
        Limit = limit * Dollar,
        Spent = spent * Dollar,
        Recent = 0,
        LastHour = 0,
    };
}
