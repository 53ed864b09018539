using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using TokenStream.Chdb.Engine;
using TokenStream.Chdb.Http;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream clickhouse</c>: the embedded store alone, as the node runs it in a child process.</summary>
internal static class ClickHouseCommand
{
    internal static Command Create()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "The store's data directory.", Required = true };
        var listen = new Option<string>("--listen")
        {
            Description = "Address and port to listen on; port 0 takes a free one.",
            DefaultValueFactory = _ => "127.0.0.1:8123",
        };
        var allowRemote = new Option<bool>("--allow-remote") { Description = "Allow an address that other machines reach (there is no TLS)." };
        var command = new Command("clickhouse", "Run the embedded store alone, behind ClickHouse's HTTP interface.") { data, listen, allowRemote };
        command.SetAction((parsed, cancellation) =>
            RunAsync(parsed.GetValue(data)!.FullName, parsed.GetValue(listen)!, parsed.GetValue(allowRemote), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string data, string listen, bool allowRemote, CancellationToken cancellation)
    {
        using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true)
            .AddFilter("Microsoft", LogLevel.Critical));
        if (!IPEndPoint.TryParse(listen, out var endpoint))
        {
            await Console.Error.WriteLineAsync($"--listen {listen} is not an address and port, such as 127.0.0.1:8123.");
            return 2;
        }
        try
        {
            var options = new ChdbServerOptions { DataDirectory = data, Listen = endpoint, AllowRemote = allowRemote };
            await using var server = await ChdbServer.StartAsync(options, loggers, TimeProvider.System, cancellation);
            await StopRequestedAsync(cancellation);
            return 0;
        }
        catch (ChdbStartException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    /// <summary>Waits for SIGTERM, Ctrl-C or the caller's own cancellation.</summary>
    private static async Task StopRequestedAsync(CancellationToken cancellation)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using var cancelled = cancellation.Register(() => stop.TrySetResult());
        await stop.Task;
    }
}
