using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Leases;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Governing.Leases;

/// <summary>Of an amount of 100 dollars, 1 dollar may be outstanding. All expected values are reckoned by hand, in cents.</summary>
public sealed class LeasePoolTests
{
    private const long Start = 1_780_308_000_000;
    private const long Cent = 10_000_000_000;

    private readonly LeasePool _pool = new(new GovernorOptions { Partitions = 1 });
    private LeasePlan? _plan;
    private long _nowMs = Start;
    private long _counter;

    [Fact]
    public void A_gateway_that_is_idle_holds_an_eighth_so_that_its_first_requests_need_not_wait()
    {
        Plan();
        Assert.Empty(_plan!.Slices);
        Report("g1");
        Assert.Null(Plan());
        Advance(1_000);
        Plan();
        Assert.Equal([new LeaseSlice("g1", "g1-1", 1250 * Cent / 100, _nowMs + 60_000)], _plan!.Slices);
    }

    [Fact]
    public void A_gateway_with_demand_holds_a_minute_of_it()
    {
        Report("g1");
        Advance(10_000);
        Report("g1", settled: 5 * Cent);
        Plan();

        // Five cents in ten seconds are thirty a minute, on top of what it settled.
        Assert.Equal(35 * Cent, Granted("g1"));
    }

    [Fact]
    public void Together_no_more_than_a_hundredth_is_outstanding_whatever_is_wanted()
    {
        Report("g1");
        Report("g2");
        Advance(10_000);
        Report("g1", wanted: 3_000 * Cent);
        Report("g2", wanted: 1_000 * Cent);
        Plan();
        Assert.Equal((75 * Cent, 25 * Cent), (Granted("g1"), Granted("g2")));
        Assert.Equal(100 * Cent, _pool.Outstanding(_nowMs));
    }

    [Fact]
    public void What_gateways_spent_counts_although_the_ledger_has_not_got_it()
    {
        Report("g1");
        Plan();
        Advance(1_000);
        Report("g1", settled: 9_970 * Cent, largest: 20 * Cent);
        Plan();

        // 30 cents are left, and no ledger knows.
        Assert.Equal(10_000 * Cent, Granted("g1"));
        Assert.False(_plan!.IsUsedUp);
    }

    [Fact]
    public void What_the_ledger_has_counts_although_no_gateway_said_it()
    {
        Report("g1", largest: 20 * Cent);
        Plan(before: 9_000 * Cent, since: 970 * Cent);
        Assert.Equal(30 * Cent, Granted("g1"));
    }

    [Fact]
    public void Reports_that_come_twice_or_late_change_nothing()
    {
        Report("g1");
        Plan();
        Advance(1_000);
        Report("g1", settled: 9_970 * Cent, largest: 20 * Cent);
        Report("g1", settled: 9_970 * Cent, largest: 20 * Cent);
        Report("g1", settled: 9_000 * Cent, atMs: _nowMs - 500);
        Plan();
        Assert.Equal(10_000 * Cent, Granted("g1"));
    }

    [Fact]
    public void A_dead_gateways_slice_counts_as_spent_when_it_expires_and_returns_when_the_ledger_must_know()
    {
        Report("g1", largest: 40 * Cent);
        Plan(before: 9_950 * Cent);
        Assert.Equal(50 * Cent, Granted("g1"));
        Advance(30_000);
        Assert.Equal(0, GrantedTo("g2", 9_950 * Cent));

        // Its slice ends after 60 s, its clock may be 5 s behind.
        Advance(34_000);
        Assert.Equal(0, GrantedTo("g2", 9_950 * Cent));
        Advance(2_000);
        Assert.Equal(0, GrantedTo("g2", 9_950 * Cent));
        Assert.True(_plan!.IsUsedUp);
        Advance(110_000);
        Assert.Equal(0, GrantedTo("g2", 9_950 * Cent));
        Advance(10_000);
        Assert.Equal(50 * Cent, GrantedTo("g2", 9_950 * Cent));
        Assert.False(_plan!.IsUsedUp);
    }

    [Fact]
    public void What_is_taken_from_a_gateway_is_free_when_it_has_heard_of_it()
    {
        Report("g1", largest: 40 * Cent);
        Plan(before: 9_950 * Cent);
        var first = new CommandVersion(1, _counter);
        Advance(2_000);
        Report("g1", version: first, granted: 50 * Cent);
        Report("g2", largest: 20 * Cent);
        Plan(before: 9_950 * Cent);
        Assert.True(Granted("g1") < 50 * Cent);
        Assert.Equal(0, Granted("g2"));
        Advance(1_000);
        Report("g1", version: new CommandVersion(1, _counter), granted: Granted("g1"));
        Report("g2", largest: 20 * Cent);
        Plan(before: 9_950 * Cent);
        Assert.True(Granted("g2") >= 20 * Cent);
        Assert.True(_pool.Outstanding(_nowMs) <= 50 * Cent);
    }

    [Fact]
    public void A_successor_grants_nothing_twice()
    {
        Report("g1", largest: 20 * Cent);
        Plan();
        Advance(1_000);
        Report("g1", settled: 9_970 * Cent, largest: 20 * Cent);
        var command = new Command
        {
            Id = "l",
            Scope = Scope.Everything,
            Source = "lease/all",
            Version = new CommandVersion(1, 2),
            Action = CommandAction.Lease,
            Parameters = new ActionParameters { Slices = Plan()!.Slices },
            IssuedMs = _nowMs,
            Reason = "r",
            Lease = _plan!.Memory,
        };
        var successor = new LeasePool(new GovernorOptions { Partitions = 1 });
        successor.Restore(command);
        Assert.Equal(30 * Cent, successor.Outstanding(_nowMs));
        successor.Take("g2", _nowMs, new LeaseReport { Key = "k", Instance = "g2-1", Version = command.Version, Largest = 20 * Cent }, _nowMs);
        var plan = successor.Plan(Balance(0, 0), _nowMs)!;
        Assert.Equal(command.Parameters.Slices, plan.Slices);
        Assert.Equal(command.Lease.Recent, plan.Memory.Recent);
    }

    [Fact]
    public void What_an_owner_before_granted_too_late_to_be_read_counts()
    {
        var stood = new Command
        {
            Id = "l",
            Scope = Scope.Everything,
            Source = "lease/all",
            Version = new CommandVersion(1, 5),
            Action = CommandAction.Lease,
            IssuedMs = _nowMs,
            Reason = "r",
            Lease = new LeaseMemory { Instances = [new LeaseInstance("g1", "g1-1", 0)] },
        };
        _pool.Restore(stood);
        Report("g1", version: new CommandVersion(1, 6), granted: 70 * Cent);
        Assert.Equal(70 * Cent, _pool.Outstanding(_nowMs));
    }

    [Fact]
    public void A_request_larger_than_the_pool_is_provided_for_up_to_a_twentieth_of_the_amount()
    {
        Report("g1", largest: 450 * Cent);
        Plan();
        Assert.Equal(450 * Cent, Granted("g1"));
        Advance(2_000);
        Report("g2", largest: 501 * Cent);
        Plan();
        Assert.True(Granted("g2") < 501 * Cent);
    }

    [Fact]
    public void Little_that_none_of_those_who_ask_could_use_is_used_up()
    {
        Report("g1", largest: 40 * Cent);
        Plan(before: 9_970 * Cent);
        Assert.True(_plan!.IsUsedUp);
    }

    [Fact]
    public void Instances_beyond_the_limit_get_no_slice()
    {
        for (var i = 0; i < LeasePool.MostHolders + 10; i++)
        {
            Report($"g{i}");
        }

        Plan();
        Assert.Equal(LeasePool.MostHolders, _plan!.Slices.Count);
        Assert.True(_pool.Outstanding(_nowMs) <= 100 * Cent);
    }

    [Fact]
    public void Nobody_is_issued_anything_while_what_stands_is_good_enough()
    {
        Report("g1");
        Plan();
        for (var second = 0; second < 20; second++)
        {
            Advance(1_000);
            Report("g1", version: new CommandVersion(1, _counter));
            Assert.Null(Plan());
        }

        // A third of its life is gone.
        Advance(1_000);
        Report("g1");
        Assert.NotNull(Plan());
    }

    private static LeaseBalance Balance(Int128 before, Int128 since) => new(10_000 * (Int128)Cent, new LedgerCut(Start - 120_000, before, since));

    private void Advance(long spanMs) => _nowMs += spanMs;

    private LeasePlan? Plan(Int128 before = default, Int128 since = default)
    {
        var plan = _pool.Plan(Balance(before, since), _nowMs);
        if (plan is not null)
        {
            _plan = plan;
            _pool.Number(new CommandVersion(1, ++_counter));
        }

        return plan;
    }

    private Int128 Granted(string gateway) => _plan!.Slices.SingleOrDefault(slice => slice.Gateway == gateway)?.Granted ?? 0;

    private Int128 GrantedTo(string gateway, Int128 before)
    {
        Report(gateway, largest: 40 * Cent);
        Plan(before: before);
        return Granted(gateway);
    }

    private void Report(
        string gateway,
        Int128 settled = default,
        Int128 wanted = default,
        Int128 largest = default,
        CommandVersion version = default,
        Int128 granted = default,
        long? atMs = null) => _pool.Take(
            gateway,
            atMs ?? _nowMs,
            new LeaseReport
            {
                Key = "k", Instance = gateway + "-1", Version = version, Granted = granted, Settled = settled, Wanted = wanted, Largest = largest,
            },
            _nowMs);
}
