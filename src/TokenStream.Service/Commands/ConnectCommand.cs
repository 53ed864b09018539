using System.CommandLine;
using Spectre.Console;
using TokenStream.ClickHouse;
using TokenStream.Service.Node;
using TokenStream.Service.Sources;
using TokenStream.Storage;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream connect</c>: the sources of the last hour, how sure their counts are, and what to set to improve each.</summary>
internal static class ConnectCommand
{
    /// <summary>Wide enough for every column; lines of a file or a pipe are not broken.</summary>
    private const int WidthOfPipe = 200;

    /// <summary>Below this the lines are broken by the terminal.</summary>
    private const int NarrowestTerminal = 40;

    private const int UnknownTable = 60;
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(2);

    internal static Command Create()
    {
        var watch = new Option<bool>("--watch") { Description = "Look again every two seconds until Ctrl-C." };
        var json = new Option<bool>("--json") { Description = "As JSON, for programs." };
        var command = new Command(
            "connect",
            """
            List the gateways that sent something in the last hour: events, how many are exact, bounds or unknown, what was refused and why,
            and what to set to improve it; where none did, how to connect one. Counts are a few seconds old.
            Example: tokenstream connect --watch
            """) { watch, json };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, parsed.GetValue(watch), parsed.GetValue(json), cancellation));
        Connections.AddStore(command);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, bool watch, bool json, CancellationToken cancellation)
    {
        try
        {
            using var client = Connections.ToClickHouse(Connections.Options(parsed));
            if (watch)
            {
                await WatchAsync(client, json, cancellation);
                return 0;
            }

            var seen = await SourcesQuery.ReadAsync(client, cancellation);
            Write(json ? [SourceSeen.ToJson(seen)] : SourcesText.Lines(seen, Width));
            return 0;
        }
        catch (Exception failure) when (failure is NodeStartException or StoreUnavailableException or ClickHouseException)
        {
            await Console.Error.WriteLineAsync(Explain(failure));
            return 1;
        }
    }

    private static bool IsTerminal => AnsiConsole.Profile.Capabilities is { Interactive: true, Ansi: true };

    private static int Width => IsTerminal ? Math.Max(NarrowestTerminal, AnsiConsole.Profile.Width) : WidthOfPipe;

    /// <summary>In place in a terminal; elsewhere the same lines again where they changed.</summary>
    private static async Task WatchAsync(ClickHouseClient client, bool json, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Refresh, TimeProvider.System);
        var before = "";
        try
        {
            do
            {
                var lines = await LinesAsync(client, json, cancellation);
                var text = string.Join('\n', lines);
                if (IsTerminal && !json)
                {
                    Console.Write(Screen([.. lines, "", "Ctrl-C ends"], AnsiConsole.Profile.Height));
                }
                else if (text != before)
                {
                    Write(lines);
                    before = text;
                }
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.WriteLine();
        }
    }

    /// <summary>
    /// Lines over what the terminal shows: each clears the rest of its own line, and the last what is below, so that nothing flickers and
    /// nothing stays of a wider or longer screen before.
    /// </summary>
    private static string Screen(IReadOnlyList<string> lines, int height) =>
        "\e[H" + string.Join("\e[K\n", lines.Take(Math.Max(1, height - 1))) + "\e[K\e[J";

    /// <summary>While it is watched, a store that is away is said in its place.</summary>
    private static async Task<IReadOnlyList<string>> LinesAsync(ClickHouseClient client, bool json, CancellationToken cancellation)
    {
        try
        {
            var seen = await SourcesQuery.ReadAsync(client, cancellation);
            return json ? [SourceSeen.ToJson(seen)] : SourcesText.Lines(seen, Width);
        }
        catch (Exception failure) when ((failure is StoreUnavailableException or ClickHouseException) && !json)
        {
            return [.. SourcesText.Wrap(Explain(failure), Width, "")];
        }
    }

    private static string Explain(Exception failure) => failure is ClickHouseException { Code: UnknownTable }
        ? "The store does not know sources yet: start a node of this release on it once (tokenstream up)."
        : $"The sources cannot be read: {failure.Message} Does a node run? Name its store with --clickhouse, or its --config.";

    private static void Write(IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            Console.WriteLine(line);
        }
    }
}
