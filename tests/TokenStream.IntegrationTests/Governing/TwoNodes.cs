using System.Globalization;
using System.Security.Cryptography;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Broker;
using TokenStream.IntegrationTests.Chdb;
using TokenStream.IntegrationTests.Node;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>
/// Two nodes of one group on one log and one store, which are processes of their own. Each signs with a key of its own and trusts the
/// other's, so that every command tells which of them issued it.
/// </summary>
internal sealed class TwoNodes : IAsyncDisposable
{
    /// <summary>A dollar a week for every tenant of <c>prod</c>, and a kill beyond it.</summary>
    public const string Budgets =
        """
        version: 1
        budgets:
          - name: tenants
            scope: {environment: prod, tenant: each}
            amount: 1 USD
            period: week
            mode: enforce
            passes_breaker: true
            ladder:
              - {at: exhausted, action: kill}
        """;

    private readonly TemporaryFolder _folder;
    private readonly BrokerProcess _log;
    private readonly StoreProcess _store;
    private readonly Dictionary<NodeProcess, CommandVerifier> _verifiers;

    private TwoNodes(TemporaryFolder folder, BrokerProcess log, StoreProcess store, params (NodeProcess Node, CommandKey Key)[] nodes)
    {
        (_folder, _log, _store) = (folder, log, store);
        (First, Second) = (nodes[0].Node, nodes[1].Node);
        _verifiers = nodes.ToDictionary(node => node.Node, node => new CommandVerifier([node.Key]));
        Verifier = new CommandVerifier(nodes.Select(node => node.Key));
    }

    internal string Kafka => _log.Address;

    internal NodeProcess First { get; }

    internal NodeProcess Second { get; }

    /// <summary>Takes what either of them signed.</summary>
    internal CommandVerifier Verifier { get; }

    internal string Output => $"FIRST\n{First.Process.Output}\nSECOND\n{Second.Process.Output}";

    /// <summary>Starts all of it, and waits until both nodes own partitions and the budget's scopes are summed.</summary>
    internal static async Task<TwoNodes> StartAsync()
    {
        var folder = new TemporaryFolder();
        var log = await BrokerProcess.StartAsync(Path.Combine(folder.Path, "log"));
        var store = await StoreProcess.StartAsync(Path.Combine(folder.Path, "store"));
        using ECDsa first = ECDsa.Create(ECCurve.NamedCurves.nistP256), second = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var nodes = new TwoNodes(
            folder, log, store,
            (Node(folder, log, store, "first", first, second), CommandKey.ReadPublic(first.ExportSubjectPublicKeyInfoPem())[0]),
            (Node(folder, log, store, "second", second, first), CommandKey.ReadPublic(second.ExportSubjectPublicKeyInfoPem())[0]));
        try
        {
            await nodes.ReadyAsync();
            return nodes;
        }
        catch
        {
            // What was started must not run on behind a test that never began.
            await nodes.DisposeAsync();
            throw;
        }
    }

    internal List<IssuedRecord> Records() => IssuedRecord.ReadAll(Kafka);

    internal NodeProcess Issuer(IssuedRecord record) => _verifiers.Single(node => record.Opened(node.Value) is not null).Key;

    /// <summary>Who sent the heartbeat of the highest version, by partition of the commands topic.</summary>
    internal Dictionary<int, NodeProcess> Owners() => Records().Where(record => record.Opened(Verifier)?.Heartbeat is not null)
        .GroupBy(record => record.Partition)
        .ToDictionary(beats => beats.Key, beats => Issuer(beats.MaxBy(beat => beat.Opened(Verifier)!.Heartbeat!.Version)!));

    internal async Task<string> QueryAsync(string sql) => await StoreProcess.TextAsync(_store.Reader, sql);

    public async ValueTask DisposeAsync()
    {
        await First.DisposeAsync();
        await Second.DisposeAsync();
        await _store.DisposeAsync();
        await _log.DisposeAsync();
        _folder.Dispose();
    }

    private async Task ReadyAsync()
    {
        await First.StartAsync();
        await Second.StartAsync();
        var file = Path.Combine(_folder.Path, "budgets.yaml");
        await File.WriteAllTextAsync(file, Budgets);
        await NodeProcess.CommandAsync("budgets", "apply", file, "--reason", "test", "--yes", "--kafka", Kafka);
        await Eventually.TrueAsync(
            () => Task.FromResult(Enumerable.Range(0, 4).All(partition =>
                Output.Contains($"llm.requests[{partition}] takes up version", StringComparison.Ordinal))),
            "every partition sums the budget's scopes",
            () => Output);
        await Eventually.TrueAsync(
            () => Task.FromResult(Owners().Values.Distinct().Count() == 2), "both nodes govern", () => Output);
    }

    private static NodeProcess Node(TemporaryFolder folder, BrokerProcess log, StoreProcess store, string name, ECDsa own, ECDsa other)
    {
        var (key, trusted) = (Path.Combine(folder.Path, $"{name}.pem"), Path.Combine(folder.Path, $"{name}.trusted"));
        var config = Path.Combine(folder.Path, $"{name}.yaml");
        File.WriteAllText(key, own.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(trusted, other.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(config, string.Create(CultureInfo.InvariantCulture, $$"""
            signing:
              key: ${file:{{key}}}
              trusted: {{trusted}}
            clickhouse:
              url: {{store.Address}}
              user: tokenstream
              password: {{store.OwnerSecret}}

            """));
        return new NodeProcess(Path.Combine(folder.Path, name), "--config", config, "--kafka", log.Address);
    }
}
