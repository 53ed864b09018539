using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using TokenStream.Receiver.Http;
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
    private const string BasicScheme = "Basic ";
    private const int MostHeader = 4096;

    private static readonly string[] FormTypes = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

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

    /// <summary>Whoever sends payloads, or the refusal. A token may be sent as the password of basic authentication, too.</summary>
    public (Sender? Sender, IResult? Refusal) AdmitSender(HttpRequest request)
    {
        var (caller, refusal) = tokens is null ? Anonymous(request) : WithToken(request, tokens);
        if (caller is null)
        {
            return (null, refusal);
        }

        if (caller.Role == ApiRole.Viewer)
        {
            return (null, Problem.Forbidden(tokens is null
                ? "This address is reached by other machines, and no tokens are configured: it takes nothing. Make some (tokenstream " +
                    "tokens add NAME --role sender) and name their file (tokens)."
                : $"The token '{caller.Actor.By}' is a viewer's; sending needs sender, operator or admin."));
        }

        return RefuseForeignPage(request) is { } foreign ? (null, foreign)
            : IsFormOfAPage(request) ? (null, Problem.Of(
                StatusCodes.Status415UnsupportedMediaType, "content_type", "The content type is not taken",
                "Send the payload's own, such as Content-Type: application/json: what any page's form can send is refused."))
            : (new Sender(caller.Tenant), null);
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
        if (SecretIn(header) is { } secret && tokens.Find(secret) is { } token)
        {
            return (new ApiCaller(new Actor(token.Name, From(request)), token.Role, token.Tenant), null);
        }

        request.HttpContext.Response.Headers.WWWAuthenticate = "Bearer";
        return (null, Problem.Of(
            StatusCodes.Status401Unauthorized, "unauthorized", "A token is needed",
            header.Length == 0
                ? "Send a token: Authorization: Bearer ts_.. (or as the password of basic authentication)"
                : "The token is not known here; it may have been taken away."));
    }

    /// <summary>The token of an authorization: a bearer's, or the password of a name that does not matter (a public key).</summary>
    private static string? SecretIn(string header)
    {
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return header[Scheme.Length..].Trim();
        }

        if (!header.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase) || header.Length > MostHeader)
        {
            return null;
        }

        var bytes = new byte[header.Length];
        return Convert.TryFromBase64String(header[BasicScheme.Length..].Trim(), bytes, out var length)
            && Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [_, var password] ? password : null;
    }

    private static IResult? RefuseForeignPage(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Authority == request.Host.Value)
            ? Problem.Forbidden($"The page {origin} is not this node's: changes are taken from its own pages and from programs only.")
            : null;
    }

    /// <summary>Whether a page of anybody's could have made the request without being asked for permission.</summary>
    private static bool IsFormOfAPage(HttpRequest request) =>
        !MediaTypeHeaderValue.TryParse(request.ContentType, out var type) ||
            FormTypes.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase);

    private static IResult? RefuseForeign(HttpRequest request, bool isYaml)
    {
        if (RefuseForeignPage(request) is { } foreign)
        {
            return foreign;
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
