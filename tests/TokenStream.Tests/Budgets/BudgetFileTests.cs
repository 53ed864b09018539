using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Pricing;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Budgets;

public sealed class BudgetFileTests
{
    private const string Head = "version: 1\nbudgets:\n";
    private const string Plain = "  - name: a\n    scope: {tenant: acme}\n    amount: 500 USD\n    period: month\n";

    [Fact]
    public void What_is_left_out_has_its_default()
    {
        var budget = Assert.Single(Load(Head + Plain).Budgets);
        Assert.Equal((Int128)500_000_000_000_000, budget.Amount.Value);
        Assert.Equal("tenant=acme", budget.Scope.Text);
        Assert.Equal(new BudgetPeriod(PeriodKind.Month), budget.Period);
        Assert.Equal(BudgetMode.Observe, budget.Mode);
        Assert.Equal([50m, 80m, 100m], budget.Thresholds);
        Assert.Equal([14.4m, 6m, 3m, 1m], budget.BurnFactors.Select(factor => factor.Factor));
        Assert.Empty(budget.Ladder);
        Assert.False(budget.CarryOver || budget.EnforceUnpriced || budget.BatchInBurnRates || budget.PassesBreaker || budget.Leases);
    }

    [Fact]
    public void The_documented_example_is_read_and_says_what_it_says()
    {
        var document = Load(Example());
        var budget = document.Budgets[0];
        Assert.Equal(("acme-email", BudgetMode.Enforce, true, "Europe/Berlin"), (budget.Name, budget.Mode, budget.EnforceUnpriced, budget.Period.TimeZone));
        Assert.Equal(
            [CommandAction.TrimOutput, CommandAction.RouteTo, CommandAction.CacheOnly, CommandAction.Throttle, CommandAction.Kill],
            budget.Ladder.Select(step => step.Action));
        Assert.Equal([LadderTrigger.BurnRate, LadderTrigger.BurnRate, LadderTrigger.Spent, LadderTrigger.Spent, LadderTrigger.Exhausted], budget.Ladder.Select(step => step.Trigger));
        Assert.Equal(30 * 60_000, budget.Ladder[4].HoldMs);
        Assert.True(budget.Ladder[4].Parameters.AbortStreams);
        Assert.Equal("75", PriceText.Format(document.UnpricedBound["input"], 1_000_000));
        Assert.Equal("environment=prod;tenant=<each>", document.Budgets[1].Scope.Text);
        Assert.Equal(ScopeTermKind.Glob, document.Budgets[2].Scope[ScopeDimension.Model].Kind);
        Assert.True(document.Budgets[2].Amount.IsTokens);
    }

    [Fact]
    public void What_is_written_is_read_back_as_the_same()
    {
        var written = BudgetWriter.Write(Load(Example()));
        Assert.Equal(written, BudgetWriter.Write(Load(written)));

        // Names that a mapping would read as something else keep their meaning.
        var odd = Load(Head + "  - name: a\n    scope: \"tenant=each;model=a%2Ab\"\n    amount: 0.000000000001 USD\n    period: rolling\n    hours: 744\n");
        var again = Load(BudgetWriter.Write(odd)).Budgets[0];
        Assert.Equal(ScopeTerm.Exact("each"), again.Scope[ScopeDimension.Tenant]);
        Assert.Equal(ScopeTerm.Exact("a*b"), again.Scope[ScopeDimension.Model]);
        Assert.Equal((1, 744), ((int)again.Amount.Value, again.Period.Hours));
        Assert.Equal("version: 1\nbudgets: []\n", BudgetWriter.Write(BudgetDocument.Empty));
        Assert.Empty(Load("version: 1\nbudgets: []\n").Budgets);
    }

    [Fact]
    public void Every_error_is_named_at_once_with_line_column_and_path()
    {
        const string Text = """
            version: 1
            budgets:
              - name: a
                scope: {tenant: acme}
                amount: -5 USD
                period: month
                ladder:
                  - {at: spent 80%, action: kill}
                  - {at: whenever, action: throttle}
              - name: a
                scope: {tennant: acme}
                amount: 5 EUR
                period: fortnight
                time_zone: Mars/Olympus
            """;
        Assert.Equal(
            [
                "5:13: budgets[0].amount: '-5 USD' is not more than nothing",
                "9:9: budgets[0].ladder[1]: throttle needs 'tokens_per_minute', 'requests_per_minute' or both",
                "9:14: budgets[0].ladder[1].at: 'whenever' is none of 'burn 14.4', 'spent 80%', 'exhausted'",
                "11:13: budgets[1].scope.tennant: 'tennant' is not known here; possible are app, environment, feature, model, organisation, provider, tenant, user",
                "12:13: budgets[1].amount: '5 EUR' is in 'EUR'; budgets are in USD, as prices are, or in tokens, so convert it first",
                "13:13: budgets[1].period: 'fortnight' is none of day, week, month, fiscal_month, rolling",
                "14:16: budgets[1].time_zone: 'Mars/Olympus' is no time zone that this machine knows by its IANA name, such as Europe/Berlin or UTC",
            ],
            Errors(Text));
    }

    [Theory]
    [InlineData("0 USD", "is not more than nothing")]
    [InlineData("500", "does not say of what: 500 USD or 500 tokens")]
    [InlineData("1000000000000.01 USD", "is more than 1000000000000 USD")]
    [InlineData("1000000000000001 tokens", "is more than 1000000000000000 tokens")]
    [InlineData("0.5 tokens", "is no whole number of tokens")]
    [InlineData("0.0000000000001 USD", "has more than 12 decimals")]
    [InlineData("$500", "is no amount such as 500 USD or 2000000 tokens")]
    [InlineData("1e6 USD", "is no amount such as 500 USD or 2000000 tokens")]
    public void Absurd_amounts_are_refused(string amount, string reason) =>
        Assert.Equal($"5:13: budgets[0].amount: '{amount}' {reason}", Assert.Single(Errors(Head + Plain.Replace("500 USD", amount, StringComparison.Ordinal))));

    [Theory]
    [InlineData("500.25 USD", 500_250_000_000_000)]
    [InlineData("1000000 tokens", 1_000_000)]
    [InlineData("500USD", 500_000_000_000_000)]
    public void Amounts_are_exact(string amount, long expected) =>
        Assert.Equal((Int128)expected, Load(Head + Plain.Replace("500 USD", amount, StringComparison.Ordinal)).Budgets[0].Amount.Value);

    [Theory]
    [InlineData("period: fiscal_month", "budgets[0].period: 'fiscal_month' needs 'start_day', the month's first day, 1 to 31")]
    [InlineData("period: rolling", "budgets[0].period: 'rolling' needs 'hours', 1 to 744")]
    [InlineData("period: rolling\n    hours: 745", "budgets[0].hours: '745' is no whole number from 1 to 744")]
    [InlineData("period: fiscal_month\n    start_day: 0", "budgets[0].start_day: '0' is no whole number from 1 to 31")]
    [InlineData("period: day\n    start_day: 3", "budgets[0].start_day: 'start_day' means nothing for the period 'day'")]
    [InlineData("period: day\n    time_zone: EST", "budgets[0].time_zone: 'EST' is no time zone that this machine knows by its IANA name, such as Europe/Berlin or UTC")]
    [InlineData("period: day\n    time_zone: ../../etc/passwd", "budgets[0].time_zone: '../../etc/passwd' is no time zone that this machine knows by its IANA name, such as Europe/Berlin or UTC")]
    [InlineData("period: rolling\n    hours: 5\n    carry_over: true", "budgets[0].carry_over: a rolling period leaves nothing over that could be carried")]
    [InlineData("period: month\n    mode: obey", "budgets[0].mode: 'obey' is none of observe, alert, enforce")]
    [InlineData("period: month\n    each_limit: 5", "budgets[0].each_limit: the scope has no 'each' that could be limited")]
    [InlineData("period: month\n    thresholds: [80, 50]", "budgets[0].thresholds[1]: '50' is not above the one before it")]
    [InlineData("period: month\n    thresholds: [1001]", "budgets[0].thresholds[0]: '1001' is no percentage above 0 and up to 1000")]
    [InlineData("period: month\n    burn_rates: [{factor: 0, share: 2}]", "budgets[0].burn_rates[0].factor: '0' is no number from 0.01 to 1000")]
    [InlineData("period: month\n    burn_rates: [{factor: 2, share: 2}, {factor: 2.0, share: 3}]", "budgets[0].burn_rates[1].factor: the factor 2 stands here a second time")]
    [InlineData("period: month\n    colour: red", "budgets[0].colour: 'colour' is not known here; possible are")]
    public void What_makes_no_sense_is_refused(string lines, string expected) =>
        Assert.Contains(expected, Assert.Single(Errors(Head + Plain.Replace("period: month", lines, StringComparison.Ordinal))), StringComparison.Ordinal);

    [Theory]
    [InlineData("{at: burn 10, action: kill}", "ladder[0].at: 'burn 10' is none of the budget's burn rates, 14.4, 6, 3, 1")]
    [InlineData("{at: burn 1, action: kill}", "ladder[0].at: the burn rate 1 only informs: it never acts")]
    [InlineData("{at: spent 1001%, action: kill}", "ladder[0].at: 'spent 1001%' is no percentage above 0 and up to 1000")]
    [InlineData("{at: spent -1%, action: kill}", "ladder[0].at: 'spent -1%' is no percentage above 0 and up to 1000")]
    [InlineData("{at: exhausted, action: allow}", "ladder[0].action: 'allow' is none of trim_output, route_to, cache_only, throttle, kill")]
    [InlineData("{at: exhausted, action: kill, model: m}", "ladder[0].model: 'model' means nothing for kill")]
    [InlineData("{at: exhausted, action: trim_output}", "ladder[0]: trim_output needs 'max_output_tokens'")]
    [InlineData("{at: exhausted, action: route_to}", "ladder[0]: route_to needs the 'model' to serve from")]
    [InlineData("{at: exhausted, action: kill, hold: 10}", "ladder[0].hold: '10' is no duration from 1m to 7d, such as 10m")]
    [InlineData("{at: spent 50%, action: kill}, {at: spent 80%, action: throttle, tokens_per_minute: 1}", "ladder[1].action: throttle is milder than kill before it")]
    [InlineData("{when_anomaly: critical, action: kill}", "ladder[0]: 'at' is missing")]
    [InlineData("{at: exhausted, when_anomaly: info, action: kill}", "ladder[0].when_anomaly: 'info' is none of warning, critical")]
    [InlineData(
        "{at: exhausted, when_anomaly: critical, action: cache_only}, {at: exhausted, when_anomaly: warning, action: kill}",
        "ladder[1].at: 'exhausted' is reached no later than 'exhausted'")]
    [InlineData(
        "{at: spent 80%, action: cache_only}, {at: spent 50%, when_anomaly: warning, action: kill}, {at: spent 60%, action: kill}",
        "ladder[2].at: 'spent 60%' is reached no later than 'spent 80%'")]
    [InlineData("{at: spent 80%, action: cache_only}, {at: spent 80%, action: kill}", "ladder[1].at: 'spent 80%' is reached no later than 'spent 80%'")]
    public void A_ladder_that_could_not_act_as_it_says_is_refused(string steps, string expected) =>
        Assert.Contains(expected, Assert.Single(Errors($"{Head}{Plain}    ladder: [{steps}]\n")), StringComparison.Ordinal);

    [Fact]
    public void A_step_may_ask_for_an_anomaly_where_the_one_before_asks_for_less()
    {
        var budget = Load($$"""
            {{Head}}{{Plain}}    ladder:
                  - {at: exhausted, action: cache_only}
                  - {at: exhausted, when_anomaly: warning, action: cache_only}
                  - {at: exhausted, when_anomaly: critical, action: kill}

            """).Budgets[0];
        Assert.Equal([null, AnomalySeverity.Warning, AnomalySeverity.Critical], budget.Ladder.Select(step => step.WhenAnomaly));
        var written = BudgetWriter.Write(new BudgetDocument([budget], RateSet.None));
        Assert.Contains("- {at: exhausted, when_anomaly: critical, action: kill, hold: 10m}", written, StringComparison.Ordinal);
        Assert.Equal(written, BudgetWriter.Write(Load(written)));
        Assert.Contains(
            "# exhausted, kill: only while a critical anomaly of rising spend lasts in the scope\n", BudgetDescription.Of(budget, 0), StringComparison.Ordinal);
    }

    [Fact]
    public void A_route_to_itself_is_refused_but_not_to_another_provider()
    {
        var text = Head + Plain.Replace("tenant: acme", "provider: openai, model: gpt-4o", StringComparison.Ordinal);
        Assert.Contains("routes 'gpt-4o' to itself", Assert.Single(Errors(text + "    ladder: [{at: exhausted, action: route_to, model: gpt-4o}]\n")), StringComparison.Ordinal);
        Assert.Empty(Errors(text + "    ladder: [{at: exhausted, action: route_to, model: gpt-4o, provider: azure}]\n"));
    }

    [Fact]
    public void Budgets_of_one_name_or_of_two_minds_are_refused_and_harmless_overlaps_are_not()
    {
        var other = Plain.Replace("name: a", "name: b", StringComparison.Ordinal);
        Assert.Equal("7:11: budgets[1].name: 'a' is the name of the budget of line 3 too", Assert.Single(Errors(Head + Plain + Plain)));
        Assert.Equal(
            "9:13: budgets[1].amount: 'b' and 'a' contradict each other: both limit tenant=acme in the same period, to 501 USD and to 500 USD",
            Assert.Single(Errors(Head + Plain + other.Replace("500 USD", "501 USD", StringComparison.Ordinal))));
        Assert.Empty(Errors(Head + Plain + other.Replace("month", "week", StringComparison.Ordinal)));
        Assert.Empty(Errors(Head + Plain + other.Replace("500 USD", "5 tokens", StringComparison.Ordinal)));
        Assert.Empty(Errors(Head + Plain + other.Replace("month", "month\n    time_zone: Europe/Berlin", StringComparison.Ordinal)));
    }

    [Fact]
    public void Models_that_the_prices_do_not_have_are_warned_of()
    {
        var text = Head + Plain.Replace("tenant: acme", "model: gpt-five", StringComparison.Ordinal) +
            "    ladder: [{at: exhausted, action: route_to, model: gpt-4o-mini}]\n";
        Assert.Equal("'a' names the model 'gpt-five', which the price book does not have", Assert.Single(Load(text).Warnings(DefaultPriceBook.Book)));
        Assert.Equal(
            "'a' names the model 'GPT-4o-mnii', which the price book does not have; it has 'gpt-4o-mini'",
            Assert.Single(Load(text.Replace("gpt-five", "GPT-4o-mnii", StringComparison.Ordinal)).Warnings(DefaultPriceBook.Book)));
    }

    [Theory]
    [InlineData("", "1:1: the budget file is empty")]
    [InlineData("version: 2\nbudgets: []", "1:10: version: version '2' is not known; this program reads version 1")]
    [InlineData("version: 1", "1:1: 'budgets' is missing")]
    [InlineData("version: 1\nbudgets: [{}]", "budgets[0]: 'name' is missing")]
    [InlineData("version: 1\nbudgets: []\nunpriced_bound: {output: -1}", "unpriced_bound.output: '-1' is negative; a price is zero or more")]
    public void Broken_files_are_refused(string text, string expected) => Assert.Contains(expected, Errors(text)[0], StringComparison.Ordinal);

    [Fact]
    public void Every_other_text_is_refused_too_and_never_by_an_exception()
    {
        var example = Example();
        for (var i = 0; i < example.Length; i += 7)
        {
            _ = BudgetFile.Load(example.Remove(i, 1));
            _ = BudgetFile.Load(example.Insert(i, "]"));
            _ = BudgetFile.Load(example[..i]);
        }
    }

    /// <summary>The first YAML block of the documentation.</summary>
    internal static string Example() => Architecture.SourceTree.Text("docs/budgets.md").Split("```yaml\n")[1].Split("```")[0];

    private static BudgetDocument Load(string text)
    {
        var load = BudgetFile.Load(text);
        Assert.Equal([], load.Errors);
        return load.Document!;
    }

    private static IReadOnlyList<string> Errors(string text) => [.. BudgetFile.Load(text).Errors.Select(error => error.ToString())];
}
