using System.CommandLine;
using TokenStream.Service.Commands;

var root = new RootCommand("TokenStream: exact, governed LLM spend from token events.") { ClickHouseCommand.Create() };
return await root.Parse(args).InvokeAsync();
