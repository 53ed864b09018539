using System.Buffers.Binary;
using TokenStream.Broker.Protocol;
using TokenStream.Tests.Broker.Network;
using Xunit;

namespace TokenStream.Tests.Broker.Protocol;

/// <summary>Random and mutated bytes against a real connection: nothing but that connection may suffer, and memory stays bounded.</summary>
[Collection(nameof(AloneInTheProcess))]
public class RequestFuzzTests
{
    private const int Rounds = 1_500;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Requests_with_random_bodies_never_harm_the_log(int seed)
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        var random = new Random(seed);
        await SendAll(fixture, () => Random(random));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Good_requests_with_changed_bytes_never_harm_the_log(int seed)
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        var random = new Random(seed);
        byte[][] good = [.. GoodRequests()];
        await SendAll(fixture, () => Mutate(random, good[random.Next(good.Length)]));
    }

    /// <summary>Every good request is understood in every version offered: the mutations begin from something that reaches the handlers.</summary>
    [Fact]
    public async Task The_requests_that_are_mutated_are_good_ones()
    {
        await using EmbeddedLogFixture fixture = await EmbeddedLogFixture.StartAsync();
        using RawClient client = await fixture.ConnectAsync();
        foreach (byte[] frame in GoodRequests())
        {
            await client.SendAsync(frame);
            Response answer = await client.ReceiveAsync();
            Assert.Equal(BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(8)), answer.Correlation);
        }

        Assert.Equal(0, fixture.Log.Statistics.BadRequests);
    }

    private static async Task SendAll(EmbeddedLogFixture fixture, Func<byte[]> next)
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Rounds; i++)
        {
            using RawClient client = await fixture.ConnectAsync();
            await client.SendLastAsync(next());
            Assert.True(await client.IsClosedAsync(), $"Round {i} hangs.");
        }

        await ConnectionTests.Until(() => fixture.Log.Statistics.OpenConnections == 0);
        using RawClient good = await fixture.ConnectAsync();
        await good.AskAsync(ApiKey.ApiVersions, 0, _ => { });
        Assert.Equal(0, fixture.Log.Statistics.FailedRequests);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64 << 20);
    }

    private static byte[] Random(Random random)
    {
        ApiRange api = ApiTable.Offered[random.Next(ApiTable.Offered.Length)];
        byte[] body = new byte[random.Next(200)];
        random.NextBytes(body);
        if (random.Next(3) > 0)
        {
            // Small numbers look like lengths and counts, and get further than noise does.
            for (int i = 0; i < body.Length; i++)
            {
                body[i] = random.Next(4) == 0 ? body[i] : (byte)random.Next(4);
            }
        }

        byte[] header = RawClient.Frame(api.Key, (short)random.Next(api.Min, api.Max + 1), 1, _ => { });
        byte[] frame = [.. header, .. body];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }

    private static byte[] Mutate(Random random, byte[] good)
    {
        byte[] frame = [.. good];
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            int at = random.Next(4, frame.Length);
            frame[at] = random.Next(3) switch { 0 => (byte)random.Next(256), 1 => 0xFF, _ => (byte)(frame[at] ^ (1 << random.Next(8))) };
        }

        if (random.Next(4) == 0)
        {
            frame = frame[..random.Next(4, frame.Length + 1)];
        }

        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        }

        return frame;
    }

    private static IEnumerable<byte[]> GoodRequests()
    {
        int correlation = 0;
        foreach (ApiRange api in ApiTable.Offered)
        {
            for (short version = api.Min; version <= api.Max; version++)
            {
                short v = version;
                yield return RawClient.Frame(api.Key, v, ++correlation, to => GoodRequest.Write(api.Key, v, to));
            }
        }
    }
}
