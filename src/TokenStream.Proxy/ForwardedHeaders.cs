using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace TokenStream.Proxy;

/// <summary>Which headers go on, by RFC 9110, section 7.6: none of those that belong to one connection alone.</summary>
internal static class ForwardedHeaders
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
        "Upgrade", "HTTP2-Settings",
        // Where else the provider itself can be reached is nothing that a caller of this proxy should try.
        "Alt-Svc",
    };

    /// <summary>What the client makes by itself, or what was done with here.</summary>
    private static readonly HashSet<string> OwnOfRequests = new(StringComparer.OrdinalIgnoreCase) { "Host", "Content-Length", "Expect" };

    /// <summary>By which callers prove who they are to a provider.</summary>
    private static readonly HashSet<string> Credentials = new(StringComparer.OrdinalIgnoreCase)
    {
        "Authorization", "x-api-key", "api-key", "x-goog-api-key", "Cookie",
    };

    /// <summary>Copies a caller's headers to the request that goes on.</summary>
    /// <param name="keepsCredentials">False where the upstream's own key takes the place of the caller's.</param>
    /// <param name="keepsEncodings">False where the answer must be legible here.</param>
    public static void Copy(
        IHeaderDictionary from, HttpRequestMessage to, IReadOnlySet<string> own, bool keepsCredentials, bool keepsEncodings)
    {
        var named = Named(from.Connection);
        foreach (var (name, values) in from)
        {
            if (name.StartsWith(':') || HopByHop.Contains(name) || OwnOfRequests.Contains(name) || own.Contains(name)
                || named.Contains(name) || (!keepsCredentials && Credentials.Contains(name))
                || (!keepsEncodings && name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            if (!to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                to.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }
    }

    /// <summary>Copies an upstream's headers to the caller's answer.</summary>
    /// <param name="isChanged">Whether the body that goes on has another length or coding than the one that came.</param>
    public static void Copy(HttpResponseMessage from, IHeaderDictionary to, bool isChanged)
    {
        var isNamed = from.Headers.NonValidated.TryGetValues("Connection", out var connection);
        var named = Named(isNamed ? new StringValues([.. connection]) : default);
        Copy(from.Headers.NonValidated, to, named, isChanged);
        Copy(from.Content.Headers.NonValidated, to, named, isChanged);
    }

    private static void Copy(HttpHeadersNonValidated from, IHeaderDictionary to, HashSet<string> named, bool isChanged)
    {
        foreach (var (name, values) in from)
        {
            var isLength = name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                || name.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase);
            if (!HopByHop.Contains(name) && !named.Contains(name) && !(isChanged && isLength))
            {
                to[name] = new StringValues([.. values]);
            }
        }
    }

    /// <summary>Headers that a Connection header names belong to the connection, too.</summary>
    private static HashSet<string> Named(StringValues connection) => new(
        connection.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
        StringComparer.OrdinalIgnoreCase);
}
