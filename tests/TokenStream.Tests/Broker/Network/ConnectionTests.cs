using System.Buffers.Binary;
using System.Text;
using TokenStream.Broker;
using TokenStream.Broker.Protocol;
using Xunit;

namespace TokenStream.Tests.Broker.Network;

public class ConnectionTests
{
    [Fact]
    public async Task Pipelined_requests_are_answered_in_their_order_though_the_first_one_waits()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await CreateAsync(client, "t");
        byte[] waits = RawClient.Frame(ApiKey.Fetch, 4, 101, RawClient.Fetch("t", 0, 0, maxWaitMs: 300));
        byte[] second = RawClient.Frame(ApiKey.ApiVersions, 0, 102, _ => { });
        byte[] third = RawClient.Frame(ApiKey.ApiVersions, 0, 103, _ => { });
        await client.SendAsync((byte[])[.. waits, .. second, .. third]);
        Assert.Equal(101, (await client.ReceiveAsync()).Correlation);
        Assert.Equal(102, (await client.ReceiveAsync()).Correlation);
        Assert.Equal(103, (await client.ReceiveAsync()).Correlation);
    }

    [Fact]
    public async Task A_request_that_comes_byte_by_byte_is_understood()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        byte[] frame = RawClient.Frame(ApiKey.ApiVersions, 0, 7, _ => { });
        foreach (byte b in frame)
        {
            await client.SendAsync(new[] { b });
        }

        Assert.Equal(7, (await client.ReceiveAsync()).Correlation);
    }

    [Fact]
    public async Task A_large_request_goes_through_a_buffer_of_its_own_and_what_follows_is_answered_too()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await CreateAsync(client, "t");
        byte[] large = RawClient.Frame(ApiKey.Produce, 8, 1, RawClient.Produce("t", 0, RawClient.Batch(new string('x', 500_000))));
        byte[] small = RawClient.Frame(ApiKey.ApiVersions, 0, 2, _ => { });
        await client.SendAsync((byte[])[.. large, .. small]);
        Assert.Equal(1, (await client.ReceiveAsync()).Correlation);
        Assert.Equal(2, (await client.ReceiveAsync()).Correlation);
        Assert.Equal(1, fixture.Log.Store.Find("t")!.Partitions[0].HighWatermark);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP")]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001", "TLS")]
    [InlineData("\u007f\u007f\u007f\u007f\u0000\u0000\u0000\u0000", "announced a request of")]
    [InlineData("\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000", "announced a request of 4 bytes")]
    [InlineData("\u0000\u0000\u0000\u000a\u0000\u0063\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000", "API 99 is not offered")]
    [InlineData("\u0000\u0000\u0000\u000a\u0000\u0001\u0000\u0063\u0000\u0000\u0000\u0000\u0000\u0000", "version 99")]
    public async Task Bytes_that_are_no_request_close_their_connection_with_one_line_and_no_other(string sent, string said)
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient other = await fixture.ConnectAsync();
        using RawClient client = await fixture.ConnectAsync();
        await client.SendAsync(Encoding.Latin1.GetBytes(sent));
        Assert.True(await client.IsClosedAsync());
        Assert.Contains(said, Assert.Single(fixture.Lines.All, l => l.Id == 5052).Text, StringComparison.Ordinal);
        await other.AskAsync(ApiKey.ApiVersions, 0, _ => { });
        Assert.Equal(1, fixture.Log.Statistics.BadRequests);
    }

    [Fact]
    public void Lines_about_bad_bytes_are_limited_and_what_is_left_out_is_counted()
    {
        var time = new ManualTime();
        var lines = new LineLimiter(time, perMinute: 2);
        Assert.True(lines.TryTake(out _));
        Assert.True(lines.TryTake(out _));
        Assert.False(lines.TryTake(out _));
        Assert.False(lines.TryTake(out _));
        time.Advance(60_000);
        Assert.True(lines.TryTake(out long suppressed));
        Assert.Equal(2, suppressed);
    }

    [Fact]
    public async Task A_request_above_the_bound_of_its_kind_is_refused_before_it_is_read()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync(o => Small(o, maxRequest: 100_000, maxControl: 10_000));
        using RawClient produces = await fixture.ConnectAsync();
        await produces.SendAsync(Head(100_001, ApiKey.Produce));
        Assert.True(await produces.IsClosedAsync());
        using RawClient asks = await fixture.ConnectAsync();
        await asks.SendAsync(Head(10_001, ApiKey.Metadata));
        Assert.True(await asks.IsClosedAsync());
        Assert.Equal(2, fixture.Log.Statistics.BadRequests);
    }

    [Fact]
    public async Task A_connection_beyond_the_bound_is_closed_and_room_comes_back_with_one_that_leaves()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync(o => Small(o, maxConnections: 1));
        using (RawClient first = await fixture.ConnectAsync())
        {
            await first.AskAsync(ApiKey.ApiVersions, 0, _ => { });
            using RawClient second = await fixture.ConnectAsync();
            Assert.True(await second.IsClosedAsync());
        }

        await Until(() => fixture.Log.Statistics.OpenConnections == 0);
        using RawClient third = await fixture.ConnectAsync();
        await third.AskAsync(ApiKey.ApiVersions, 0, _ => { });
        Assert.Equal(1, fixture.Log.Statistics.RefusedConnections);
    }

    [Fact]
    public async Task Idle_and_half_sent_requests_are_given_up_in_time()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync(o => Small(o, idleMs: 300, transferMs: 200));
        using RawClient idle = await fixture.ConnectAsync();
        using RawClient half = await fixture.ConnectAsync();
        await half.SendAsync(Head(50_000, ApiKey.Produce));
        Assert.True(await half.IsClosedAsync());
        Assert.True(await idle.IsClosedAsync());
        await Until(() => fixture.Log.Statistics is { TimedOutConnections: 2, OpenConnections: 0 });
    }

    [Fact]
    public async Task Half_sent_requests_cannot_hold_more_memory_than_the_budget()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync(o => Small(o, memory: 1 << 20, transferMs: 1_000));
        var clients = new List<RawClient>();
        for (int i = 0; i < 5; i++)
        {
            clients.Add(await fixture.ConnectAsync());
            await clients[i].SendAsync(Head(900_000, ApiKey.Produce));
        }

        // The first one holds the budget and is given up; the others got nothing, and a good client is served after them.
        using RawClient good = await fixture.ConnectAsync();
        await CreateAsync(good, "t");
        byte[] batch = RawClient.Batch(new string('x', 600_000));
        Response answer = await good.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, batch));
        Assert.NotNull(answer);
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task A_client_that_closes_while_its_fetch_waits_is_let_go_at_once()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using (RawClient client = await fixture.ConnectAsync())
        {
            await CreateAsync(client, "t");
            await client.SendAsync(RawClient.Frame(ApiKey.Fetch, 4, 1, RawClient.Fetch("t", 0, 0, maxWaitMs: 30_000)));
        }

        await Until(() => fixture.Log.Statistics.OpenConnections == 0);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_fetch_that_is_held_back()
    {
        EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await CreateAsync(client, "t");
        await client.SendAsync(RawClient.Frame(ApiKey.Fetch, 4, 1, RawClient.Fetch("t", 0, 0, maxWaitMs: 30_000)));
        await Until(() => fixture.Log.Statistics.Requests == 2);
        await fixture.DisposeAsync().AsTask().WaitAsync(RawClient.Patience);
        Assert.True(await client.IsClosedAsync());
    }

    internal static async Task Until(Func<bool> condition)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        using var patience = new CancellationTokenSource(RawClient.Patience);
        while (!condition())
        {
            Assert.True(await look.WaitForNextTickAsync(patience.Token));
        }
    }

    internal static async Task CreateAsync(RawClient client, string topic) => await client.AskAsync(ApiKey.Metadata, 4, to =>
    {
        to.ArrayLength(1);
        to.String(topic);
        to.Bool(true);
    });

    /// <summary>The first 8 bytes of a request of that size.</summary>
    private static byte[] Head(int size, ApiKey key)
    {
        byte[] head = [0, 0, 0, 0, 0, (byte)key, 0, 8];
        BinaryPrimitives.WriteInt32BigEndian(head, size);
        return head;
    }

    private static BrokerOptions Small(
        BrokerOptions o, int maxRequest = 100 << 20, int maxControl = 4 << 20, int maxConnections = 100, int idleMs = 60_000, int transferMs = 30_000,
        long memory = 256 << 20) => new()
        {
            Store = o.Store,
            Listen = o.Listen,
            Groups = o.Groups,
            MaxRequestBytes = maxRequest,
            MaxControlRequestBytes = maxControl,
            MaxConnections = maxConnections,
            IdleTimeoutMs = idleMs,
            TransferTimeoutMs = transferMs,
            RequestMemoryBytes = memory,
        };
}
