using System.Text.RegularExpressions;
using TokenStream.Governing.Alerts;
using Xunit;

namespace TokenStream.Tests.Architecture;

/// <summary>Whoever is woken finds what to do.</summary>
public sealed partial class RunbookTests
{
    private static readonly string[] Sections = [.. SourceTree.Lines("docs/runbooks.md").Where(line => line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line[3..])];

    [Fact]
    public void Each_rule_of_Prometheus_links_to_its_section()
    {
        var rules = Rule().Matches(SourceTree.Text("infra/prometheus/alerts.yml"));
        Assert.NotEmpty(rules);
        Assert.All(rules, rule =>
        {
            Assert.Equal($"docs/runbooks.md#{rule.Groups[1].Value.ToLowerInvariant()}", rule.Groups[2].Value);
            Assert.Contains(rule.Groups[1].Value, Sections);
        });
    }

    [Fact]
    public void Each_alert_of_a_budget_that_lasts_has_its_section()
    {
        var kinds = Enum.GetValues<TransitionKind>().Where(kind => new Alert
        {
            Fingerprint = "", Kind = kind, Name = "", Severity = AlertSeverity.Info, AtMs = 0, StartedMs = 0, Budget = "", Scope = "", Summary = "",
        }.Lasts);
        Assert.Empty(kinds.Select(kind => $"TokenStream{kind}").Except(Sections));
    }

    [GeneratedRegex(@"- alert: (\w+)(?:(?!- alert: )[\s\S])*?(?:runbook_url: (\S+)|(?=- alert: )|$)")]
    private static partial Regex Rule();
}
