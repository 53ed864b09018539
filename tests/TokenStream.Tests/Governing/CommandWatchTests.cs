using FsCheck;
using FsCheck.Fluent;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Governing;

public sealed class CommandWatchTests
{
    private const long IssuedMs = 1_700_000_000_000;

    private readonly CommandWatch _watch = new();

    [Fact]
    public void Latency_runs_from_the_event_to_the_gateways_obedience_once_a_gateway()
    {
        _watch.Take(Kill(), isLive: true);
        Assert.Equal((AckRefusal.None, 700L), Take(Ack("g1", appliedMs: IssuedMs + 450)));
        Assert.Equal((AckRefusal.None, null), Take(Ack("g1", appliedMs: IssuedMs + 9000)));
        Assert.Equal((AckRefusal.None, 800L), Take(Ack("g2", appliedMs: IssuedMs + 550)));
        Assert.Equal((AckRefusal.None, null), Take(Ack("g3") with { Kind = GatewayAckKind.Loaded }));
    }

    [Theory]
    [InlineData(10_000, 0)]
    [InlineData(10_001, 1)]
    [InlineData(299_999, 1)]
    [InlineData(300_001, 0)]
    public void A_gateway_that_lives_owes_an_ack_after_ten_seconds(long afterMs, int missing)
    {
        Take(new GatewayAck { Kind = GatewayAckKind.Reservations, GatewayId = "g1", AtMs = IssuedMs }, IssuedMs);
        _watch.Take(Kill(), isLive: true);
        Assert.Equal(missing, _watch.Unacknowledged(IssuedMs + afterMs));
    }

    [Fact]
    public void A_newer_version_is_owed_anew_and_an_ack_of_the_old_one_does_not_pay_it()
    {
        _watch.Take(Kill(), isLive: true);
        Take(Ack("g1"));
        Assert.Equal(0, _watch.Unacknowledged(IssuedMs + 20_000));
        _watch.Take(Kill(counter: 2), isLive: true);
        Take(Ack("g1"));
        Assert.Equal(1, _watch.Unacknowledged(IssuedMs + 20_000));
        Take(Ack("g1", counter: 2));
        Assert.Equal(0, _watch.Unacknowledged(IssuedMs + 20_000));
        _watch.Take(Kill(), isLive: true);
        Assert.Equal(0, _watch.Unacknowledged(IssuedMs + 20_000));
    }

    [Fact]
    public void Nothing_is_owed_for_what_expired_was_deleted_or_was_there_before()
    {
        Take(new GatewayAck { Kind = GatewayAckKind.Reservations, GatewayId = "g1", AtMs = IssuedMs }, IssuedMs);
        _watch.Take(Kill("a") with { ExpiresMs = IssuedMs + 15_000 }, isLive: true);
        _watch.Take(Kill("b") with { Action = CommandAction.None }, isLive: true);
        _watch.Take(Kill("c"), isLive: false);
        Assert.Equal(2, _watch.Unacknowledged(IssuedMs + 14_999));
        Assert.Equal(1, _watch.Unacknowledged(IssuedMs + 15_000));
        _watch.Forget(Kill("b").Key);
        Assert.Equal(0, _watch.Unacknowledged(IssuedMs + 15_000));
    }

    [Fact]
    public void A_deletion_that_anybody_could_have_written_does_not_hide_a_command()
    {
        Take(new GatewayAck { Kind = GatewayAckKind.Reservations, GatewayId = "g1", AtMs = IssuedMs }, IssuedMs);
        _watch.Take(Kill(), isLive: true);
        _watch.Forget(Kill().Key);
        Assert.Equal(1, _watch.Unacknowledged(IssuedMs + 20_000));
    }

    [Fact]
    public void Whatever_is_acknowledged_the_counts_stay_within_their_bounds() => Prop.ForAll(
        Gen.Elements(0, 1, 2, long.MaxValue).Two().Zip(Gen.Elements(0, IssuedMs, IssuedMs + 100, long.MaxValue - 1)).Zip(Gen.Choose(0, 3))
            .ListOf().ToArbitrary(),
        made =>
        {
            var watch = new CommandWatch();
            watch.Take(Kill(), isLive: true);
            foreach (var (((epoch, counter), appliedMs), gateway) in made)
            {
                var ack = Ack($"g{gateway}", appliedMs: appliedMs) with { Version = new CommandVersion(epoch, counter) };
                watch.Take(ack, IssuedMs + 1000, out var latencyMs);
                Assert.InRange(latencyMs ?? 0, 0, 1000 + 250 + CommandWatch.ClockSkewMs);
            }

            Assert.InRange(watch.Gateways(IssuedMs + 1000), 0, 4);
            Assert.InRange(watch.Unacknowledged(IssuedMs + 20_000), 0, watch.Gateways(IssuedMs + 20_000));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Acks_of_what_was_never_issued_or_of_impossible_times_are_refused()
    {
        Assert.Equal(AckRefusal.UnknownCommand, Take(Ack("g1")).Refusal);
        _watch.Take(Kill(), isLive: true);
        Assert.Equal(AckRefusal.UnknownCommand, Take(Ack("g1", counter: 2)).Refusal);
        Assert.Equal(AckRefusal.ImpossibleTime, Take(Ack("g1", appliedMs: IssuedMs - CommandWatch.ClockSkewMs - 1)).Refusal);
        Assert.Equal(AckRefusal.ImpossibleTime, Take(Ack("g1", appliedMs: IssuedMs + 1000 + CommandWatch.ClockSkewMs + 1)).Refusal);
        Assert.Equal(0, _watch.Gateways(IssuedMs));
    }

    [Fact]
    public void More_gateways_than_are_kept_are_refused_until_some_are_gone()
    {
        for (var i = 0; i < CommandWatch.MostGateways; i++)
        {
            Take(new GatewayAck { Kind = GatewayAckKind.Reservations, GatewayId = $"g{i}", AtMs = IssuedMs }, IssuedMs);
        }

        var late = new GatewayAck { Kind = GatewayAckKind.Reservations, GatewayId = "late", AtMs = IssuedMs };
        Assert.Equal(AckRefusal.Limit, Take(late, IssuedMs).Refusal);
        Assert.Equal(AckRefusal.None, Take(late, IssuedMs + CommandWatch.GatewayGoneMs + 1).Refusal);
        Assert.Equal(1, _watch.Gateways(IssuedMs + CommandWatch.GatewayGoneMs + 1));
    }

    private static Command Kill(string tenant = "acme", long counter = 1) => new()
    {
        Id = $"c-{counter}",
        Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact(tenant))),
        Source = "budget/b",
        Version = new CommandVersion(1, counter),
        Action = CommandAction.Kill,
        IssuedMs = IssuedMs,
        Reason = "r",
        Cause = new CommandCause
        {
            Budget = "b", BudgetSetVersion = 1, Trigger = "exhausted", Spent = 1, Limit = 1, PeriodStartMs = 0, PeriodEndMs = 1, EventMs = IssuedMs - 250,
        },
    };

    private static GatewayAck Ack(string gateway, long counter = 1, long appliedMs = IssuedMs + 100) => new()
    {
        Kind = GatewayAckKind.Applied,
        GatewayId = gateway,
        AtMs = appliedMs,
        CommandId = $"c-{counter}",
        Key = Kill().Key,
        Version = new CommandVersion(1, counter),
        ReceivedMs = appliedMs,
        AppliedMs = appliedMs,
    };

    private (AckRefusal Refusal, long? LatencyMs) Take(GatewayAck ack, long nowMs = IssuedMs + 1000) =>
        (_watch.Take(ack, nowMs, out var latencyMs), latencyMs);
}
