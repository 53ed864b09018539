using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenStream.Gateway;
using Xunit;

namespace TokenStream.Tests.Proxy;

/// <summary>
/// Many streams at once. The upstream sends a piece only when the caller has read the one before: a piece that is held back anywhere
/// stands the whole stream still, so no clock is needed to see it.
/// </summary>
public sealed class ProxyStreamTests
{
    private const int Streams = 200;
    private const int Pieces = 20;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_piece_of_200_streams_reaches_its_caller_before_the_next_is_sent(bool asksForUsage)
    {
        var receipts = new ConcurrentDictionary<string, SemaphoreSlim>();
        await using var proxy = await ProxyFixture.StartAsync();
        proxy.Upstream.Answer = async context =>
        {
            var name = context.Request.Headers["x-other"].ToString();
            context.Response.ContentType = "text/event-stream";
            for (var piece = 0; piece < Pieces; piece++)
            {
                await context.Response.WriteAsync(Piece(name, piece));
                Assert.True(
                    await receipts[name].WaitAsync(ProxyFixture.Patience), $"piece {piece} of stream {name} never reached its caller");
            }

            await context.Response.WriteAsync(Usage(name) + "data: [DONE]\n\n");
        };
        var streams = Enumerable.Range(0, Streams).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToList();
        streams.ForEach(name => receipts[name] = new SemaphoreSlim(0));
        await Task.WhenAll(streams.Select(name => ReadAsync(proxy, name, asksForUsage, receipts[name])));

        var counted = new List<(string? Name, long? Out)>();
        for (var i = 0; i < Streams; i++)
        {
            var published = await proxy.PublishedAsync();
            Assert.Equal((UsageResult.Ok, false), (published.Usage!.Value.Result, published.Usage.Value.IsEstimated));
            counted.Add((published.Tenant, published.Usage.Value.TokensOut));
        }

        Assert.Equal(
            streams.Select(name => ((string?)$"tenant-{name}", (long?)(1000 + int.Parse(name, CultureInfo.InvariantCulture)))).Order(),
            counted.Order());
    }

    private static async Task ReadAsync(ProxyFixture proxy, string name, bool asksForUsage, SemaphoreSlim receipts)
    {
        var asks = asksForUsage ? ""","stream_options":{"include_usage":true}""" : "";
        using var request = ProxyFixture.Request("/v1/chat/completions", $$"""{"model":"m","stream":true{{asks}}}""", $"tenant-{name}");
        request.Headers.Add("x-other", name);
        using var response = await proxy.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStreamAsync();
        for (var piece = 0; piece < Pieces; piece++)
        {
            var expected = Encoding.UTF8.GetBytes(Piece(name, piece));
            var read = new byte[expected.Length];
            await stream.ReadExactlyAsync(read);
            Assert.Equal(expected, read);
            receipts.Release();
        }

        using var reader = new StreamReader(stream);
        Assert.Equal((asksForUsage ? Usage(name) : "") + "data: [DONE]\n\n", await reader.ReadToEndAsync());
    }

    private static string Piece(string name, int piece) => FormattableString.Invariant(
        $"data: {{\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{name}-{piece}\"}}}}]}}\n\n");

    private static string Usage(string name) => FormattableString.Invariant(
        $"data: {{\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[],\"usage\":{{\"prompt_tokens\":5,\"completion_tokens\":{1000 + int.Parse(name, CultureInfo.InvariantCulture)}}}}}\n\n");
}
