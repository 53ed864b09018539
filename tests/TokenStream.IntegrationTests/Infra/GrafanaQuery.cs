using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenStream.IntegrationTests.Infra;

/// <summary>
/// Does to a query what Grafana does before it sends it: template variables first, then the macros of the ClickHouse data source (those of its
/// documentation that the dashboards use). A macro that is not known stays, and fails at the engine.
/// </summary>
internal sealed partial class GrafanaQuery(DateTimeOffset from, DateTimeOffset to, int intervalSeconds)
{
    /// <summary>The chosen values by variable; null is All.</summary>
    internal Dictionary<string, string[]?> Variables { get; } = new(StringComparer.Ordinal);

    internal string Expand(string sql)
    {
        var expanded = ConditionalAll().Replace(sql, match => Chosen(match.Groups["name"].Value) is null ? "1=1" : match.Groups["condition"].Value);
        expanded = Variable().Replace(expanded, Value);
        expanded = TimeFilter().Replace(expanded, match => $"{match.Groups[1].Value} >= {Time(from)} AND {match.Groups[1].Value} <= {Time(to)}");
        expanded = TimeInterval().Replace(
            expanded, match => string.Create(CultureInfo.InvariantCulture, $"toStartOfInterval(toDateTime({match.Groups[1].Value}), INTERVAL {intervalSeconds} second)"));
        return expanded
            .Replace("$__fromTime", Time(from), StringComparison.Ordinal)
            .Replace("$__toTime", Time(to), StringComparison.Ordinal)
            .Replace("$__interval_s", intervalSeconds.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }

    private static string Time(DateTimeOffset time) => string.Create(CultureInfo.InvariantCulture, $"toDateTime({time.ToUnixTimeSeconds()})");

    private string[]? Chosen(string name) =>
        Variables.TryGetValue(name, out var values) ? values : throw new InvalidOperationException($"The dashboard has no variable {name}.");

    private string Value(Match match)
    {
        var values = Chosen(match.Groups["name"].Value) ?? ["$__all"];
        return match.Groups["format"].Value == "singlequote"
            ? string.Join(',', values.Select(value => $"'{value.Replace("'", "\\'", StringComparison.Ordinal)}'"))
            : string.Join(',', values);
    }

    [GeneratedRegex(@"\$__conditionalAll\((?<condition>(?:[^()]|\([^()]*\))*), \$(?<name>\w+)\)")]
    private static partial Regex ConditionalAll();

    [GeneratedRegex(@"\$\{(?<name>\w+)(?::(?<format>\w+))?\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\$__timeFilter\((\w+)\)")]
    private static partial Regex TimeFilter();

    [GeneratedRegex(@"\$__timeInterval\((\w+)\)")]
    private static partial Regex TimeInterval();
}
