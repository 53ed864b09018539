using FsCheck;
using FsCheck.Fluent;
using TokenStream.Commands;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Commands;

public sealed class CommandCompositionTests
{
    private const long NowMs = 50;

    [Fact]
    public void Composing_by_the_index_equals_looking_at_every_command()
    {
        var matches = new CommandMatches();
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var commands = AnyCommands(random, 40);
            var index = new CommandIndex(commands);
            for (var i = 0; i < 10; i++)
            {
                var request = AnyRequest(random);
                var expected = NaiveComposition.Compose(commands, request, NowMs);
                var composed = CommandComposition.Compose(index, in request, NowMs, matches);
                Assert.Equal(expected.Kill, composed.Kill);
                Assert.Equal(expected.Aborts, composed.AbortsStreams);
                Assert.Equal(expected.CacheOnly, composed.CacheOnly);
                Assert.Equal(expected.Limit, composed.Trim?.Parameters.MaxOutputTokens);
                Assert.Equal(expected.Route, composed.Route);
                Assert.Equal(expected.Charges, matches.Ordinals.ToArray().Select(ordinal => index[ordinal].Key).Order(StringComparer.Ordinal));
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));
    }

    [Fact]
    public void The_most_restrictive_action_comes_first()
    {
        Command[] all =
        [
            RouteTo("tenant=a", "b", "budget/1"), Trim("tenant=a", 10, "budget/2"), Trim("tenant=a", 5, "budget/3"),
            Throttle("tenant=a", 100, source: "budget/4"), Throttle("model=b", 100, source: "budget/5"),
            Command("tenant=a", CommandAction.CacheOnly, "budget/6"), Command("tenant=a", CommandAction.Kill, "budget/7"),
        ];
        Assert.Equal(all[6], Compose(all).Kill);
        Assert.Null(Compose(all).CacheOnly);
        Assert.Equal(all[5], Compose(all[..6]).CacheOnly);

        var matches = new CommandMatches();
        var rest = CommandComposition.Compose(new CommandIndex(all[..5]), Request(), NowMs, matches);
        Assert.Equal(all[2], rest.Trim);
        Assert.Equal(all[0], rest.Route);
        Assert.Equal(2, matches.Count);
    }

    [Fact]
    public void A_kill_of_the_requested_or_the_served_model_refuses()
    {
        Command[] kill = [Command("model=b", CommandAction.Kill)];
        Assert.Null(Compose(kill, Request(model: "a")).Kill);
        Assert.NotNull(Compose(kill, Request(model: "b", servedModel: "a")).Kill);
        Assert.NotNull(Compose(kill, Request(model: "a", servedModel: "b")).Kill);
    }

    [Fact]
    public void A_provider_and_a_model_match_together_or_not_at_all()
    {
        Command[] kill = [Command("provider=p;model=m", CommandAction.Kill)];
        Assert.Null(Compose(kill, new RequestDimensions("", "t", "", "", "p", "other", "", "q", "m")).Kill);
        Assert.NotNull(Compose(kill, new RequestDimensions("", "t", "", "", "q", "other", "", "p", "m")).Kill);
    }

    [Fact]
    public void An_allow_lifts_a_budgets_kill_and_never_a_persons()
    {
        var allow = Command("tenant=a;feature=f", CommandAction.Allow, "manual/1");
        var budget = Command("tenant=a", CommandAction.Kill);
        var person = Command("tenant=a", CommandAction.Kill, "manual/2");
        Assert.Null(Compose([allow, budget], Request(feature: "f")).Kill);
        Assert.Equal(budget, Compose([allow, budget], Request(feature: "g")).Kill);
        Assert.Equal(person, Compose([allow, budget, person], Request(feature: "f")).Kill);
    }

    [Fact]
    public void The_narrowest_route_to_a_target_that_is_not_killed_is_taken()
    {
        var wide = RouteTo("tenant=a", "wide");
        var narrow = RouteTo("tenant=a;model=a", "narrow");
        Assert.Equal(narrow, Compose([wide, narrow]).Route);
        Assert.Equal(wide, Compose([wide, narrow, Command("model=narrow", CommandAction.Kill)]).Route);
        Assert.Equal(wide, Compose([wide, narrow, Command("model=narrow", CommandAction.CacheOnly)]).Route);
        Assert.Null(Compose([narrow, Command("model=narrow", CommandAction.Kill)]).Route);
    }

    [Fact]
    public void Routes_that_point_at_each_other_go_one_hop()
    {
        Command[] circle = [RouteTo("model=a", "b"), RouteTo("model=b", "a", "budget/two")];
        Assert.Equal("b", Compose(circle, Request(model: "a")).Route?.Parameters.Model);
        Assert.Null(Compose(circle, Request(model: "a", servedModel: "b")).Route);
    }

    [Fact]
    public void Whoever_asks_for_the_narrowest_routes_target_stays_there() =>
        Assert.Null(Compose([RouteTo("tenant=a", "wide"), RouteTo("tenant=a;feature=f", "a")], Request(model: "a", feature: "f")).Route);

    [Theory]
    [InlineData(99, true)]
    [InlineData(100, false)]
    public void A_command_asks_nothing_from_its_expiry_on(long nowMs, bool killed)
    {
        var index = new CommandIndex([Command("tenant=a", CommandAction.Kill, expiresMs: 100)]);
        Assert.Equal(killed, CommandComposition.Compose(index, Request(), nowMs, new CommandMatches()).Kill is not null);
    }

    [Fact]
    public void A_command_for_an_organisation_meets_its_tenants()
    {
        Command[] kill = [Command("organisation=o;feature=f", CommandAction.Kill, tenants: ["a", "b"])];
        Assert.NotNull(Compose(kill, Request("b", feature: "f")).Kill);
        Assert.Null(Compose(kill, Request("b", feature: "g")).Kill);
        Assert.Null(Compose(kill, Request("c", feature: "f")).Kill);
        Assert.Null(Compose([Command("organisation=o", CommandAction.Kill)], Request("b")).Kill);
    }

    [Fact]
    public void Of_several_kills_a_persons_is_named_and_any_of_them_ends_streams()
    {
        var budget = Command("tenant=a", CommandAction.Kill, parameters: new ActionParameters { AbortStreams = true });
        var person = Command("tenant=a", CommandAction.Kill, "manual/1");
        var composed = Compose([budget, person]);
        Assert.Equal(person, composed.Kill);
        Assert.True(composed.AbortsStreams);
    }

    private static ComposedCommands Compose(Command[] commands) => Compose(commands, Request());

    private static ComposedCommands Compose(Command[] commands, RequestDimensions request) =>
        CommandComposition.Compose(new CommandIndex(commands), in request, NowMs, new CommandMatches());
}
