using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TokenStream.Agent;

/// <summary>Which request goes where. Few paths, so a comparison each is cheaper than a table of routes.</summary>
internal sealed class AgentRoutes(
    AgentAccess access, Deciding deciding, Completing completing, CommandsEndpoint commands, ExtAuthz extAuthz, Action<HttpResponse> health,
    Func<string> writeMetrics, Task started, ILogger logger)
{
    private const string MetricsType = "text/plain; version=0.0.4; charset=utf-8";
    private const string Index =
        "TokenStream gateway agent\n\nPOST /v1/decide\nPOST /v1/complete\nPOST /v1/abandon\nPOST /v1/continue\nGET  /v1/commands\n" +
        "     /ext_authz/..\nGET  /health/live\nGET  /health/ready\nGET  /metrics\n";

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (BadHttpRequestException failure) when (!context.Response.HasStarted)
        {
            Answer.Error(context.Response, failure.StatusCode, "unreadable", failure.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has left.
        }
        catch (IOException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Likewise.
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            AgentLog.Failed(logger, failure, context.Request.Path);
            Answer.Error(context.Response, StatusCodes.Status500InternalServerError, "failed", "The agent failed; its log says more.");
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (path.StartsWith(ExtAuthz.Prefix, StringComparison.Ordinal) &&
            (path.Length == ExtAuthz.Prefix.Length || path[ExtAuthz.Prefix.Length] == '/'))
        {
            return AdmittedAsync(context, forwards: true, extAuthz.DecideAsync);
        }

        switch (path)
        {
            case "/v1/decide":
                return PostAsync(context, deciding.DecideAsync);
            case "/v1/complete":
                return PostAsync(context, completing.CompleteAsync);
            case "/v1/abandon":
                return PostAsync(context, deciding.AbandonAsync);
            case "/v1/continue":
                return PostAsync(context, deciding.ContinueAsync);
            case "/v1/commands":
                return IsRead(context) ? AdmittedAsync(context, forwards: false, commands.AnswerAsync) : WrongMethod(context, "GET");
            case "/health/live":
                Answer.Text(context.Response, "text/plain", "live\n");
                break;
            case "/health/ready":
                health(context.Response);
                break;
            case "/metrics":
                return MetricsAsync(context.Response);
            case "/":
                Answer.Text(context.Response, "text/plain", Index);
                break;
            default:
                Answer.Error(
                    context.Response, StatusCodes.Status404NotFound, "not_found", $"There is no {path}; GET / lists what there is.");
                break;
        }

        return Task.CompletedTask;
    }

    private Task PostAsync(HttpContext context, Func<HttpContext, AgentCaller, Task> handle) =>
        HttpMethods.IsPost(context.Request.Method) ? AdmittedAsync(context, forwards: false, handle) : WrongMethod(context, "POST");

    private Task AdmittedAsync(HttpContext context, bool forwards, Func<HttpContext, AgentCaller, Task> handle) =>
        !access.TryAdmit(context, forwards, out var caller) ? Task.CompletedTask
        : started.IsCompleted ? handle(context, caller)
        : WaitAsync(context, caller, handle);

    /// <summary>Until the commands in force are known, or the wait for them is over, nothing is decided.</summary>
    private async Task WaitAsync(HttpContext context, AgentCaller caller, Func<HttpContext, AgentCaller, Task> handle)
    {
        await started.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        await handle(context, caller).ConfigureAwait(false);
    }

    /// <summary>Aside: all instruments take longer to write than many decisions.</summary>
    private async Task MetricsAsync(HttpResponse response)
    {
        await Task.Yield();
        Answer.Text(response, MetricsType, writeMetrics());
    }

    private static bool IsRead(HttpContext context) => HttpMethods.IsGet(context.Request.Method);

    private static Task WrongMethod(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        Answer.Error(
            context.Response, StatusCodes.Status405MethodNotAllowed, "method_not_allowed", $"{context.Request.Path} takes {allowed} only.");
        return Task.CompletedTask;
    }
}
