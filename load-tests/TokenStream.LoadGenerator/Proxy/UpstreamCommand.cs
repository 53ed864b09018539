using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TokenStream.LoadGenerator.Proxy;

/// <summary><c>proxy-upstream</c>: a provider that answers at once, and streams an event every 20 ms that says when it was sent.</summary>
internal static class UpstreamCommand
{
    public const int Events = 50;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private const string Chunk = """{"object":"chat.completion.chunk","model":"m","choices":""";

    private static readonly string Answer = $$$"""
        {"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"finish_reason":"stop",
         "message":{"role":"assistant","content":"{{{new string('x', 5_000)}}}"}}],
         "usage":{"prompt_tokens":100,"completion_tokens":1000,"total_tokens":1100}}
        """;

    public static Command Create()
    {
        var listen = new Option<string>("--listen") { Description = "http://HOST:PORT.", DefaultValueFactory = _ => "http://127.0.0.1:0" };
        var command = new Command("proxy-upstream", "A made-up provider for measuring the proxy.") { listen };
        command.SetAction(async (parsed, cancellation) =>
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls(parsed.GetValue(listen)!);
            await using var app = builder.Build();
            app.Run(AnswerAsync);
            await app.StartAsync(cancellation);
            Console.WriteLine($"ready {app.Urls.First()}");
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        return command;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        var body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        if (body!["stream"]?.GetValue<bool>() != true)
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(Answer, context.RequestAborted);
            return;
        }

        context.Response.ContentType = "text/event-stream";
        using var timer = new PeriodicTimer(Pace);
        var events = body["max_completion_tokens"]?.GetValue<int>() ?? Events;
        for (var i = 0; i < events; i++)
        {
            if (i > 0)
            {
                await timer.WaitForNextTickAsync(context.RequestAborted);
            }

            var sent = Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture);
            await EventAsync(context, $$$"""{{{Chunk}}}[{"index":0,"delta":{"content":"{{{sent}}}"}}]}""");
        }

        await EventAsync(context, Chunk + """[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
        if (body["stream_options"]?["include_usage"]?.GetValue<bool>() == true)
        {
            await EventAsync(context, Chunk + """[],"usage":{"prompt_tokens":100,"completion_tokens":50}}""");
        }

        await EventAsync(context, "[DONE]");
    }

    private static Task EventAsync(HttpContext context, string data) =>
        context.Response.WriteAsync($"data: {data}\n\n", context.RequestAborted);
}
