using TokenStream.Commands;
using TokenStream.Gateway.Leasing;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Gateway;

public sealed class LeaseTableTests
{
    private const long NowMs = 1_000_000;

    private int _drawn;

    [Fact]
    public void Requests_are_let_in_up_to_what_was_granted_and_before_the_slice_ends()
    {
        var account = Given(Table(), Lease(1, 100));
        Assert.True(account.TryReserve(60, NowMs));
        Assert.False(account.TryReserve(41, NowMs));
        Assert.True(account.TryReserve(40, NowMs + 9_999));
        Assert.False(account.TryReserve(1, NowMs));
        Assert.True(account.TryReserve(0, NowMs));
        Assert.False(account.TryReserve(0, NowMs + 10_000));
    }

    [Fact]
    public void A_slice_counts_from_the_beginning_and_what_was_not_used_is_free_again()
    {
        var table = Table();
        var account = Given(table, Lease(1, 100));
        Assert.True(account.TryReserve(100, NowMs));
        account.Settle(100, 30);
        Assert.True(account.TryReserve(70, NowMs));
        account.Release(70);
        table.Take(Lease(2, 120));
        Assert.True(account.TryReserve(90, NowMs));
        Assert.False(account.TryReserve(1, NowMs));
    }

    [Fact]
    public void What_cost_more_than_its_estimate_is_owed()
    {
        var table = Table();
        var account = Given(table, Lease(1, 100));
        Assert.True(account.TryReserve(10, NowMs));
        account.Settle(10, 150);
        Assert.False(account.TryReserve(1, NowMs));
        table.Take(Lease(2, 151));
        Assert.True(account.TryReserve(1, NowMs));
    }

    [Fact]
    public void Another_instances_slice_grants_nothing()
    {
        var account = Given(Table(), Lease(1, 100, "another"));
        Assert.False(account.TryReserve(1, NowMs));
        Assert.Equal(0, account.Report()!.Granted);
    }

    [Fact]
    public void A_report_says_what_is_settled_reserved_and_wanted()
    {
        var table = Table();
        var account = Given(table, Lease(1, 100));
        Assert.True(account.TryReserve(60, NowMs));
        Assert.True(account.TryReserve(20, NowMs));
        account.Settle(60, 45);
        Assert.False(account.TryReserve(50, NowMs));
        Assert.False(account.TryReserve(70, NowMs));
        Assert.False(account.TryReserve(40, NowMs));
        var expected = new LeaseReport
        {
            Key = "tenant=acme|lease/acme", Instance = "i1", Version = new CommandVersion(3, 1),
            Granted = 100, Settled = 45, Reserved = 20, Wanted = 160, Largest = 70,
        };
        Assert.Equal([expected], table.Report());
        Assert.Equal([expected with { Largest = 0 }], table.Report());
    }

    [Fact]
    public void An_older_version_changes_nothing_whatever_the_order()
    {
        var table = Table();
        table.Take(Lease(2, 100));
        table.Take(Lease(1, 900));
        Assert.Equal(100, table.Find(Key)!.Granted);
        table.Take(Lease(3, 50));
        Assert.Equal(50, table.Find(Key)!.Granted);
    }

    [Fact]
    public void After_a_release_everything_passes_and_counts_until_the_lease_stands_again()
    {
        var table = Table();
        var account = Given(table, Lease(1, 100));
        Assert.True(account.TryReserve(80, NowMs));
        table.Take(Lease(2, 0) with { Action = CommandAction.None });
        Assert.Empty(table.Report());
        Assert.True(account.TryReserve(1_000, NowMs));
        account.Settle(1_000, 1_000);
        table.Take(Lease(3, 1_090));
        Assert.Equal((1_000, 80), ((long)account.Report()!.Settled, (long)account.Report()!.Reserved));
        Assert.True(account.TryReserve(10, NowMs));
        Assert.False(account.TryReserve(1, NowMs));
    }

    [Fact]
    public void Decisions_look_anew_where_a_lease_begins_or_ends_or_is_for_other_tenants_or_in_another_unit_only()
    {
        var table = Table();
        Assert.False(table.Take(Lease(1, 0) with { Action = CommandAction.None }));
        Assert.True(table.Take(Lease(2, 100)));
        Assert.False(table.Take(Lease(3, 200)));
        Assert.True(table.Take(Lease(4, 200) with { Tenants = ["acme"] }));
        Assert.False(table.Take(Lease(5, 200) with { Tenants = ["acme"] }));
        Assert.True(table.Take(Lease(6, 0) with { Action = CommandAction.None }));
        Assert.True(table.Take(Lease(7, 300)));
        var account = table.Find(Key)!;
        Assert.True(table.Take(Lease(8, 300, "i2") with { Parameters = Lease(8, 300, "i2").Parameters with { IsTokens = true } }));
        Assert.NotSame(account, table.Find(Key));
        Assert.True(table.Find(Key)!.IsTokens);
    }

    [Fact]
    public void A_count_that_would_leave_its_range_begins_anew_with_what_is_in_flight()
    {
        var table = Table();
        var account = Given(table, Lease(1, long.MaxValue));
        Assert.True(account.TryReserve(7, NowMs));
        for (var i = 0; i < 3; i++)
        {
            Assert.True(account.TryReserve(LeaseAccount.MostAmount, NowMs));
            account.Settle(LeaseAccount.MostAmount, LeaseAccount.MostAmount);
        }

        var report = account.Report()!;
        Assert.Equal(("i2", 0, 0, 7), (report.Instance, (long)report.Granted, (long)report.Settled, (long)report.Reserved));
        Assert.False(account.TryReserve(1, NowMs));
        table.Take(Lease(2, 10, "i2"));
        Assert.True(account.TryReserve(3, NowMs));
        Assert.False(account.TryReserve(1, NowMs));
    }

    [Fact]
    public async Task Many_threads_on_one_slice_never_let_in_more_than_was_granted()
    {
        const int Threads = 4;
        const int Requests = 8_000_000;
        var table = Table();
        var account = Given(table, Lease(1, 0));
        var admitted = new long[Threads];
        var left = Threads;
        var isOver = false;
        using var together = new Barrier(Threads);
        var work = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                // Every third costs all that was estimated, every third half of it, every third is not sent: never more than was reserved.
                var random = new Random(thread);
                together.SignalAndWait();
                for (var i = 0; i < Requests && !Volatile.Read(ref isOver);)
                {
                    var estimate = random.Next(1, 100);
                    if (!account.TryReserve(estimate, NowMs))
                    {
                        Thread.Yield();
                        continue;
                    }

                    var cost = (i % 3) switch { 0 => estimate, 1 => estimate / 2, _ => 0 };
                    admitted[thread] += cost;
                    if (i % 3 == 2)
                    {
                        account.Release(estimate);
                    }
                    else
                    {
                        account.Settle(estimate, cost);
                    }

                    i++;
                }

                Interlocked.Decrement(ref left);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();

        try
        {
            var granted = 0L;
            for (var version = 2; Volatile.Read(ref left) > 0; version++)
            {
                table.Take(Lease(version, granted += 20_000));
                var report = account.Report()!;
                Assert.True(report.Settled + report.Reserved <= granted, $"{report.Settled} + {report.Reserved} of {granted}");
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await Task.WhenAll(work);
        }

        var end = account.Report()!;
        Assert.Equal((admitted.Sum(), 0), ((long)end.Settled, (long)end.Reserved));
    }

    [Fact]
    public async Task Once_a_lower_version_is_reported_nothing_more_is_let_in_by_the_one_before()
    {
        // Threads reserve without end while the grant is taken back again and again; from the report on the sum may only fall.
        var table = Table();
        var account = Given(table, Lease(1, 0));
        var isOver = false;
        var work = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            while (!Volatile.Read(ref isOver))
            {
                if (account.TryReserve(1, NowMs))
                {
                    account.Settle(1, 1);
                }
            }
        })).ToArray();
        try
        {
            for (var version = 2; version < 2_000; version += 2)
            {
                table.Take(Lease(version, long.MaxValue / 4));
                table.Take(Lease(version + 1, 0));
                var reported = account.Report()!;
                var later = account.Report()!;
                Assert.True(later.Settled + later.Reserved <= reported.Settled + reported.Reserved);
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            await Task.WhenAll(work);
        }
    }

    private const string Key = "tenant=acme|lease/acme";

    private static Command Lease(long version, long granted, string instance = "i1") => Command(
        "tenant=acme", CommandAction.Lease, "lease/acme", new ActionParameters { Slices = [new LeaseSlice("g1", instance, granted, NowMs + 10_000)] },
        version: new CommandVersion(3, version));

    private static LeaseAccount Given(LeaseTable table, Command lease)
    {
        Assert.True(table.Take(lease));
        return table.Find(Key)!;
    }

    private LeaseTable Table() => new(() => $"i{++_drawn}");
}
