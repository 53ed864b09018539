using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Http;

/// <summary>Who makes a request, and what of it is theirs.</summary>
/// <param name="Tenant">The only tenant that they may see and change; null for all.</param>
internal sealed record ApiCaller(Actor Actor, ApiRole Role, string? Tenant);

/// <summary>
/// Who may do what over HTTP. With a file of tokens, everybody needs one. Without, a node that listens on a loopback address believes
/// whoever is on the machine, and one that others reach changes nothing. A browser is not a person: requests that a foreign page could have
/// made (a form's content type, another origin, a host name that was made to point here) are refused.
/// </summary>
internal sealed class ApiAccess(ApiTokens? tokens, bool isLoopback)
{
    private const string Scheme = "Bearer ";

    private static readonly string[] JsonTypes = ["application/json"];

    private static readonly string[] YamlTypes = ["application/yaml", "application/x-yaml", "text/yaml"];

    /// <summary>The caller, or the refusal.</summary>
    /// <param name="needed">The role that the request needs; above viewer it is a change.</param>
    /// <param name="isYaml">Whether a change's body is YAML instead of JSON.</param>
    public (ApiCaller? Caller, IResult? Refusal) Admit(HttpRequest request, ApiRole needed, bool isYaml = false)
    {
        var (caller, refusal) = tokens is null ? Anonymous(request) : WithToken(request, tokens);
        if (caller is null)
        {
            return (null, refusal);
        }

        if (caller.Role < needed)
        {
            return (null, Problem.Forbidden(tokens is null
                ? "This address is reached by other machines, and no tokens are configured: it changes nothing. Make some (tokenstream " +
                    "tokens add) and name their file (tokens)."
                : $"The token '{caller.Actor.By}' is a {Name(caller.Role)}'s; this needs {Name(needed)}."));
        }

        return needed > ApiRole.Viewer && RefuseForeign(request, isYaml) is { } foreign ? (null, foreign) : (caller, null);
    }

    private (ApiCaller? Caller, IResult? Refusal) Anonymous(HttpRequest request)
    {
        if (isLoopback && !IsLocalHost(request.Host.Host))
        {
            return (null, Problem.Forbidden(
                $"The host '{request.Host.Host}' is not this machine's own name for itself: address it as localhost or 127.0.0.1."));
        }

        return (new ApiCaller(new Actor("local", From(request)), isLoopback ? ApiRole.Admin : ApiRole.Viewer, null), null);
    }

    private static (ApiCaller? Caller, IResult? Refusal) WithToken(HttpRequest request, ApiTokens tokens)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && tokens.Find(header[Scheme.Length..].Trim()) is { } token)
        {
            return (new ApiCaller(new Actor(token.Name, From(request)), token.Role, token.Tenant), null);
        }

        request.HttpContext.Response.Headers.WWWAuthenticate = "Bearer";
        return (null, Problem.Of(
            StatusCodes.Status401Unauthorized, "unauthorized", "A token is needed",
            header.Length == 0
                ? "Send a token: Authorization: Bearer ts_.."
                : "The token is not known here; it may have been taken away."));
    }

    private static IResult? RefuseForeign(HttpRequest request, bool isYaml)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority == request.Host.Value))
        {
            return Problem.Forbidden($"The page {origin} is not this node's: changes are taken from its own pages and from programs only.");
        }

        if (HttpMethods.IsDelete(request.Method))
        {
            return null;
        }

        var allowed = isYaml ? YamlTypes : JsonTypes;
        return MediaTypeHeaderValue.TryParse(request.ContentType, out var type) &&
            allowed.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase)
            ? null
            : Problem.Of(
                StatusCodes.Status415UnsupportedMediaType, "content_type", "The content type is not taken",
                $"Send Content-Type: {allowed[0]}.");
    }

    private static bool IsLocalHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ||
            (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static string From(HttpRequest request) => $"api {request.HttpContext.Connection.RemoteIpAddress}";

    private static string Name(ApiRole role) => role.ToString().ToLowerInvariant();
}
