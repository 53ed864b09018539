using TokenStream.Commands;
using TokenStream.Gateway;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;
using static TokenStream.Tests.Gateway.GatewayFixture;

namespace TokenStream.Tests.Gateway;

public sealed class BlindGatewayTests
{
    [Theory]
    [InlineData(5_000, GatewayState.Fresh)]
    [InlineData(5_001, GatewayState.Stale)]
    [InlineData(900_000, GatewayState.Stale)]
    [InlineData(900_001, GatewayState.Blind)]
    public async Task Silence_makes_stale_after_five_seconds_and_blind_after_a_quarter_of_an_hour(long silentMs, GatewayState expected)
    {
        await using var fixture = new GatewayFixture();
        fixture.Time.Advance(TimeSpan.FromMilliseconds(silentMs));
        Assert.Equal(expected, fixture.Gateway.State);
        fixture.Beat();
        Assert.Equal(GatewayState.Fresh, fixture.Gateway.State);
    }

    [Theory]
    [InlineData(OnBlind.Open, DecisionCode.Allowed)]
    [InlineData(OnBlind.Closed, DecisionCode.Blind)]
    [InlineData(OnBlind.LastKnown, DecisionCode.Killed)]
    public async Task A_blind_gateway_does_as_it_is_told_and_a_stale_one_goes_on(OnBlind onBlind, DecisionCode whenBlind)
    {
        await using var fixture = new GatewayFixture(options => options.OnBlind = onBlind);
        fixture.Give(Command("tenant=acme", CommandAction.Kill));
        fixture.Time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(DecisionCode.Killed, fixture.Decide(Asked()).Code);
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(whenBlind, fixture.Decide(Asked()).Code);
        fixture.Beat();
        Assert.Equal(DecisionCode.Killed, fixture.Decide(Asked()).Code);
    }

    [Fact]
    public async Task Before_all_partitions_were_read_the_gateway_is_blind()
    {
        await using var fixture = new GatewayFixture(options => options.OnBlind = OnBlind.Closed, isComplete: false);
        fixture.Gateway.Feed.ReachEnd(0);
        Assert.Equal(GatewayState.Blind, fixture.Gateway.State);
        Assert.Equal(503, fixture.Decide(Asked()).Status);
        Assert.False(fixture.Gateway.Completed.IsCompleted);
        fixture.ReachEnds();
        Assert.True(fixture.Gateway.Completed.IsCompleted);
        Assert.True(fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public async Task A_heartbeat_that_lay_in_the_topic_for_an_hour_proves_nothing_of_now()
    {
        await using var later = new GatewayFixture(isComplete: false);
        later.Time.Advance(TimeSpan.FromHours(2));
        using var signer = Commands.CommandSamples.Signer();
        for (var partition = 0; partition < Partitions; partition++)
        {
            var old = new Heartbeat { Partition = partition, Version = new CommandVersion(1, 1), AtMs = later.Time.NowMs - 3_600_000 };
            later.Gateway.Feed.Take(partition, System.Text.Encoding.UTF8.GetBytes(old.Key), signer.Sign(old));
            later.Gateway.Feed.ReachEnd(partition);
        }

        Assert.Equal(GatewayState.Blind, later.Gateway.State);
    }

    [Theory]
    [InlineData(UnknownTenants.Allow, DecisionCode.Allowed, "stranger")]
    [InlineData(UnknownTenants.DefaultBudget, DecisionCode.Killed, "~unknown")]
    [InlineData(UnknownTenants.Deny, DecisionCode.UnknownTenant, "stranger")]
    public async Task Unknown_tenants_are_treated_as_told(UnknownTenants unknown, DecisionCode expected, string tenant)
    {
        await using var fixture = new GatewayFixture(options =>
        {
            options.UnknownTenants = unknown;
            options.IsKnownTenant = name => name == "acme";
        });
        fixture.Give(Command("tenant=~unknown", CommandAction.Kill));
        var decision = fixture.Decide(Asked("stranger"));
        Assert.Equal((expected, tenant), (decision.Code, decision.Tenant));
        Assert.True(fixture.Decide(Asked()).IsAllowed);
    }

    [Fact]
    public void Every_wrong_option_is_named_at_once()
    {
        var options = new TokenStreamGatewayOptions { GatewayId = "", BufferedEvents = 0, BlindAfter = TimeSpan.FromSeconds(1), OnBlind = (OnBlind)9 };
        var errors = options.Errors();
        Assert.All(
            ["BootstrapServers", "GatewayId", "BufferedEvents", "BlindAfter", "OnBlind", "PublicKeys"],
            name => Assert.Contains(errors, error => error.Contains(name, StringComparison.Ordinal)));
        options.PublicKeys = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
        Assert.Contains(options.Errors(), error => error.StartsWith("PublicKeys:", StringComparison.Ordinal));
    }
}
