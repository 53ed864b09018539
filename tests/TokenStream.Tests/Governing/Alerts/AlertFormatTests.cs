using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Budgets;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Evaluation;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Governing.Alerts;

public sealed class AlertFormatTests
{
    private const string Golden =
        """{"format":1,"alert":{"fingerprint":"00112233445566ff","kind":"burn_rate","name":"burn_rate page","severity":"page","notifies":true,"""
        + "\"at_ms\":1700000060000,\"started_ms\":1700000000000,\"budget\":\"acme\",\"scope\":\"tenant=acme\",\"budget_set_version\":3,"
        + "\"owner\":\"team-a\",\"route\":\"night\",\"summary\":\"it burns\",\"evidence\":{\"is_tokens\":false,\"spent\":\"170141183460469231731687303715884105727\","
        + "\"limit\":\"100000000000000\",\"unpriced_bound\":\"0\",\"blocked\":\"5\",\"period_start_ms\":1698796800000,\"period_end_ms\":1701388800000,"
        + "\"demand_per_minute\":\"7\",\"exhausted_at_ms\":1700001000000,"
        + "\"burn_rates\":[{\"factor\":14.4,\"long_ms\":3600000,\"short_ms\":300000,\"long_rate\":20.5,\"short_rate\":1.7976931348623157E+308,\"fires\":true}],"
        + "\"event_ms\":1700000059000}}}";

    [Fact]
    public void An_alert_has_exactly_these_bytes_and_reads_back()
    {
        var alert = Alert.Of(Burning());
        var bytes = AlertFormat.Write(alert);
        Assert.Equal(Golden, Encoding.UTF8.GetString(bytes));
        Assert.True(AlertFormat.TryRead(bytes, out Alert? read));
        Assert.Equal(Golden, Encoding.UTF8.GetString(AlertFormat.Write(read)));
    }

    [Fact]
    public void A_budgets_state_reads_back()
    {
        var state = BudgetStateRecord.Of(Burning().Evidence!, BudgetState.Hard, 3);
        Assert.Equal("acme|tenant=acme", state.Key);
        Assert.True(AlertFormat.TryRead(AlertFormat.Write(state), out BudgetStateRecord? read));
        Assert.Equal(state with { Figures = read.Figures }, read);
        Assert.Equal(Int128.MaxValue, read.Figures.Spent);
    }

    [Fact]
    public void Labels_name_the_tenant_and_leave_out_what_is_not_known()
    {
        var alert = Alert.Of(Burning()) with { Route = null };
        Assert.Equal(
            "alert=burn_rate page,alertname=TokenStreamBurnRate,budget=acme,owner=team-a,scope=tenant=acme,severity=page,tenant=acme",
            string.Join(',', alert.Labels().Select(label => $"{label.Key}={label.Value}")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"format\":2,\"alert\":null}")]
    [InlineData("{\"format\":1}")]
    [InlineData("{\"format\":1,\"alert\":{\"fingerprint\":\"a\"}}")]
    public void What_is_no_alert_is_refused(string text) => Assert.False(AlertFormat.TryRead(Encoding.UTF8.GetBytes(text), out Alert? _));

    [Fact]
    public void An_alert_that_ends_before_it_starts_or_has_a_kind_by_number_is_refused()
    {
        Assert.False(AlertFormat.TryRead(AlertFormat.Write(Alert.Of(Burning()) with { EndedMs = 1 }), out Alert? _));
        Assert.False(AlertFormat.TryRead(Encoding.UTF8.GetBytes(Golden.Replace("\"burn_rate\",", "6,", StringComparison.Ordinal)), out Alert? _));
    }

    [Fact]
    public void No_bytes_make_the_reader_throw()
    {
        // Golden bytes with some overwritten come closer to the format than random ones.
        var golden = Encoding.UTF8.GetBytes(Golden);
        Check.QuickThrowOnFailure(Prop.ForAll((byte[] noise, int place) =>
        {
            var bytes = golden.ToArray();
            var start = (place & int.MaxValue) % bytes.Length;
            noise.AsSpan(0, Math.Min(noise.Length, bytes.Length - start)).CopyTo(bytes.AsSpan(start));
            AlertFormat.TryRead(bytes, out Alert? _);
            AlertFormat.TryRead(noise, out Alert? _);
            AlertFormat.TryRead(noise, out BudgetStateRecord? _);
        }));
    }

    internal static BudgetTransition Burning()
    {
        var scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme")));
        Assert.True(ScopePattern.TryParse("tenant=acme", out var pattern, out _));
        return new BudgetTransition
        {
            Fingerprint = "00112233445566ff",
            Kind = TransitionKind.BurnRate,
            Name = "burn_rate page",
            Severity = AlertSeverity.Page,
            Notifies = true,
            AtMs = 1_700_000_060_000,
            StartedMs = 1_700_000_000_000,
            Budget = "acme",
            Scope = scope.Text,
            BudgetSetVersion = 3,
            Owner = "team-a",
            Route = "night",
            Summary = "it burns",
            Evidence = new BudgetEvaluation
            {
                Budget = new Budget
                {
                    Name = "acme",
                    Scope = pattern,
                    Amount = new BudgetAmount(100_000_000_000_000, IsTokens: false),
                    Period = new BudgetPeriod(PeriodKind.Month),
                },
                Scope = scope,
                NowMs = 1_700_000_060_000,
                Period = new PeriodSpan(1_698_796_800_000, 1_701_388_800_000),
                Limit = 100_000_000_000_000,
                Spent = Int128.MaxValue,
                Blocked = 5,
                Pairs = [new PairReading(new BurnFactor(14.4m, 2), 3_600_000, 300_000, 20.5, double.PositiveInfinity, true, true)],
                ExhaustedAtMs = 1_700_001_000_000,
                DemandPerMinute = 7,
                SteadyDemandPerMinute = 7,
                EventMs = 1_700_000_059_000,
            },
        };
    }
}
