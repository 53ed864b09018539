using System.CommandLine;
using TokenStream.ClickHouse;
using TokenStream.Kafka;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary>How a command reaches the Kafka and the ClickHouse of a node: by options, or by the node's own configuration file.</summary>
internal static class Connections
{
    private static readonly Option<string?> Kafka =
        new("--kafka") { Description = "Kafka, host:port,... (default 127.0.0.1:9092).", Recursive = true };
    private static readonly Option<string?> ClickHouse =
        new("--clickhouse") { Description = "ClickHouse (default http://127.0.0.1:8123).", Recursive = true };
    private static readonly Option<FileInfo?> Config =
        new("--config") { Description = "A node's configuration: its Kafka with passwords, its ClickHouse, its topics.", Recursive = true };

    internal static void AddKafka(Command command)
    {
        command.Add(Kafka);
        command.Add(Config);
    }

    internal static void AddClickHouse(Command command) => command.Add(ClickHouse);

    /// <summary>For a command that asks the store alone.</summary>
    internal static void AddStore(Command command)
    {
        command.Add(ClickHouse);
        command.Add(Config);
    }

    /// <summary>
    /// The node's options with what the command line says over them. Throws <see cref="NodeStartException"/> with every error.
    /// </summary>
    internal static NodeOptions Options(ParseResult parsed)
    {
        var options = ConfigCommand.ReadValid(parsed.GetValue(Config));
        return options with
        {
            Kafka = parsed.GetValue(Kafka) ?? options.Kafka ?? options.KafkaListen,
            ClickHouse = parsed.GetValue(ClickHouse) ?? options.ClickHouse,
        };
    }

    internal static KafkaOptions ToKafka(NodeOptions options) => options.ToKafka(options.Kafka!);

    /// <summary>A ClickHouse client: of a server with its user, else a reader of the embedded store.</summary>
    internal static ClickHouseClient ToClickHouse(NodeOptions options) => new(
        options.ClickHouse is { } url
            ? options.ToClickHouse(url, compressInserts: false)
            : new ClickHouseOptions($"http://{options.ClickHouseListen}"));
}
