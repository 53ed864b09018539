using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Broker;
using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.IntegrationTests.Broker;

/// <summary>One embedded log that the tests of a class share; each uses topics and groups of its own.</summary>
public sealed class RunningLog : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal EmbeddedLog Log { get; private set; } = null!;

    internal string Address => Log.BootstrapServers;

    public async Task InitializeAsync() => Log = await EmbeddedLog.StartAsync(
        new BrokerOptions
        {
            Store = new LogStoreOptions { DataDirectory = _folder.Path },
            Listen = "127.0.0.1:0",
            TopicDefaults = [new TopicDefault("stamped*", TopicConfig.Default with { LogAppendTime = true }, 2)],
        },
        TimeProvider.System,
        NullLoggerFactory.Instance);

    public async Task DisposeAsync() => await Log.DisposeAsync();

    public void Dispose() => _folder.Dispose();
}
