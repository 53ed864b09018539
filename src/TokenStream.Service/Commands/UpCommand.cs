using System.CommandLine;
using System.Globalization;
using TokenStream.Service.Demo;
using TokenStream.Service.Demo.Runaway;
using TokenStream.Service.Demo.Spike;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream up</c>: one node in the foreground.</summary>
internal static class UpCommand
{
    private static readonly Option<string?> Data =
        new("--data") { Description = "Where the embedded log and store keep their data (default ./data)." };
    private static readonly Option<string?> Kafka =
        new("--kafka") { Description = "A real Kafka, host:port,.., instead of the embedded log." };
    private static readonly Option<string?> KafkaListen =
        new("--kafka-listen") { Description = "Where the embedded log listens (default 127.0.0.1:9092)." };
    private static readonly Option<string?> ClickHouse =
        new("--clickhouse") { Description = "A ClickHouse server, http(s)://host:port, instead of the embedded one." };
    private static readonly Option<string?> ClickHouseListen =
        new("--clickhouse-listen") { Description = "Where the embedded ClickHouse listens (default 127.0.0.1:8123)." };
    private static readonly Option<string?> Listen =
        new("--listen") { Description = "Where health, metrics, the API and payloads are served (default 127.0.0.1:8080)." };
    private static readonly Option<string?> ReceiveListen = new("--receive-listen")
    {
        Description =
            "Further addresses, separated by commas, where gateways' payloads are taken (127.0.0.1:4318 for OTLP); --listen takes them " +
            "anyway.",
    };
    private static readonly Option<string?> Prices =
        new("--prices") { Description = "A price book (YAML, or LiteLLM's price map) whose entries win over the default book's." };
    private static readonly Option<string?> Roles =
        new("--roles") { Description = "The stages this node takes part in: aggregate,store,detect,govern,receive,map (default all)." };
    private static readonly Option<FileInfo?> Config =
        new("--config") { Description = "A YAML file with all of these and the rest; options win over it." };
    private static readonly Option<bool> AllowRemote =
        new("--allow-remote") { Description = "Allow listeners that other machines reach; none asks for a password." };
    private static readonly Option<bool> JsonLogs = new("--json-logs") { Description = "Log lines as JSON." };

    private static readonly Option<string?> Demo = new("--demo")
    {
        Description =
            "Replay a trace that ships with the product and watch (azure), see a tenant run away and be stopped (runaway), or a prompt lose " +
            "its cache and be noticed (spike); on a data directory of its own.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    internal static Command Create()
    {
        var command = new Command("up", "Run one node in the foreground: events in on Kafka, exact rollups out in ClickHouse.")
        {
            Data, Kafka, KafkaListen, ClickHouse, ClickHouseListen, Listen, ReceiveListen, Prices, Roles, Config, AllowRemote, JsonLogs,
            Demo,
        };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return command;
    }

    /// <summary>
    /// The options of a command line over those of its configuration file. Throws <see cref="NodeStartException"/> with every error.
    /// </summary>
    internal static NodeOptions Read(ParseResult parsed)
    {
        var options = ConfigCommand.ReadValid(parsed.GetValue(Config));
        return options with
        {
            DataDirectory = parsed.GetValue(Data) ?? options.DataDirectory,
            Kafka = parsed.GetValue(Kafka) ?? options.Kafka,
            KafkaListen = parsed.GetValue(KafkaListen) ?? options.KafkaListen,
            ClickHouse = parsed.GetValue(ClickHouse) ?? options.ClickHouse,
            ClickHouseListen = parsed.GetValue(ClickHouseListen) ?? options.ClickHouseListen,
            Listen = parsed.GetValue(Listen) ?? options.Listen,
            Receive = parsed.GetValue(ReceiveListen) is { } addresses
                ? options.Receive with { Listen = Split(addresses) }
                : options.Receive,
            PricesFile = parsed.GetValue(Prices) ?? options.PricesFile,
            Roles = ReadRoles(parsed.GetValue(Roles)) ?? options.Roles,
            AllowRemote = parsed.GetValue(AllowRemote) || options.AllowRemote,
            JsonLogs = parsed.GetValue(JsonLogs) || options.JsonLogs,
        };
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static NodeRoles? ReadRoles(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var roles = NodeRoles.None;
        foreach (var name in Split(text))
        {
            roles |= NodeRoleNames.Parse(name) is not NodeRoles.None and var role
                ? role
                : throw new NodeStartException($"--roles {text}: '{name}' is not a role; {NodeRoleNames.Possible}.");
        }

        return roles == NodeRoles.None ? throw new NodeStartException($"--roles names no role; {NodeRoleNames.Possible}.") : roles;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var options = Read(parsed);
            if (parsed.GetResult(Demo) is not null)
            {
                return await RunDemoAsync(parsed, options, cancellation);
            }

            using var loggers = Logging.Create(options);
            var logger = loggers.CreateLogger("TokenStream.Node");
            await using var node = await TokenStreamNode.StartAsync(options, TimeProvider.System, loggers, cancellation);
            var ended = await Task.WhenAny(StopRequest.WaitAsync(cancellation), node.Failed);
            NodeLog.Stopping(logger);
            await node.DisposeAsync();
            NodeLog.Stopped(logger);
            return ended == node.Failed ? 1 : 0;
        }
        catch (NodeStartException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static async Task<int> RunDemoAsync(ParseResult parsed, NodeOptions options, CancellationToken cancellation)
    {
        var name = parsed.GetValue(Demo) ?? DemoRun.DefaultTrace;
        if (name is not (RunawayDemo.Name or SpikeDemo.Name) && !DemoRun.Traces.ContainsKey(name))
        {
            throw new NodeStartException(
                $"--demo {name} is not one that ships with the product; there are " +
                $"{string.Join(", ", DemoRun.Traces.Keys.Append(RunawayDemo.Name).Append(SpikeDemo.Name))}.");
        }

        options = options with { DataDirectory = DemoDirectory(name, parsed.GetValue(Data), options) };
        Directory.CreateDirectory(options.DataDirectory);
        var log = Path.Combine(options.DataDirectory, "node.log");
        Console.WriteLine($"Starting the demo; the node's log is {log}.");
        using var loggers = Logging.ToFile(log);
        await using var node = await TokenStreamNode.StartAsync(options, TimeProvider.System, loggers, cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = name switch
        {
            RunawayDemo.Name => new RunawayDemo(options, node.BootstrapServers, TimeProvider.System).RunAsync(stop.Token),
            SpikeDemo.Name => new SpikeDemo(options, node.BootstrapServers, TimeProvider.System).RunAsync(stop.Token),
            _ => new DemoRun(options, node.BootstrapServers, node.ClickHouseUrl, TimeProvider.System).RunAsync(name, stop.Token),
        };
        var ended = await Task.WhenAny(StopRequest.WaitAsync(cancellation), node.Failed, running);
        await stop.CancelAsync();
        await running;
        Console.WriteLine("Stopping.");
        return ended == node.Failed ? 1 : 0;
    }

    /// <summary>Invented spend never mixes with real spend.</summary>
    internal static string DemoDirectory(string name, string? asked, NodeOptions options)
    {
        if (name != SpikeDemo.Name)
        {
            return asked ?? (name == RunawayDemo.Name ? "./data-demo-runaway" : "./data-demo");
        }

        // Its past is made up each time, and a log that has a later past would take all of it for late corrections.
        if (options.Kafka is not null)
        {
            throw new NodeStartException($"--demo {name} makes up a past and needs a log of its own: leave --kafka out.");
        }

        if (asked is not null && Directory.Exists(asked) && Directory.EnumerateFileSystemEntries(asked).Any())
        {
            throw new NodeStartException($"--demo {name} makes up a past and needs a new data directory: {asked} is not empty.");
        }

        return asked ?? string.Create(CultureInfo.InvariantCulture, $"./data-demo-spike/{TimeProvider.System.GetUtcNow():yyyyMMdd-HHmmss}");
    }
}
