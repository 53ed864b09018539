using System.CommandLine;
using TokenStream.Service.Commands;

var root = new RootCommand("TokenStream: exact, governed LLM spend from token events.")
{
    UpCommand.Create(),
    ClickHouseCommand.Create(),
    ConfigCommand.Create(),
    ReplayCommand.Create(),
    CheckEventsCommand.Create(),
    InspectCommand.Create(),
    ConnectCommand.Create(),
    PriceCommand.Create(),
    DeadLetterCommand.Create(),
    PricesCommand.Create(),
    BudgetsCommand.Create(),
    CommandsCommand.Create(),
    GovernCommand.Create(),
    KeysCommand.Create(),
    AlertsCommand.Create(),
    AnomaliesCommand.Create(),
    GatewayAgentCommand.Create(),
    DetectCommand.Create(),
    TokensCommand.Create(),
    ProxyCommand.Create(),
};

foreach (var command in RequestCommands.Create())
{
    root.Add(command);
}

// Commands end by themselves when asked to: the library would end the process two seconds after a signal, drained or not.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
