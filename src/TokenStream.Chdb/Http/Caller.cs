using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>Who asks, and as what.</summary>
internal sealed record Caller(string User, ChdbRole Role);

/// <summary>Tells callers apart by Basic authentication, ClickHouse's headers or the query string, in this order.</summary>
internal sealed class Callers(ChdbServerOptions options, string ownerSecret)
{
    /// <summary>Whose request it is.</summary>
    /// <exception cref="ChdbException">516 AUTHENTICATION_FAILED.</exception>
    internal Caller Identify(HttpRequest request)
    {
        var (user, password) = Credentials(request);
        if (user == ChdbServerOptions.OwnerUser && Same(password, ownerSecret))
        {
            return new Caller(user, ChdbRole.Owner);
        }
        if (options.Readers.TryGetValue(user, out var expected))
        {
            return Same(password, expected) ? new Caller(user, ChdbRole.Reader) : throw Refused(user);
        }
        return user == ChdbServerOptions.LocalReader && password.Length == 0 && IsLocal(request)
            ? new Caller(user, ChdbRole.Reader)
            : throw Refused(user);
    }

    private static (string User, string Password) Credentials(HttpRequest request)
    {
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return Basic(authorization[6..].Trim()) is { } pair ? pair : throw Refused("?");
        }
        if (request.Headers.TryGetValue("X-ClickHouse-User", out var header))
        {
            return (Named(header.ToString()), request.Headers["X-ClickHouse-Key"].ToString());
        }
        return (Named(request.Query["user"].ToString()), request.Query["password"].ToString());
    }

    private static (string User, string Password)? Basic(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, bytes, out var length))
        {
            return null;
        }
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (Named(text[..colon]), text[(colon + 1)..]);
    }

    private static string Named(string user) => user.Length == 0 ? ChdbServerOptions.LocalReader : user;

    /// <summary>
    /// The connection comes from this machine and names it: a web page whose own name was pointed at this machine (DNS rebinding) would
    /// name itself.
    /// </summary>
    private static bool IsLocal(HttpRequest request)
    {
        var host = request.Host.Host;
        return request.HttpContext.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
            && (
                host.Length == 0 || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ||
                    IPAddress.TryParse(host.Trim('[', ']'), out _));
    }

    private static bool Same(string given, string expected) =>
        CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));

    private static ChdbException Refused(string user) => ChdbException.Of(
        516, "AUTHENTICATION_FAILED", $"{user}: Authentication failed: password is incorrect, or there is no user with such name.");
}
