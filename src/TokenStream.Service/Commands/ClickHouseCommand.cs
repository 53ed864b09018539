using System.CommandLine;
using System.Net;
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
        var allowRemote =
            new Option<bool>("--allow-remote") { Description = "Allow an address that other machines reach (there is no TLS)." };
        var stopWithInput =
            new Option<bool>("--stop-with-input") { Description = "Stop when standard input ends, as it does when a parent process dies." };
        var memory = new Option<int?>("--memory-mb")
        {
            Description = "Megabytes that the engine may take (default: 2048, or half of the machine's memory if that is less).",
        };
        var command = new Command("clickhouse", "Run the embedded store alone, behind ClickHouse's HTTP interface.")
        {
            data, listen, allowRemote, memory, stopWithInput,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(data)!.FullName, parsed.GetValue(listen)!, parsed.GetValue(allowRemote), parsed.GetValue(memory),
            parsed.GetValue(stopWithInput), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        string data, string listen, bool allowRemote, int? memory, bool stopWithInput, CancellationToken cancellation)
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
            if (memory is { } megabytes)
            {
                options.MaxMemoryBytes = (long)megabytes << 20;
            }
            await using var server = await ChdbServer.StartAsync(options, loggers, TimeProvider.System, cancellation);
            await StopRequestedAsync(stopWithInput, cancellation);
            return 0;
        }
        catch (ChdbStartException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 1;
        }
    }

    /// <summary>Waits for SIGTERM, Ctrl-C, the caller's own cancellation or, where wanted, the end of standard input.</summary>
    private static async Task StopRequestedAsync(bool stopWithInput, CancellationToken cancellation)
    {
        var inputEnds = stopWithInput ? InputEndsAsync() : Task.Delay(Timeout.Infinite, CancellationToken.None);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var asked = StopRequest.WaitAsync(ended.Token, ignoresInterrupt: stopWithInput);
        await Task.WhenAny(asked, inputEnds);
        await ended.CancelAsync();
        await asked;
    }

    /// <summary>A read of standard input blocks a thread and cannot be cancelled; the process's end ends it.</summary>
    private static Task InputEndsAsync() => Task.Factory.StartNew(
        static () =>
        {
            using var input = Console.OpenStandardInput();
            var ignored = new byte[256];
            while (input.Read(ignored) > 0)
            {
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}
