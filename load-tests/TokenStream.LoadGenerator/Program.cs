using System.CommandLine;
using TokenStream.LoadGenerator;
using TokenStream.LoadGenerator.Agent;
using TokenStream.LoadGenerator.Enforcement;
using TokenStream.LoadGenerator.Proxy;

var root = new RootCommand("Seeded load for TokenStream: files of events with their exact totals, and a producer at a fixed rate.")
{
    GenerateCommand.Create(),
    SendCommand.Create(),
    EnforceCommand.Create(),
    ProxyCommand.Create(),
    UpstreamCommand.Create(),
    AgentCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
