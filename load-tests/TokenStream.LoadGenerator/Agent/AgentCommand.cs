using System.CommandLine;

namespace TokenStream.LoadGenerator.Agent;

/// <summary><c>agent</c>: decisions of a gateway agent at a fixed rate, whatever its answers take.</summary>
internal static class AgentCommand
{
    public static Command Create()
    {
        var to = new Option<string>("--to")
        {
            Description = "The agent, http://ADDRESS:PORT.",
            DefaultValueFactory = _ => "http://127.0.0.1:7070",
        };
        var rate = new Option<double>("--rate") { Description = "Decisions a second.", DefaultValueFactory = _ => 5_000 };
        var seconds = new Option<int>("--seconds") { Description = "How long it is measured.", DefaultValueFactory = _ => 30 };
        var warmUp = new Option<int>("--warm-up") { Description = "Seconds before that.", DefaultValueFactory = _ => 5 };
        var connections = new Option<int>("--connections") { Description = "Kept connections.", DefaultValueFactory = _ => 16 };
        var tenants = new Option<int>("--tenants") { Description = "Tenants, in turn.", DefaultValueFactory = _ => 200 };
        var decideOnly = new Option<bool>("--decide-only") { Description = "Complete none: the oldest reservations are displaced." };
        var floor = new Option<bool>("--floor")
        {
            Description = "Ask for nothing but whether it lives: what machine, HTTP and this client take.",
        };
        var command = new Command("agent", "Ask a gateway agent at a fixed rate and measure its answers.")
        {
            to, rate, seconds, warmUp, connections, tenants, decideOnly, floor,
        };
        command.SetAction(parsed =>
        {
            var asks = parsed.GetValue(floor) ? AgentAsks.Nothing
                : parsed.GetValue(decideOnly) ? AgentAsks.Decisions
                : AgentAsks.DecisionsAndCompletions;
            using var load = new AgentLoad(new Uri(parsed.GetValue(to)!), parsed.GetValue(connections), parsed.GetValue(tenants), asks);
            return load.Run(parsed.GetValue(rate), parsed.GetValue(warmUp), parsed.GetValue(seconds));
        });
        return command;
    }
}
