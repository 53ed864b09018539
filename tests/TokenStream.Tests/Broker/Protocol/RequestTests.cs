using TokenStream.Broker;
using TokenStream.Broker.Log;
using TokenStream.Broker.Protocol;
using TokenStream.Tests.Broker.Network;
using Xunit;

namespace TokenStream.Tests.Broker.Protocol;

public class RequestTests
{
    [Fact]
    public async Task ApiVersions_above_the_offer_is_answered_in_the_oldest_layout_with_error_35_and_the_list()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await client.SendAsync(RawClient.Frame(ApiKey.ApiVersions, 9, 1, _ => { }));
        WireReader from = (await client.ReceiveAsync()).Body();
        Assert.Equal(35, from.Int16());
        Assert.Equal(ApiTable.Offered.Length, from.Int32());
        Assert.Equal((0, 0, 8), (from.Int16(), from.Int16(), from.Int16()));
    }

    /// <summary>The offers that client libraries of other makers were seen to need; each line has a reason in what they do when it is missing.</summary>
    [Theory]
    [InlineData(0, 0, 8)]
    [InlineData(1, 4, 12)]
    [InlineData(3, 0, 9)]
    [InlineData(10, 0, 4)]
    [InlineData(18, 0, 3)]
    [InlineData(22, 0, 3)]
    public void The_offer_reaches_down_to_what_old_clients_test_for(short key, short min, short max)
    {
        Assert.True(ApiTable.TryFind(key, out ApiRange range));
        Assert.Equal((min, max), (range.Min, range.Max));
    }

    [Theory]
    [InlineData(24)]
    [InlineData(28)]
    [InlineData(68)]
    [InlineData(-1)]
    [InlineData(short.MaxValue)]
    public void Transactions_and_new_style_groups_are_not_offered(short key) => Assert.False(ApiTable.TryFind(key, out _));

    [Fact]
    public async Task Old_produce_versions_are_offered_and_refused_by_partition()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(client, "t");
        Response answer = await client.AskAsync(ApiKey.Produce, 2, RawClient.Produce("t", 0, [1, 2, 3], version: 2));
        Assert.Equal(ErrorCode.UnsupportedVersion, ProduceError(answer));
    }

    [Theory]
    [InlineData("t", 0, "", 87)]
    [InlineData("t", 9, "x", 3)]
    [InlineData("nowhere", 0, "x", 3)]
    [InlineData("__consumer_offsets", 0, "x", 17)]
    public async Task Produce_errors_are_told_by_partition(string topic, int partition, string value, short error)
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(client, "t");
        byte[] batch = value.Length == 0 ? [] : RawClient.Batch(value);
        Assert.Equal((ErrorCode)error, ProduceError(await client.AskAsync(ApiKey.Produce, 8, RawClient.Produce(topic, partition, batch))));
    }

    [Fact]
    public async Task A_batch_whose_checksum_is_wrong_is_refused_and_not_stored()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(client, "t");
        byte[] batch = RawClient.Batch("value");
        batch[^1] ^= 1;
        Assert.Equal(ErrorCode.CorruptMessage, ProduceError(await client.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, batch))));
        Assert.Equal(0, fixture.Log.Store.Find("t")!.Partitions[0].HighWatermark);
    }

    [Fact]
    public async Task Produce_without_acks_is_stored_and_not_answered()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(client, "t");
        await client.SendAsync(RawClient.Frame(ApiKey.Produce, 8, 50, RawClient.Produce("t", 0, RawClient.Batch("a"), acks: 0)));
        await client.AskAsync(ApiKey.ApiVersions, 0, _ => { });
        Assert.Equal(1, fixture.Log.Store.Find("t")!.Partitions[0].HighWatermark);
    }

    [Fact]
    public async Task A_fetch_is_held_back_until_a_record_comes_and_gives_the_batch_as_it_was_sent()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient reads = await fixture.ConnectAsync();
        using RawClient writes = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(reads, "t");
        Task<Response> fetch = reads.AskAsync(ApiKey.Fetch, 4, RawClient.Fetch("t", 0, 0, maxWaitMs: 20_000));
        await ConnectionTests.Until(() => fixture.Log.Statistics.Requests == 2);
        Assert.False(fetch.IsCompleted);
        byte[] batch = RawClient.Batch("a", "b");
        await writes.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, batch));

        (ErrorCode error, long highWatermark, byte[] records) = Fetched(await fetch);
        Assert.Equal((ErrorCode.None, 2L), (error, highWatermark));

        // Base offset and leader epoch lie before the checksum and are the log's; everything after is the producer's.
        Assert.Equal(batch[16..], records[16..]);
    }

    [Fact]
    public async Task A_fetch_waits_for_as_many_bytes_as_it_asks_or_for_its_time()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient reads = await fixture.ConnectAsync();
        using RawClient writes = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(reads, "t");
        int one = RawClient.Batch("a").Length;
        Task<Response> fetch = reads.AskAsync(ApiKey.Fetch, 4, RawClient.Fetch("t", 0, 0, maxWaitMs: 20_000, minBytes: 2 * one));
        await writes.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, RawClient.Batch("a")));
        Assert.False(fetch.IsCompleted);
        await writes.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, RawClient.Batch("b")));
        Assert.Equal(2 * one, Fetched(await fetch).Records.Length);

        Response late = await reads.AskAsync(ApiKey.Fetch, 4, RawClient.Fetch("t", 0, 1, maxWaitMs: 50, minBytes: 10_000));
        Assert.Equal(one, Fetched(late).Records.Length);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public async Task A_fetch_outside_of_the_log_is_error_1_at_once(long offset)
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(client, "t");
        await client.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, RawClient.Batch("a", "b")));
        (ErrorCode error, long highWatermark, byte[] records) = Fetched(await client.AskAsync(ApiKey.Fetch, 4, RawClient.Fetch("t", 0, offset, 20_000)));
        Assert.Equal((ErrorCode.OffsetOutOfRange, 2L), (error, highWatermark));
        Assert.Empty(records);
    }

    [Fact]
    public async Task The_first_batch_comes_even_above_the_asked_size_and_the_second_does_not()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await ConnectionTests.CreateAsync(client, "t");
        await client.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, RawClient.Batch(new string('x', 5_000))));
        await client.AskAsync(ApiKey.Produce, 8, RawClient.Produce("t", 0, RawClient.Batch(new string('y', 5_000))));
        Response answer = await client.AskAsync(ApiKey.Fetch, 4, RawClient.Fetch("t", 0, 0, 0, maxBytes: 100));
        Assert.Equal(RawClient.Batch(new string('x', 5_000)).Length, Fetched(answer).Records.Length);
    }

    [Fact]
    public async Task A_topic_made_on_demand_has_the_settings_that_the_options_give_its_name()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync(o => new BrokerOptions
        {
            Store = o.Store,
            Listen = o.Listen,
            DefaultPartitions = 3,
            TopicDefaults = [new TopicDefault("requests", TopicConfig.Default with { LogAppendTime = true }, 5), new TopicDefault("raw.*", TopicConfig.Default with { RetentionMs = 77 })],
        });
        using RawClient client = await fixture.ConnectAsync();
        foreach (string name in (string[])["requests", "raw.a", "other"])
        {
            await ConnectionTests.CreateAsync(client, name);
        }

        Topic requests = fixture.Log.Store.Find("requests")!, raw = fixture.Log.Store.Find("raw.a")!, other = fixture.Log.Store.Find("other")!;
        Assert.Equal((5, true), (requests.Partitions.Length, requests.Config.LogAppendTime));
        Assert.Equal((3, 77L), (raw.Partitions.Length, raw.Config.RetentionMs));
        Assert.Equal((3, TopicConfig.Default), (other.Partitions.Length, other.Config));
    }

    [Fact]
    public async Task A_topic_is_not_made_where_the_client_or_the_options_say_no()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        await client.AskAsync(ApiKey.Metadata, 4, to =>
        {
            to.ArrayLength(1);
            to.String("t");
            to.Bool(false);
        });
        Assert.Null(fixture.Log.Store.Find("t"));
    }

    private static ErrorCode ProduceError(Response answer)
    {
        WireReader from = answer.Body();
        from.ArrayLength(1);
        from.String();
        from.ArrayLength(1);
        from.Int32();
        return (ErrorCode)from.Int16();
    }

    private static (ErrorCode Error, long HighWatermark, byte[] Records) Fetched(Response answer)
    {
        WireReader from = answer.Body();
        from.Int32();
        from.ArrayLength(1);
        from.String();
        from.ArrayLength(1);
        from.Int32();
        var error = (ErrorCode)from.Int16();
        long highWatermark = from.Int64();
        from.Int64();
        from.ArrayLength(1);
        return (error, highWatermark, from.Bytes().ToArray());
    }
}
