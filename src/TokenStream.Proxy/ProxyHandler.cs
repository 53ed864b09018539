using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenStream.Gateway;
using TokenStream.Gateway.Http;

namespace TokenStream.Proxy;

/// <summary>
/// One request's walk: who asks, what for, whom it is for, whether it may; then on to <see cref="Forwarding"/>. What asks no model passes
/// undecided.
/// </summary>
internal sealed class ProxyHandler(
    ProxyOptions options, UpstreamTable upstreams, Callers callers, TokenStreamGateway gateway, ProxyMetrics metrics, TimeProvider time,
    ILogger logger, CancellationToken stopping)
{
    private readonly BodyReader _bodies = new(options, metrics);
    private readonly Forwarding _forwarding = new(options, callers, gateway, metrics, time, logger, stopping);
    private readonly string _via = new([.. options.Name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-')]);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            if (metrics.Begin() > options.MostRequests)
            {
                var asked = ApiCall.Of(context.Request.Path.Value ?? "/");
                await RefuseAsync(context, asked, 503, "too_many_requests", "The proxy serves as many requests as it may.");
                return;
            }

            await WalkAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            metrics.Count("", "caller_left");
        }
        catch (Exception failure) when (failure is IOException or BadHttpRequestException)
        {
            // What the caller sent broke off, or is no HTTP.
            metrics.Count("", "caller_left");
            context.Abort();
        }
        catch (Exception failure)
        {
            ProxyLog.Failed(logger, failure);
            metrics.Count("", "failed");
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            context.Response.Clear();
            await RefuseAsync(context, ApiCall.Of(context.Request.Path.Value ?? "/"), 500, "proxy_failed", "The proxy failed.");
        }
        finally
        {
            metrics.End();
        }
    }

    private async Task WalkAsync(HttpContext context)
    {
        var start = time.GetTimestamp();
        var request = context.Request;
        var byPath = upstreams.ByPath(request.Path);
        var path = byPath?.Path ?? request.Path;
        var api = ApiCall.Of(path.Value ?? "/");
        if (request.Headers.Upgrade.Count > 0 || !path.HasValue)
        {
            await RefuseAsync(context, api, 501, "not_supported", "WebSockets and the like are not governed here, so they do not pass.");
            return;
        }

        if (request.Headers.Via.Any(value => value?.Contains(_via, StringComparison.OrdinalIgnoreCase) == true))
        {
            await RefuseAsync(context, api, 508, "loop", "The request has come through this proxy before: an upstream of it leads back.");
            return;
        }

        var isKnown = callers.TryName(request, out var named);
        var (status, held) = MustRead(request, in api) ? await ReadAsync(context, api) : (0, null);
        using (held)
        {
            if (status != 0)
            {
                return;
            }

            RequestBody? body = null;
            if (held is not null && !RequestBody.TryRead(held.Bytes, out body))
            {
                if (api.IsKnown || IsJson(request))
                {
                    await RefuseAsync(context, api, 400, "tokenstream_unreadable", "The request is not a JSON object with one meaning.");
                    return;
                }

                body = null;
            }

            var model = held is null ? null : api.Model ?? body?.Model ?? (api.IsKnown ? ProxyCall.UnknownModel : null);
            var upstream = byPath?.Upstream ?? upstreams.ByModel(model, api.Family);
            if (!isKnown && upstream.Options.Key is not null)
            {
                await RefuseAsync(context, api, 401, "unknown_key", "The API key is not known to this proxy.");
                return;
            }

            var order = new Order(context, path, api, upstream) { Body = body, Held = held?.Bytes, Via = $"1.1 {_via}", Start = start };
            if (model is null || body is null)
            {
                await _forwarding.PassAsync(order);
            }
            else
            {
                await DecideAsync(order, Describe(in named, in api, body, model, upstream));
            }
        }
    }

    private async Task DecideAsync(Order order, GatewayRequest asked)
    {
        var decision = gateway.Decide(in asked);
        if (!decision.IsAllowed)
        {
            if (decision.Code == DecisionCode.CacheOnly)
            {
                // There is no cache here that could answer.
                gateway.ReportBlocked(in asked, in decision);
            }

            await RefuseAsync(order, decision);
            return;
        }

        if (decision.RouteProvider is { } provider && provider != order.Upstream.Options.Provider)
        {
            // Another provider can serve only what speaks its own interface, and never by the key of this one.
            var other = Native(provider) == order.Api.Family ? upstreams.ByProvider(provider) : null;
            order = other is null ? order : order with { Upstream = other };
            decision = other is null ? decision with { RoutedBy = null } : decision;
        }

        await _forwarding.GovernAsync(order, asked, decision);
    }

    private static GatewayRequest Describe(
        in GatewayRequest named, in ApiCall api, RequestBody body, string model, Upstream upstream) => named with
    {
        Provider = upstream.Options.Provider,
        Model = model,
        TokensIn = body.EstimatedTokens,
        MaxTokens = body.Limit(api.Kind),
        Answers = body.Answers(api.Kind),
        IsWithoutOutput = api.IsWithoutOutput,
        ServiceTier = body.ServiceTier is "auto" or "default" or "standard_only" ? null : body.ServiceTier,
    };

    private static string Native(string provider) => provider is "anthropic" or "gemini" or "bedrock" ? provider : "openai";

    /// <summary>Whether the body says, or could say, which model is asked.</summary>
    private static bool MustRead(HttpRequest request, in ApiCall api) =>
        HttpMethods.IsPost(request.Method) && (api.IsKnown || (api.Kind == ApiKind.Other && IsLegible(request)));

    private static bool IsJson(HttpRequest request) => request.ContentType?.Contains("json", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>JSON, or what an upstream may take for it although it is called otherwise.</summary>
    private static bool IsLegible(HttpRequest request) =>
        request.Headers.ContentEncoding.Count == 0 && (IsJson(request) || string.IsNullOrEmpty(request.ContentType)
            || request.ContentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
            || request.ContentType.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase));

    private async Task<(int Status, HeldBody? Held)> ReadAsync(HttpContext context, ApiCall api)
    {
        if (context.Request.Headers.ContentEncoding.Count > 0)
        {
            const string Reason = "What is packed cannot be decided about: send the request without Content-Encoding.";
            await RefuseAsync(context, api, 415, "encoded_body", Reason);
            return (415, null);
        }

        var (status, held) = await _bodies.ReadAsync(context.Request, context.RequestAborted);
        if (status == 413)
        {
            await RefuseAsync(context, api, status, "request_too_large", "The request is larger than this proxy reads.");
        }
        else if (status != 0)
        {
            await RefuseAsync(context, api, status, "too_many_requests", "The proxy holds as many bytes of requests as it may.");
        }

        return (status, held);
    }

    private Task RefuseAsync(HttpContext context, in ApiCall api, int status, string code, string message)
    {
        metrics.Count("", code);
        if (status == 503)
        {
            context.Response.Headers.RetryAfter = "1";
        }

        return Answer.WriteAsync(context, status, api.Family, ProviderErrors.Body(api.Family, status, code, message));
    }

    private Task RefuseAsync(Order order, in GatewayDecision decision)
    {
        metrics.Count(order.Upstream.Options.Name, "refused");
        foreach (var (name, value) in RefusalResponse.Headers(in decision))
        {
            order.Context.Response.Headers[name] = value;
        }

        return Answer.WriteAsync(order.Context, decision.Status, order.Api.Family, ProviderErrors.Body(order.Api.Family, in decision));
    }
}

/// <summary>A request that is to be sent on.</summary>
internal sealed record Order(HttpContext Context, PathString Path, ApiCall Api, Upstream Upstream)
{
    /// <summary>Its JSON, where it was looked at.</summary>
    public RequestBody? Body { get; init; }

    /// <summary>Its bytes, where they were read.</summary>
    public ReadOnlyMemory<byte>? Held { get; init; }

    public string Via { get; init; } = "";

    /// <summary>When it came, by the clock's ticks.</summary>
    public long Start { get; init; }
}
