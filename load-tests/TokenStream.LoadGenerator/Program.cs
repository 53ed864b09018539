using System.CommandLine;
using TokenStream.LoadGenerator;
using TokenStream.LoadGenerator.Enforcement;

var root = new RootCommand("Seeded load for TokenStream: files of events with their exact totals, and a producer at a fixed rate.")
{
    GenerateCommand.Create(),
    SendCommand.Create(),
    EnforceCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
