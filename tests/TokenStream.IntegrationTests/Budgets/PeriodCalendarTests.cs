using System.Globalization;
using TokenStream.Budgets;
using Xunit;

namespace TokenStream.IntegrationTests.Budgets;

/// <summary>The periods of budgets beside those of a Python program that follows the same rules by other means.</summary>
public sealed class PeriodCalendarTests
{
    private const long From = 946_684_800;
    private const long Until = 2_208_988_800;

    /// <summary>
    /// 2038: from there on time zone data is a rule instead of a table, and Egypt's, which changes "at 24:00", is one that .NET reads as an
    /// hour less on that day (10.0.1). Others are compared until 2040.
    /// </summary>
    private const long UntilInCairo = 2_145_916_800 - (40 * 86_400);

    private static readonly string[] Zones =
    [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Beirut", "America/Sao_Paulo",
        "Pacific/Apia", "Asia/Kathmandu", "Atlantic/Azores", "America/St_Johns", "UTC",
    ];

    private static readonly (string Name, BudgetPeriod Period)[] Kinds =
    [
        ("day", new(PeriodKind.Day)), ("week", new(PeriodKind.Week)), ("month", new(PeriodKind.Month)),
        ("fiscal_month", new(PeriodKind.FiscalMonth, StartDay: 29)), ("fiscal_month", new(PeriodKind.FiscalMonth, StartDay: 30)),
        ("fiscal_month", new(PeriodKind.FiscalMonth, StartDay: 31)),
    ];

    /// <summary>
    /// At every change of each zone's clock from 2000 to 2040, a second and the hours around it, at the first and last second of the days
    /// about it, and at instants in between.
    /// </summary>
    [FactNeeding("program:python3")]
    public async Task Every_period_equals_that_of_zoneinfo()
    {
        foreach (var zone in Zones)
        {
            var instants = await InstantsAsync(zone);
            var questions = Kinds.SelectMany(kind => instants.Select(at => (kind.Name, Period: kind.Period with { TimeZone = zone }, At: at))).ToList();
            var answers = await AskAsync(
                [], questions.Select(q => string.Create(CultureInfo.InvariantCulture, $"{q.Name} {q.Period.StartDay} {zone} {q.At}")));
            Assert.Equal(questions.Count, answers.Count);
            for (var i = 0; i < questions.Count; i++)
            {
                var span = new PeriodCalendar(questions[i].Period).At(questions[i].At * 1000);
                var ours = string.Create(CultureInfo.InvariantCulture, $"{span.StartMs / 1000} {span.EndMs / 1000}");
                Assert.True(answers[i] == ours, $"{questions[i]}: zoneinfo says {answers[i]}, we say {ours}");
            }
        }
    }

    private static async Task<IReadOnlyList<long>> InstantsAsync(string zone)
    {
        var random = new Random(5);
        var instants = Enumerable.Range(0, 300).Select(_ => random.NextInt64(From, Until)).ToList();
        foreach (var change in (await AskAsync([zone], [])).Select(line => long.Parse(line, CultureInfo.InvariantCulture)))
        {
            instants.AddRange([change - 1, change, change + 1, change - 3600, change + 3600]);
            var day = new PeriodCalendar(new BudgetPeriod(PeriodKind.Day, zone)).At(change * 1000);
            instants.AddRange([(day.StartMs / 1000) - 1, day.StartMs / 1000, (day.EndMs / 1000) - 1, day.EndMs / 1000]);
        }

        return zone == "Africa/Cairo" ? [.. instants.Where(at => at < UntilInCairo)] : instants;
    }

    private static async Task<IReadOnlyList<string>> AskAsync(string[] arguments, IEnumerable<string> questions)
    {
        var questionFile = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(questionFile, questions);
            var program = Path.Combine(TestPaths.Root, "tests", "TokenStream.IntegrationTests", "Budgets", "period_calendar.py");
            var (exitCode, output) = await ChildProcess.RunAsync(
                "sh", ["-c", "exec python3 \"$@\" < \"$QUESTIONS\"", "sh", program, .. arguments], ("QUESTIONS", questionFile));
            Assert.True(exitCode == 0, output);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(questionFile);
        }
    }
}
