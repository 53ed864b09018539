using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Scopes;
using TokenStream.Tests.Governing.Evaluation;
using Xunit;
using static TokenStream.Tests.Governing.Evaluation.LedgerFeed;

namespace TokenStream.Tests.Governing.Leases;

/// <summary>When a governor grants leases, and when it takes them back.</summary>
public sealed class LeaseGovernorTests
{
    private const string Key = "tenant=acme|lease/acme";
    private const long Now = June + (12 * Hour);

    private static readonly Budget Leased = Monthly(100) with
    {
        Mode = BudgetMode.Enforce,
        Leases = true,
        Ladder = [new LadderStep { Trigger = LadderTrigger.Exhausted, Action = CommandAction.Kill }],
    };

    private readonly List<Command> _issued = [];
    private LedgerFeed _feed = new(Leased);
    private Governor _governor = New([]);
    private long _nowMs = Now;

    [Fact]
    public void A_budget_with_leases_grants_them_beside_what_its_ladder_sends()
    {
        Adopt(Leased);
        Step();
        Report();
        Step();
        Assert.Equal((CommandAction.Lease, null, null), (Lease!.Action, Lease.ExpiresMs, Lease.RetryAtMs));
        Assert.Equal("g1", Assert.Single(Lease.Parameters.Slices).Gateway);

        // More than the amount is spent: both the kill and the lease stand, each under its key.
        _feed.Spend(_nowMs - 20_000, 101 * Usd);
        Step();
        Assert.Equal((CommandAction.Kill, June + (30 * Day)), (Last("tenant=acme|budget/acme")!.Action, Lease!.RetryAtMs));
    }

    [Theory]
    [InlineData(BudgetMode.Observe)]
    [InlineData(BudgetMode.Alert)]
    public void A_budget_that_does_not_enforce_grants_none(BudgetMode mode)
    {
        Adopt(Leased with { Mode = mode });
        Step();
        Assert.Null(Lease);
    }

    [Fact]
    public void A_budget_that_is_being_filled_grants_none()
    {
        _feed = new LedgerFeed(new TokenStream.Governing.Ledger.SpendLedger(), [Leased], Now, isNew: true);
        Adopt(Leased, isNew: true);
        Step();
        Assert.Null(Lease);
    }

    [Fact]
    public void A_pause_releases_leases_at_once_and_they_come_back_after_it()
    {
        Adopt(Leased);
        Step();
        _governor.SetControls(new GovernControls(new GovernPause(true, "wrong price", "ada", _nowMs), []));
        Take(_governor.Tick(_nowMs));
        Assert.Equal((CommandAction.None, 0), (Lease!.Action, Lease.Parameters.Slices.Count));
        Step();
        Assert.Equal(CommandAction.None, Lease.Action);
        _governor.SetControls(new GovernControls(new GovernPause(false, "fixed", "ada", _nowMs), []));
        Step();
        Assert.Equal(CommandAction.Lease, Lease.Action);
    }

    [Fact]
    public void A_budget_that_grants_none_any_more_or_is_gone_releases_them()
    {
        Adopt(Leased);
        Step();
        Adopt(Leased with { Leases = false });
        Step();
        Assert.Equal(CommandAction.None, Lease!.Action);
        Adopt(Leased);
        Step();
        Assert.Equal(CommandAction.Lease, Lease.Action);
        Adopt();
        Take(_governor.Tick(_nowMs));
        Assert.Equal(CommandAction.None, Lease.Action);
    }

    [Fact]
    public void A_successor_goes_on_with_the_lease_that_stands()
    {
        Adopt(Leased);
        Step();
        Report();
        Step();
        var before = Lease!;
        _governor = New([before]);
        Adopt(Leased);
        Step();
        Assert.Equal((before.Id, before.Parameters.Slices[0]), (Lease!.Id, Lease.Parameters.Slices[0]));
        Assert.NotSame(before, Lease);
    }

    [Fact]
    public void The_breaker_lets_no_more_leases_refuse_than_hard_steps()
    {
        var budgets = Enumerable.Range(0, 20).Select(i => Monthly(100, $"b{i}", $"tenant=t{i}") with { Mode = BudgetMode.Enforce, Leases = true }).ToArray();
        Adopt(budgets);
        Step();
        foreach (var budget in budgets)
        {
            _ = Scope.TryParse(budget.Scope.Text, out var scope, out _);
            _feed.Spend(_nowMs - 20_000, 100 * Usd, scope);
        }

        for (var i = 0; i < 12; i++)
        {
            Step();
        }

        // Three tenants at least may be hit; the leases of all others are taken back, and so refuse nobody.
        var last = _issued.Where(command => command.IsLease).GroupBy(command => command.Key).Select(group => group.Last()).ToArray();
        Assert.Equal((3, 17), (last.Count(command => command.RetryAtMs is not null), last.Count(command => command.Action == CommandAction.None)));
        Assert.True(_governor.IsBreakerOpen);
    }

    private Command? Lease => Last(Key);

    private Command? Last(string key) => _issued.LastOrDefault(command => command.Key == key);

    private static Governor New(IEnumerable<Command> log)
    {
        var governor = new Governor(0, new GovernorOptions { Partitions = 1 });
        governor.Restore(log, [], Now);
        return governor;
    }

    private void Adopt(params Budget[] budgets) => Adopt(budgets, isNew: false);

    private void Adopt(Budget budget, bool isNew) => Adopt([budget], isNew);

    private void Adopt(Budget[] budgets, bool isNew)
    {
        _feed.Adopt(_nowMs, isNew, budgets);
        _governor.Adopt(_feed.Evaluator.Set, TenantDirectory.Empty);
        _governor.SetControls(GovernControls.None);
    }

    /// <summary>Two seconds go by, and everything is evaluated.</summary>
    private void Step()
    {
        _nowMs += 2_000;
        Take(_governor.Evaluate(_feed.EvaluateAll(_nowMs), _nowMs));
        Take(_governor.Tick(_nowMs));
    }

    private void Report() => _governor.SetLeaseReport("g1", _nowMs, new LeaseReport { Key = Key, Instance = "i1", Version = _issued[^1].Version }, _nowMs);

    private void Take(GovernorOutput output)
    {
        var first = _issued.Count;
        var numbered = output.Commands.Select((command, i) => command with { Version = new CommandVersion(1, first + i + 1) }).ToArray();
        _governor.SetVersions(numbered);
        _issued.AddRange(numbered);
    }
}
