using System.Text.RegularExpressions;
using TokenStream.Yaml;

namespace TokenStream.Budgets;

/// <summary>Reads the period of a budget: <c>period</c>, <c>start_day</c>, <c>hours</c>, <c>time_zone</c>.</summary>
internal static partial class PeriodReader
{
    public static readonly IReadOnlyList<string> Kinds = ["day", "week", "month", "fiscal_month", "rolling"];

    public static BudgetPeriod? Read(YamlReader item)
    {
        var zone = ReadZone(item);
        var startDay = BudgetReader.Number(item, "start_day", 1, 31);
        var hours = BudgetReader.Number(item, "hours", 1, PeriodCalendar.MaxHours);
        if (item.Scalar("period") is not { } scalar)
        {
            item.Missing("period");
            return null;
        }

        var kind = (PeriodKind)Kinds.ToList().IndexOf(scalar.Text);
        if (kind < 0)
        {
            item.Error(scalar, $"'{scalar.Text}' is none of {string.Join(", ", Kinds)}");
            return null;
        }

        var isWhole = Needs(item, "start_day", kind == PeriodKind.FiscalMonth, "the month's first day, 1 to 31", scalar);
        isWhole &= Needs(item, "hours", kind == PeriodKind.Rolling, $"1 to {PeriodCalendar.MaxHours}", scalar);
        return isWhole && zone is not null ? new BudgetPeriod(kind, zone, (int)(startDay ?? 1), (int)(hours ?? 0)) : null;
    }

    /// <summary>Whether a key is there where it is needed, and only there.</summary>
    private static bool Needs(YamlReader item, string key, bool isNeeded, string what, YamlScalar period)
    {
        var value = item.Value(key);
        if (isNeeded && value is null)
        {
            item.Error(period, $"'{period.Text}' needs '{key}', {what}");
        }
        else if (!isNeeded && value is not null)
        {
            item.Error(value, $"'{key}' means nothing for the period '{period.Text}'");
        }

        return isNeeded == value is not null;
    }

    /// <summary>Areas and places only: short names such as EST stand for other rules in other places.</summary>
    private static string? ReadZone(YamlReader item)
    {
        if (item.Scalar("time_zone") is not { } scalar)
        {
            return "UTC";
        }

        if (IsZone(scalar.Text))
        {
            return scalar.Text;
        }

        item.Error(scalar, $"'{scalar.Text}' is no time zone that this machine knows by its IANA name, such as Europe/Berlin or UTC");
        return null;
    }

    public static bool IsZone(string name) =>
        name == "UTC" || (ZonePattern().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out _));

    [GeneratedRegex("^[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2}$")]
    private static partial Regex ZonePattern();
}
