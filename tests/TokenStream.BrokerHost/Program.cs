using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using TokenStream.Broker;
using TokenStream.Broker.Log;

// The embedded log alone in a process, for tests that kill it:  TokenStream.BrokerHost DATA-DIRECTORY HOST:PORT [MAX-CONNECTIONS]
// Prints "ready HOST:PORT" once clients can connect; ends on SIGTERM.
using ILoggerFactory loggers = LoggerFactory.Create(log => log.AddSimpleConsole(console => console.SingleLine = true));
var options = new BrokerOptions
{
    Store = new LogStoreOptions { DataDirectory = args[0] },
    Listen = args[1],
    MaxConnections = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1_000,
    TopicDefaults = [new TopicDefault("stamped*", TopicConfig.Default with { LogAppendTime = true }, 2)],
};
var stop = new TaskCompletionSource();
using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    stop.TrySetResult();
});
await using EmbeddedLog log = await EmbeddedLog.StartAsync(options, TimeProvider.System, loggers);
Console.WriteLine($"ready {log.BootstrapServers}");
await stop.Task;
