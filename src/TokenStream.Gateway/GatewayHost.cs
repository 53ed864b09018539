using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace TokenStream.Gateway;

/// <summary>Starts the gateway with its host, and lets requests come only when the commands in force are known, or the wait is over.</summary>
internal sealed class GatewayHost(TokenStreamGateway gateway, IOptions<TokenStreamGatewayOptions> options, ILogger<TokenStreamGateway> logger)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var settings = options.Value;
        gateway.Start();
        try
        {
            await gateway.Completed.WaitAsync(settings.StartTimeout, gateway.Clock.Time, cancellationToken).ConfigureAwait(false);
            GatewayLog.Started(logger, settings.GatewayId, gateway.ActiveCommands, settings.CommandsTopic);
        }
        catch (TimeoutException)
        {
            GatewayLog.StartedBlind(
                logger, settings.GatewayId, settings.StartTimeout.TotalSeconds, settings.OnBlind, settings.BootstrapServers, settings.CommandsTopic);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken) => await gateway.DisposeAsync().ConfigureAwait(false);
}
