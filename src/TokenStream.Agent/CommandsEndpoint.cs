using Microsoft.AspNetCore.Http;
using TokenStream.Gateway;

namespace TokenStream.Agent;

/// <summary>The commands in force: as JSON or, for <c>Accept: text/event-stream</c>, as they come and go.</summary>
internal sealed class CommandsEndpoint(
    TokenStreamGateway gateway, CommandListeners listeners, AgentMetrics metrics, string gatewayId, TimeProvider time,
    CancellationToken stopping)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);
    private static readonly byte[] Comment = ": keep-alive\n\n"u8.ToArray();

    public async Task AnswerAsync(HttpContext context, AgentCaller caller)
    {
        if (caller.Tenant is { } tenant)
        {
            metrics.Request(AgentEndpoint.Commands, 2);
            Answer.Error(
                context.Response, StatusCodes.Status403Forbidden, "foreign_tenant",
                $"The token is for the tenant '{tenant}' only; the commands of all tenants need one without a tenant.");
        }
        else if (context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            await FollowAsync(context).ConfigureAwait(false);
        }
        else
        {
            metrics.Request(AgentEndpoint.Commands, 0);
            Answer.Commands(context.Response, gatewayId, gateway.State, gateway.Commands());
        }
    }

    private async Task FollowAsync(HttpContext context)
    {
        var events = listeners.Join(
            context.Request.Headers["Last-Event-ID"].ToString(), () => Answer.Commands(gatewayId, gateway.State, gateway.Commands()));
        if (events is null)
        {
            metrics.Request(AgentEndpoint.Commands, 2);
            context.Response.Headers.RetryAfter = "5";
            Answer.Error(
                context.Response, StatusCodes.Status503ServiceUnavailable, "too_many_listeners",
                $"{CommandListeners.Most} listeners follow the commands already.");
            return;
        }

        metrics.Request(AgentEndpoint.Commands, 0);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-store";
            await SendAsync(context.Response, events, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The listener left, or the agent stops.
        }
        finally
        {
            listeners.Leave(events);
        }
    }

    private async Task SendAsync(HttpResponse response, System.Threading.Channels.ChannelReader<byte[]> events, CancellationToken ended)
    {
        using var timer = new PeriodicTimer(KeepAlive, time);
        var tick = timer.WaitForNextTickAsync(ended).AsTask();
        var more = events.WaitToReadAsync(ended).AsTask();
        while (true)
        {
            while (events.TryRead(out var next))
            {
                await response.Body.WriteAsync(next, ended).ConfigureAwait(false);
            }

            await response.Body.FlushAsync(ended).ConfigureAwait(false);
            if (await Task.WhenAny(more, tick).ConfigureAwait(false) == more)
            {
                if (!await more.ConfigureAwait(false))
                {
                    return;
                }

                more = events.WaitToReadAsync(ended).AsTask();
            }
            else
            {
                await tick.ConfigureAwait(false);
                await response.Body.WriteAsync(Comment, ended).ConfigureAwait(false);
                tick = timer.WaitForNextTickAsync(ended).AsTask();
            }
        }
    }
}
