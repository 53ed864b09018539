using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace TokenStream.LoadGenerator.Proxy;

/// <summary><c>proxy</c>: what a proxy adds to requests, first bytes and pieces of streams, against the upstream asked directly.</summary>
internal static class ProxyCommand
{
    private const int WarmUpTurns = 50;
    private const string Mark = "\"content\":\"";

    public static Command Create()
    {
        var direct = new Option<string>("--direct") { Description = "The upstream.", Required = true };
        var through = new Option<string>("--through") { Description = "The proxy before it.", Required = true };
        var turns = new Option<int>("--turns") { Description = "Turns of one caller.", DefaultValueFactory = _ => 2_000 };
        var streams = new Option<int>("--streams") { Description = "Streams at once.", DefaultValueFactory = _ => 200 };
        var command = new Command("proxy", "Measure what a proxy adds.") { direct, through, turns, streams };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var one = Client(parsed.GetValue(direct)!);
            using var other = Client(parsed.GetValue(through)!);
            await TurnsAsync(one, other, WarmUpTurns, RequestAsync, cancellation);
            await TurnsAsync(one, other, WarmUpTurns, FirstByteAsync, cancellation);
            var result = new JsonObject
            {
                ["request_ms"] = await TurnsAsync(one, other, parsed.GetValue(turns), RequestAsync, cancellation),
                ["first_byte_ms"] = await TurnsAsync(one, other, parsed.GetValue(turns), FirstByteAsync, cancellation),
                ["streams"] = parsed.GetValue(streams),
                ["piece_direct_ms"] = await StreamsAsync(one, parsed.GetValue(streams), cancellation),
                ["piece_proxied_ms"] = await StreamsAsync(other, parsed.GetValue(streams), cancellation),
            };
            Console.WriteLine(result.ToJsonString());
        });
        return command;
    }

    private static HttpClient Client(string address) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5),
    };

    /// <summary>Direct, proxied, proxied, direct: what drifts meets both alike.</summary>
    private static async Task<JsonObject> TurnsAsync(
        HttpClient direct,
        HttpClient proxied,
        int turns,
        Func<HttpClient, CancellationToken, Task<double>> ask,
        CancellationToken cancellation)
    {
        var (asked, passed, added) = (new List<double>(), new List<double>(), new List<double>());
        for (var turn = 0; turn < turns; turn++)
        {
            var first = await ask(direct, cancellation);
            var second = await ask(proxied, cancellation);
            var third = await ask(proxied, cancellation);
            var fourth = await ask(direct, cancellation);
            asked.AddRange([first, fourth]);
            passed.AddRange([second, third]);
            added.Add((second + third - first - fourth) / 2);
        }

        return new JsonObject { ["direct"] = Summary(asked), ["proxied"] = Summary(passed), ["added"] = Summary(added) };
    }

    private static async Task<double> RequestAsync(HttpClient client, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        using var request = Message(isStream: false);
        using var response = await client.SendAsync(request, cancellation);
        response.EnsureSuccessStatusCode();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<double> FirstByteAsync(HttpClient client, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        using var request = Message(isStream: true, events: 1);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        await stream.ReadExactlyAsync(new byte[1], cancellation);
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        // The connection serves the next one when the stream is read to its end.
        await stream.CopyToAsync(Stream.Null, cancellation);
        return elapsed;
    }

    /// <summary>From an event's sending to its reading, over all events of all streams.</summary>
    private static async Task<JsonObject> StreamsAsync(HttpClient client, int streams, CancellationToken cancellation)
    {
        var delays = new ConcurrentBag<double>();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => StreamAsync(client, delays, cancellation)));
        var summary = Summary([.. delays]);
        summary["pieces"] = delays.Count;
        summary["expected"] = streams * UpstreamCommand.Events;
        return summary;
    }

    private static async Task StreamAsync(HttpClient client, ConcurrentBag<double> delays, CancellationToken cancellation)
    {
        using var request = Message(isStream: true);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            var at = line.IndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
            if (at >= Mark.Length)
            {
                var sent = long.Parse(line.AsSpan(at, line.IndexOf('"', at) - at), CultureInfo.InvariantCulture);
                delays.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
            }
        }
    }

    private static HttpRequestMessage Message(bool isStream, int events = UpstreamCommand.Events)
    {
        var body = new JsonObject
        {
            ["model"] = "gpt-5",
            ["stream"] = isStream,
            ["max_completion_tokens"] = events,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = new string('y', 2_000) }),
        }.ToJsonString();
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("x-tenant-id", "acme");
        return request;
    }

    private static JsonObject Summary(List<double> values)
    {
        values.Sort();
        double At(double quantile) => Math.Round(values[(int)Math.Min(values.Count - 1, quantile * values.Count)], 3);
        return new JsonObject { ["p50"] = At(0.5), ["p99"] = At(0.99), ["max"] = At(1) };
    }
}
