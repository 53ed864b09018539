using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Broker;
using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker;

public class EmbeddedLogTests
{
    [Fact]
    public async Task A_port_in_use_is_said_with_its_address_and_nothing_is_half_started()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        string taken = fixture.Log.BootstrapServers;
        string directory = Path.Combine(Path.GetTempPath(), "embedded-log-" + Guid.NewGuid());
        ListenException refused = await Assert.ThrowsAsync<ListenException>(() => Start(directory, taken));
        Assert.Equal((ListenFault.InUse, taken), (refused.Fault, refused.Address));
        Assert.Contains(taken, refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public async Task A_data_directory_that_is_held_is_refused_and_the_port_is_free_again()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        string held = fixture.Options().Store.DataDirectory;
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        string address = probe.LocalEndpoint.ToString()!;
        probe.Stop();
        await Assert.ThrowsAsync<LogStoreException>(() => Start(held, address));
        using var again = new System.Net.Sockets.TcpListener(IPEndPoint.Parse(address));
        again.Start();
    }

    [Theory]
    [InlineData("0.0.0.0:0", ListenFault.NotLoopback)]
    [InlineData("192.0.2.1:0", ListenFault.NotLoopback)]
    [InlineData("[::]:0", ListenFault.NotLoopback)]
    [InlineData("somewhere.example:9092", ListenFault.Illegible)]
    [InlineData("127.0.0.1", ListenFault.Illegible)]
    [InlineData("127.0.0.1:70000", ListenFault.Illegible)]
    public async Task Addresses_that_others_reach_or_that_are_none_are_refused(string address, ListenFault fault)
        => Assert.Equal(fault, (await Assert.ThrowsAsync<ListenException>(() => Start(Path.GetTempPath(), address))).Fault);

    [Fact]
    public async Task Options_that_cannot_work_are_all_named()
    {
        var options = new BrokerOptions { Store = new LogStoreOptions { DataDirectory = "unused" }, MaxConnections = 0, DefaultPartitions = 0 };
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => EmbeddedLog.StartAsync(options, TimeProvider.System, NullLoggerFactory.Instance));
        Assert.Contains("MaxConnections", refused.Message, StringComparison.Ordinal);
        Assert.Contains("DefaultPartitions", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_are_sent_to_the_advertised_address()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync(
            o => new BrokerOptions { Store = o.Store, Listen = "localhost:0", Advertised = "node-7.example:19092" });
        Assert.Equal("node-7.example:19092", fixture.Log.BootstrapServers);
        Assert.True(IPAddress.IsLoopback(fixture.Log.Address.Address));
    }

    private static Task<EmbeddedLog> Start(string directory, string listen) => EmbeddedLog.StartAsync(
        new BrokerOptions { Store = new LogStoreOptions { DataDirectory = directory }, Listen = listen }, TimeProvider.System, NullLoggerFactory.Instance);
}
