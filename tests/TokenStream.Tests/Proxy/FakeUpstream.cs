using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TokenStream.Tests.Proxy;

/// <summary>A request as the upstream got it.</summary>
internal sealed record TakenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>A provider whose answers a test writes.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    /// <summary>Where an answer finds the request's text.</summary>
    public const string BodyItem = "body";

    private readonly WebApplication _app;

    private FakeUpstream(WebApplication app) => _app = app;

    public ConcurrentQueue<TakenRequest> Taken { get; } = new();

    /// <summary>Answers a request whose body was read.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => context.Response.WriteAsync("{}");

    public Uri Address => new(_app.Urls.First());

    public static async Task<FakeUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.Limits.MaxRequestBodySize = null;
        });
        var app = builder.Build();
        var upstream = new FakeUpstream(app);
        app.Run(upstream.TakeAsync);
        await app.StartAsync();
        return upstream;
    }

    /// <summary>Answers with JSON.</summary>
    public void AnswerJson(string json, int status = 200) => Answer = context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    };

    /// <summary>Answers with server-sent events, each part a write of its own.</summary>
    public void AnswerEvents(params string[] parts) => Answer = async context =>
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var part in parts)
        {
            await context.Response.WriteAsync(part);
        }
    };

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Taken.Enqueue(
            new TakenRequest(
                context.Request.Method, $"{context.Request.Path.ToUriComponent()}{context.Request.QueryString}", headers, body.ToArray()));
        context.Items[BodyItem] = Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length);
        await Answer(context);
    }
}
