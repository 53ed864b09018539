using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Runtime;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Governing.Evaluation.LedgerFeed;

namespace TokenStream.Tests.Runtime;

public sealed class GovernStageTests : IDisposable
{
    private const string Spend = "tokenstream.spend";
    private const string Commands = "tokenstream.commands";

    private readonly MemoryLog _log = new();
    private readonly ManualClock _clock = new(June + Day);
    private readonly StreamMetrics _metrics = new();
    private readonly CommandSigner _signer = new(ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private GovernInputs _inputs = Inputs(Killing());
    private long _decision;

    private CommandVerifier Verifier => new(CommandKey.ReadPublic(_signer.PublicPem));

    [Fact]
    public async Task Spend_above_the_amount_brings_about_a_signed_kill_and_one_only()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        WriteSpend(150 * Usd);
        await RunAsync(owner);
        await RunAsync(owner);
        var command = Assert.Single(Issued());
        Assert.Equal((CommandAction.Kill, "tenant=acme|budget/acme", new CommandVersion(1, 1)), (command.Action, command.Key, command.Version));
        Assert.Equal(150 * Usd, command.Cause!.Spent);
        Assert.Contains(_log.Topic("tokenstream.alerts"), record => record.Value is not null);
    }

    [Fact]
    public async Task Nothing_is_decided_before_the_end_that_was_found_at_the_start()
    {
        WriteSpend(150 * Usd);
        var owner = NewOwner();
        await owner.Stage.StepAsync(0);
        owner.Source.Poll(TimeSpan.Zero, owner.Stage);
        await owner.Stage.StepAsync(0);
        Assert.False(owner.Stage.IsDeciding);
        Assert.Empty(Issued());
        await RunAsync(owner);
        Assert.Single(Issued());
    }

    [Fact]
    public async Task A_new_owner_goes_on_with_what_the_log_has_in_a_higher_epoch()
    {
        var first = NewOwner();
        await RunAsync(first);
        WriteSpend(150 * Usd);
        await RunAsync(first);
        var second = NewOwner();
        await RunAsync(second);
        Assert.Single(Issued());
        Assert.StartsWith("tg1 e=2 ", _log.Commit!.Metadata, StringComparison.Ordinal);

        // What a person does shows that it writes: a pause releases the command.
        _inputs = _inputs with { Controls = new GovernControls(new GovernPause(true, "test", "tester", _clock.NowMs), []) };
        await RunAsync(second);
        var release = Issued()[^1];
        Assert.Equal((CommandAction.None, new CommandVersion(2, 1)), (release.Action, release.Version));
    }

    [Fact]
    public async Task An_owner_that_cannot_commit_publishes_no_command()
    {
        var stale = NewOwner();
        await RunAsync(stale);
        _ = _log.NewOwner(Spend);
        WriteSpend(150 * Usd);
        await RunAsync(stale);
        Assert.Empty(Issued());
    }

    [Fact]
    public async Task A_batch_that_was_not_acknowledged_is_decided_anew_in_a_higher_epoch()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        WriteSpend(150 * Usd);
        owner.Sink.Fails = true;
        await RunAsync(owner);
        Assert.Empty(Issued());
        _clock.NowMs += 1_000;
        await RunAsync(owner, elapsedMs: 1_000);
        await RunAsync(owner);
        Assert.Equal(new CommandVersion(2, 1), Assert.Single(Issued()).Version);
    }

    [Fact]
    public async Task A_record_that_does_not_count_above_a_command_is_covered_by_it_again()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        WriteSpend(150 * Usd);
        await RunAsync(owner);
        await RunAsync(owner);
        var topic = _log.Topic(Commands);
        var mine = topic.Last(record => Encoding.UTF8.GetString(record.Key).StartsWith("tenant", StringComparison.Ordinal));
        foreach (var junk in new byte[]?[] { null, "forged"u8.ToArray(), _signer.Sign(Issued()[0] with { Version = new CommandVersion(0, 9), Action = CommandAction.None }) })
        {
            topic.Add((mine.Key, junk));
            await RunAsync(owner);
            Assert.Equal(mine.Value, topic.Last(record => record.Key.AsSpan().SequenceEqual(mine.Key)).Value);
            await RunAsync(owner);
        }
    }

    [Fact]
    public async Task A_command_that_an_earlier_owner_sends_late_is_taken_back_where_nobody_asks_for_it()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        WriteSpend(150 * Usd);
        await RunAsync(owner);
        var late = Issued()[0];
        _inputs = _inputs with { Controls = new GovernControls(new GovernPause(true, "test", "tester", _clock.NowMs), []) };
        var second = NewOwner();
        await RunAsync(second);
        Assert.Equal(CommandAction.None, Issued()[^1].Action);

        // Nobody told the second owner of a person's kill, nor of what the first decided just before it ended.
        foreach (var command in new[] { late with { Id = "other", Scope = Other }, Manual(late) })
        {
            Write(command with { Version = new CommandVersion(1, 9) });
            await RunAsync(second);
            var release = Issued()[^1];
            Assert.Equal((command.Key, CommandAction.None, 2), (release.Key, release.Action, release.Version.Epoch));
        }
    }

    [Fact]
    public async Task A_release_that_an_earlier_owner_sends_late_does_not_end_what_stands()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        WriteSpend(150 * Usd);
        await RunAsync(owner);
        var kill = Issued()[0];
        var second = NewOwner();
        await RunAsync(second);
        Write(kill with { Version = new CommandVersion(1, 9), Action = CommandAction.None });
        await RunAsync(second);
        var again = Issued()[^1];
        Assert.Equal((kill.Key, CommandAction.Kill, new CommandVersion(2, 1), kill.ExpiresMs), (again.Key, again.Action, again.Version, again.ExpiresMs));
        await RunAsync(second);
        Assert.Equal(again, Issued()[^1] with { Cause = again.Cause, Ladder = again.Ladder, Tenants = again.Tenants });
    }

    [Fact]
    public async Task An_owner_without_offsets_begins_above_the_epoch_that_the_last_heartbeat_had()
    {
        for (var i = 0; i < 3; i++)
        {
            await RunAsync(NewOwner(), elapsedMs: 1_000);
        }

        _log.Commit = null;
        var owner = NewOwner();
        await RunAsync(owner, elapsedMs: 1_000);
        Assert.StartsWith("tg1 e=4 ", _log.Commit!.Metadata, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_commit_without_an_answer_nothing_is_committed_in_its_epoch()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        WriteSpend(150 * Usd);
        _clock.NowMs += 61_000;
        owner.Source.LosesAnswer = true;
        await RunAsync(owner);
        Assert.Equal(["tg1 e=1 c=0 s=", "tg1 e=1 c=1 s="], _log.Commits.Select(commit => commit.Metadata));
        await RunAsync(owner, elapsedMs: 1_000);
        Assert.StartsWith("tg1 e=2 ", _log.Commit!.Metadata, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_is_gone_on_from_and_older_ones_go()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        for (var i = 0; i < 3; i++)
        {
            WriteSpend(10 * Usd);
            _clock.NowMs += 61_000;
            await RunAsync(owner);
        }

        var live = new Dictionary<string, bool>();
        foreach (var (key, value) in _log.Topic("tokenstream.ledger"))
        {
            live[Encoding.UTF8.GetString(key)] = value is not null;
        }

        Assert.Equal(3, live.Count);
        Assert.Single(live, pair => pair.Value);
        Assert.Equal(_log.Topic(Spend).Count, _log.Commit!.Offset);
        var second = NewOwner();
        await RunAsync(second);
        Assert.Equal(30 * Usd, Assert.Single(second.Stage.Evaluations).Spent);
        WriteSpend(5 * Usd);
        await RunAsync(second);
        Assert.Equal(35 * Usd, Assert.Single(second.Stage.Evaluations).Spent);
    }

    [Fact]
    public async Task A_snapshot_takes_many_steps_and_whoever_takes_over_after_any_of_them_counts_everything_once()
    {
        _ = ScopePattern.TryParse("tenant=<each>", out var each, out _);
        _inputs = Inputs(Killing() with { Scope = each, Amount = new BudgetAmount(1_000_000 * (Int128)Usd, IsTokens: false) });
        var (spent, snapshots) = (0, new HashSet<string>());
        for (var takeover = 1; takeover <= 12; takeover++)
        {
            var owner = NewOwner(sliceBytes: 1);
            await RunAsync(owner);
            Assert.Equal(spent * Usd, Total(owner));
            _clock.NowMs += 61_000;
            for (var step = 0; step < (takeover % 4 * 4) + 2; step++)
            {
                WriteSpend(Usd, Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact($"t{spent++ % 9}"))));
                await RunAsync(owner);
            }

            Assert.Equal(spent * Usd, Total(owner));
            snapshots.Add(_log.Commit!.Metadata.Split("s=")[1]);
        }

        // Some were killed before their first snapshot was whole, others after.
        Assert.InRange(snapshots.Count, 3, 11);
    }

    [Fact]
    public async Task An_owner_without_offsets_gives_no_snapshot_the_name_of_one_that_was_never_finished()
    {
        foreach (var tenant in new[] { "acme", "b", "c" })
        {
            WriteSpend(10 * Usd, Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact(tenant))));
        }

        // The first writes a snapshot of several chunks with its first decision, and loses the partition before the commit and any heartbeat.
        var first = NewOwner(chunkBytes: 1);
        first.Source.Poll(TimeSpan.Zero, first.Stage);
        await first.Stage.StepAsync(0);
        first.Source.Poll(TimeSpan.Zero, first.Stage);
        _clock.NowMs += 61_000;
        _ = _log.NewOwner(Spend);
        await first.Stage.StepAsync(0);
        Assert.InRange(_log.Topic("tokenstream.ledger").Count, 3, 9);
        Assert.Empty(_log.Topic(Commands));

        // The group loses its offsets. The next owner's snapshot is of the same offset, and of one chunk.
        _log.Commit = null;
        var second = NewOwner();
        await RunAsync(second);
        _clock.NowMs += 61_000;
        await RunAsync(second);
        var named = _log.Commit!.Metadata;
        var third = NewOwner();
        await RunAsync(third);
        Assert.Empty(third.Stage.Stopped);
        Assert.Equal("tg1 e=2 c=0 s=0000000000000000003-2-1", named);
        Assert.Equal(10 * Usd, Assert.Single(third.Stage.Evaluations).Spent);
    }

    [Fact]
    public async Task Heartbeats_tell_epoch_and_counter_each_second()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        WriteSpend(150 * Usd);
        await RunAsync(owner, elapsedMs: 1_000);
        var (key, value) = _log.Topic(Commands).Last(record => record.Key.AsSpan().StartsWith("heartbeat/"u8));
        Assert.Equal(CommandRefusal.None, Verifier.TryVerify(key, value, out var record));
        Assert.Equal((new CommandVersion(1, 1), 1, 0), (record.Heartbeat!.Version, record.Heartbeat.ActiveCommands, record.Heartbeat.Partition));
    }

    [Fact]
    public async Task What_a_gateway_says_of_its_slices_is_granted_by_and_a_new_owner_knows_it()
    {
        _inputs = Inputs(Killing() with { Leases = true });
        var first = NewOwner();
        await RunAsync(first);
        first.Stage.SetLeaseReports(LeaseAck("i1", Issued()[^1].Version));
        _clock.NowMs += 1_000;
        await RunAsync(first, elapsedMs: 1_000);
        var lease = Issued()[^1];
        Assert.Equal(("tenant=acme|lease/acme", CommandAction.Lease, "i1"), (lease.Key, lease.Action, lease.Parameters.Slices[0].Instance));

        // The next owner has not heard of the gateway, and grants what it was granted.
        _clock.NowMs += 1_000;
        await RunAsync(NewOwner());
        Assert.Equal((2L, lease.Parameters.Slices[0]), (Issued()[^1].Version.Epoch, Issued()[^1].Parameters.Slices[0]));
    }

    public void Dispose()
    {
        _metrics.Dispose();
        _signer.Dispose();
    }

    private static Budget Killing() => Monthly(100) with
    {
        Mode = BudgetMode.Enforce,
        Ladder = [new LadderStep { Trigger = LadderTrigger.Exhausted, Level = 100, Action = CommandAction.Kill }],
    };

    private static GovernInputs Inputs(params Budget[] budgets) =>
        new(new BudgetSet(1, budgets), TenantDirectory.Empty, budgets.ToDictionary(b => b.Scope.Text, _ => 0L), GovernControls.None);

    private GatewayAck LeaseAck(string instance, CommandVersion version) => new()
    {
        Kind = GatewayAckKind.Leases,
        GatewayId = "g1",
        AtMs = _clock.NowMs,
        Leases = [new LeaseReport { Key = "tenant=acme|lease/acme", Instance = instance, Version = version }],
    };

    private static Int128 Total(Owner owner) => owner.Stage.Evaluations.Aggregate(Int128.Zero, (sum, evaluation) => sum + evaluation.Spent);

    private Owner NewOwner(long sliceBytes = 256 * 1024, int chunkBytes = 256 * 1024)
    {
        var (source, sink) = (_log.NewOwner(Spend), new MemorySink(_log));
        var stage = new GovernStage(
            source,
            sink,
            new MemoryCompactedLog(_log, Commands),
            new MemoryCompactedLog(_log, "tokenstream.ledger"),
            () => _inputs,
            _signer,
            Verifier,
            new GovernStageOptions { Partitions = 1, SnapshotSliceBytes = sliceBytes, SnapshotChunkBytes = chunkBytes },
            _metrics,
            _clock,
            NullLogger.Instance);
        return new Owner(source, sink, stage);
    }

    /// <summary>Polls and steps until what it started with is read and what it found is decided.</summary>
    private static async Task RunAsync(Owner owner, long elapsedMs = 10)
    {
        for (var i = 0; i < 3; i++)
        {
            owner.Source.Poll(TimeSpan.Zero, owner.Stage);
            await owner.Stage.StepAsync(i == 0 ? elapsedMs : 0);
        }
    }

    private static Scope Other { get; } = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("other")));

    private static Command Manual(Command command) => command with { Source = "manual/late", Cause = null, Ladder = null, ExpiresMs = null };

    private void Write(Command command) => _log.Topic(Commands).Add((Encoding.UTF8.GetBytes(command.Key), _signer.Sign(command)));

    private void WriteSpend(Int128 cost, Scope? scope = null)
    {
        var window = _clock.NowMs / 10_000 * 10_000;
        var encoder = new SpendEncoder();
        encoder.Add(Encoding.UTF8.GetBytes((scope ?? Acme).Text), _clock.NowMs - window, new SpendMeasures { Cost = cost, Requests = 10, Tokens = 100 });
        _decision++;
        var header = new RollupBlockHeader(0, "llm.requests", 0, window, _decision, _decision, _decision, 1, Final: true);
        _log.Topic(Spend).Add(([], encoder.Finish(header, 1).ToArray()));
    }

    private List<Command> Issued()
    {
        var commands = new List<Command>();
        foreach (var (key, value) in _log.Topic(Commands))
        {
            if (value is not null && Verifier.TryVerify(key, value, out var record) == CommandRefusal.None && record.Command is { } command)
            {
                commands.Add(command);
            }
        }

        return commands;
    }

    private sealed record Owner(MemoryLog.MemorySource Source, MemorySink Sink, GovernStage Stage);

    private sealed class ManualClock(long nowMs) : TimeProvider
    {
        public long NowMs { get; set; } = nowMs;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }
}
