using System.Globalization;
using Microsoft.AspNetCore.Http;
using TokenStream.Gateway;
using TokenStream.Gateway.Http;

namespace TokenStream.Agent;

/// <summary>
/// Envoy's external authorization over HTTP: the request that is to be decided about is sent to this path with its method, path, some of
/// its headers and, where Envoy is told so, its body. 200 lets it in, with headers of what is to be changed; another status is the caller's
/// answer.
/// </summary>
/// <remarks>
/// Nobody says afterwards what the request used, so throttles and leases count what it might use. What it did use comes in as telemetry.
/// </remarks>
internal sealed class ExtAuthz(TokenStreamGateway gateway, AgentOptions options, AgentMetrics metrics)
{
    public const string Prefix = "/ext_authz";

    private const int MostBodyBytes = 16 * 1024 * 1024;
    private const int BytesPerToken = 4;
    private const int MostTextCharacters = 256;
    private const string PartialBody = "x-envoy-auth-partial-body";

    /// <summary>Ends of paths that ask for no text.</summary>
    private static readonly string[] Silent = ["/embeddings", "/moderations", "/rerank"];

    public async Task DecideAsync(HttpContext context, AgentCaller caller)
    {
        using var body = await RequestBody.ReadAsync(context.Request, MostBodyBytes).ConfigureAwait(false);
        Decide(context, in body, caller);
    }

    private void Decide(HttpContext context, in RequestBody body, AgentCaller caller)
    {
        var (response, headers) = (context.Response, context.Request.Headers);
        var named = Header(headers, options.Headers.Model);
        var isPartial = Header(headers, PartialBody) == "true";
        OpenAiRequest? asked = null;
        if (!body.IsWhole || (isPartial && named is null))
        {
            Refuse(
                response, StatusCodes.Status413PayloadTooLarge,
                "Only a part of the request reached the authorization: raise max_request_bytes, or name the model in the header " +
                    $"{options.Headers.Model}.");
            return;
        }

        if (!isPartial && OpenAiRequest.Read(body.Span, out asked) == OpenAiBody.Unreadable && IsJson(context.Request))
        {
            Refuse(response, StatusCodes.Status400BadRequest, "The request is not JSON with one meaning.");
            return;
        }

        var request = Describe(context.Request, asked, named, body.Span.Length);
        if (!Deciding.IsTheirs(caller, request.Tenant))
        {
            Refuse(response, StatusCodes.Status403Forbidden, $"The token is for the tenant '{caller.Tenant}' only.");
            return;
        }

        var decision = gateway.Decide(in request);
        if (!decision.IsAllowed)
        {
            Deny(response, in request, in decision);
            return;
        }

        decision.Forfeit();
        response.StatusCode = StatusCodes.Status200OK;
        Add(response, "x-tokenstream-model", decision.RouteModel);
        Add(response, "x-tokenstream-provider", decision.RouteProvider);
        Add(response, "x-tokenstream-max-tokens", decision.MaxOutputTokens?.ToString(CultureInfo.InvariantCulture));
        Add(response, "x-tokenstream-command", (decision.RoutedBy ?? decision.TrimmedBy ?? decision.ThrottledBy)?.Id);
        Add(response, "x-tokenstream-tenant", decision.Tenant);
        response.ContentLength = 0;
        metrics.Request(AgentEndpoint.ExtAuthz, 0);
    }

    private GatewayRequest Describe(HttpRequest request, OpenAiRequest? asked, string? named, int bodyBytes)
    {
        var (headers, names) = (request.Headers, options.Headers);
        var path = request.Path.Value ?? "";
        var limit = long.TryParse(Header(headers, names.MaxTokens), NumberStyles.None, CultureInfo.InvariantCulture, out var told)
            ? told
            : 0;
        return new GatewayRequest
        {
            Tenant = Header(headers, names.Tenant) ?? "",
            Environment = Header(headers, names.Environment),
            App = Header(headers, names.App),
            Feature = Header(headers, names.Feature),
            User = Header(headers, names.User),
            Session = Header(headers, names.Session),
            Provider = Header(headers, names.Provider) ?? options.DefaultProvider,
            Model = asked?.Model ?? named ?? "",
            TokensIn = bodyBytes / BytesPerToken,
            MaxTokens = asked?.MaxTokens is > 0 and var most ? most : limit,
            Answers = asked?.Answers ?? 1,
            ServiceTier = asked?.ServiceTier,
            // Whatever is not sent to a model writes nothing.
            IsWithoutOutput = !HttpMethods.IsPost(request.Method) ||
                Array.Exists(Silent, end => path.EndsWith(end, StringComparison.Ordinal)),
            RequestId = Header(headers, names.RequestId),
        };
    }

    private void Deny(HttpResponse response, in GatewayRequest request, in GatewayDecision decision)
    {
        if (decision.Code == DecisionCode.CacheOnly)
        {
            gateway.ReportBlocked(in request, in decision);
        }

        foreach (var (name, value) in RefusalResponse.Headers(in decision))
        {
            response.Headers[name] = value;
        }

        metrics.Request(AgentEndpoint.ExtAuthz, 1);
        Answer.Raw(response, decision.Status, RefusalResponse.Body(in decision));
    }

    private void Refuse(HttpResponse response, int code, string sentence)
    {
        metrics.Request(AgentEndpoint.ExtAuthz, 2);
        Answer.Error(response, code, "tokenstream_unreadable", sentence);
    }

    private static bool IsJson(HttpRequest request) =>
        request.ContentType is null || request.ContentType.Contains("json", StringComparison.OrdinalIgnoreCase);

    /// <summary>A header's text; null where it is absent, empty, or longer than an event can carry.</summary>
    private static string? Header(IHeaderDictionary headers, string name) =>
        headers[name].ToString() is { Length: > 0 and <= MostTextCharacters } value ? value : null;

    /// <summary>Names of models and tenants are escaped where a header could not carry them.</summary>
    private static void Add(HttpResponse response, string name, string? value)
    {
        if (value is not null)
        {
            response.Headers[name] = value.All(letter => letter is > ' ' and <= '~') ? value : Uri.EscapeDataString(value);
        }
    }
}
