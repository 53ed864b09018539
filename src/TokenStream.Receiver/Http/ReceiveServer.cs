using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TokenStream.Receiver.Http;

/// <summary>An address of its own for payloads: nothing else answers there but whether it can take any.</summary>
public sealed class ReceiveServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ReceiveServer(WebApplication app, string address) => (_app, Address) = (app, address);

    /// <summary>Host and port that are listened on.</summary>
    public string Address { get; }

    /// <summary>Begins to listen. Throws <see cref="IOException"/> where the address is taken.</summary>
    public static async Task<ReceiveServer> StartAsync(
        IPEndPoint address, PayloadReceiver receiver, AdmitSender admit, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address));
        var app = builder.Build();
        app.MapGet("/health/live", () => Results.Text("live\n"));
        app.MapGet("/health/ready", () => receiver.Unavailable is { } reason
            ? Results.Text(reason + "\n", statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Text("ready\n"));
        new ReceiveEndpoints(receiver, admit).Map(app);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException)
        {
            await app.DisposeAsync();
            throw;
        }

        return new ReceiveServer(app, new Uri(app.Urls.First()).Authority);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
