using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenStream.Gateway;
using TokenStream.Gateway.Http;
using TokenStream.SampleGateway;

// An LLM gateway as small as can be, whose models are made up: what a gateway does with commands, to look at and for tests.
//   TokenStream.SampleGateway --kafka HOST:PORT --keys FILE [--listen URL] [--id NAME] [--on-blind open|closed|last_known] [--pace MS]
// POST /v1/chat/completions takes OpenAI's requests; the headers x-tenant, x-app, x-feature, x-user and x-environment say who asks.
// GET /state says what the gateway knows. Prints "ready URL" once requests are answered.
if (!SampleArguments.TryRead(args, out var arguments, out var error))
{
    await Console.Error.WriteLineAsync(error);
    return 2;
}

var builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseUrls(arguments.Listen);
builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("TokenStream", LogLevel.Information);
builder.Services.AddTokenStreamGateway(options =>
{
    options.BootstrapServers = arguments.Kafka;
    options.PublicKeyFile = arguments.Keys;
    options.GatewayId = arguments.Id;
    options.OnBlind = arguments.OnBlind;
});
builder.Services.AddHttpClient("models", client => client.BaseAddress = new Uri("http://models.invalid"))
    .AddTokenStreamGovernance()
    .ConfigurePrimaryHttpMessageHandler(() => new FakeModels(TimeSpan.FromMilliseconds(arguments.PaceMs)));

var app = builder.Build();
app.MapPost("/v1/chat/completions", async (HttpContext context, IHttpClientFactory clients) =>
{
    using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StreamContent(context.Request.Body) };
    request.Options.Set(TokenStreamHandlerOptions.Attribution, Caller(context.Request.Headers, context.TraceIdentifier));
    using var answer = await clients.CreateClient("models").SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
    context.Response.StatusCode = (int)answer.StatusCode;
    foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key != "Transfer-Encoding"))
    {
        context.Response.Headers[name] = values.ToArray();
    }

    try
    {
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
    catch (IOException)
    {
        // A killed stream ends in the middle, and its caller sees just that.
        context.Abort();
    }
});
app.MapGet("/state", (TokenStreamGateway gateway) => Results.Json(
    new SampleState(gateway.State.ToString(), gateway.ActiveCommands, [.. gateway.Outstanding()], gateway.Leases()), SampleJson.Default.SampleState));
await app.StartAsync();
Console.WriteLine($"ready {app.Urls.First()}");
await app.WaitForShutdownAsync();
return 0;

static RequestAttribution Caller(IHeaderDictionary headers, string requestId) => new(headers["x-tenant"].ToString())
{
    Environment = Header(headers, "x-environment"),
    App = Header(headers, "x-app"),
    Feature = Header(headers, "x-feature"),
    User = Header(headers, "x-user"),
    RequestId = $"{System.Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}-{requestId}",
};

static string? Header(IHeaderDictionary headers, string name) => headers[name].ToString() is { Length: > 0 } value ? value : null;
