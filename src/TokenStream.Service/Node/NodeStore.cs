using System.Globalization;
using System.Net;
using TokenStream.Chdb.Http;
using TokenStream.Chdb.Supervision;
using TokenStream.ClickHouse;
using TokenStream.Service.Sources;

namespace TokenStream.Service.Node;

/// <summary>Opens the store: the one that is named, else the embedded one, a process of its own.</summary>
internal static class NodeStore
{
    /// <summary>A client of the store, whose tables are up to date.</summary>
    public static async Task<ClickHouseClient> OpenAsync(NodeParts parts, CancellationToken cancellation)
    {
        var client = parts.Options.ClickHouse is { } url
            ? new ClickHouseClient(parts.Options.ToClickHouse(url, compressInserts: true), parts.Clock)
            : await StartEmbeddedAsync(parts, cancellation);
        parts.AtEnd(client);
        NodeLog.SchemaReady(parts.Logger, await new SchemaMigrator(client).MigrateAsync(cancellation));
        await SourceAdviceTable.WriteAsync(client, cancellation);
        return client;
    }

    private static async Task<ClickHouseClient> StartEmbeddedAsync(NodeParts parts, CancellationToken cancellation)
    {
        var data = Path.GetFullPath(Path.Combine(parts.Options.DataDirectory, "clickhouse"));
        if (!IPEndPoint.TryParse(parts.Options.ClickHouseListen, out var address))
        {
            throw new NodeStartException(
                $"--clickhouse-listen {parts.Options.ClickHouseListen} is not an address and port, such as 127.0.0.1:8123.");
        }

        List<string> arguments = ["clickhouse", "--data", data, "--listen", parts.Options.ClickHouseListen, "--stop-with-input"];
        if (parts.Options.AllowRemote)
        {
            arguments.Add("--allow-remote");
        }

        if (parts.Options.StoreMemoryBytes is { } bytes)
        {
            arguments.AddRange(["--memory-mb", (bytes >> 20).ToString(CultureInfo.InvariantCulture)]);
        }

        var program = Environment.ProcessPath!;
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            arguments.Insert(0, typeof(NodeStore).Assembly.Location);
        }

        var local = new IPEndPoint(address.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Address, address.Port);
        var url = new Uri($"http://{local}");
        var supervisor = await ChdbSupervisor.StartAsync(
            new ChdbSupervisorOptions { Program = program, Arguments = arguments, Address = url }, parts.Loggers, parts.Clock,
            cancellation);
        parts.AtEnd(supervisor.DisposeAsync);
        parts.Health.Add(
            "embedded store", () => supervisor.IsAnswering ? null : "the store's process does not answer; it is being started again");
        return new ClickHouseClient(
            new ClickHouseOptions(url.ToString()) { User = ChdbServerOptions.OwnerUser, Password = OwnerCredential.ReadOrCreate(data) },
            parts.Clock);
    }
}
