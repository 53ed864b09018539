using System.Globalization;
using Microsoft.AspNetCore.Http;
using TokenStream.Gateway;

namespace TokenStream.Proxy;

/// <summary>
/// Who asks: whoever has the API key, where a file says so, and else whom the headers name. A key in the file settles what it names; a
/// header can say the rest only.
/// </summary>
internal sealed class Callers(CallerHeaders headers, ApiKeyTable? keys)
{
    private const int MostCharacters = 256;
    private const int MostRetries = 1_000;

    /// <summary>What SDKs that repeat requests by themselves say of it.</summary>
    private const string RetryCount = "x-stainless-retry-count";

    /// <summary>Headers that are for the proxy alone.</summary>
    public IReadOnlySet<string> Own { get; } = new HashSet<string>(headers.Own, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The caller as far as known, into a request that is yet to be filled; false where its key should be known and is not.
    /// </summary>
    public bool TryName(HttpRequest request, out GatewayRequest named)
    {
        var key = Key(request);
        var owner = key is null ? null : keys?.Find(key);
        var given = request.Headers;
        named = new GatewayRequest
        {
            // Where keys say who asks, a header that anybody can write does not.
            Tenant = owner?.Tenant ?? (keys is null ? Text(given, headers.Tenant) : null) ?? "",
            App = owner?.App ?? Text(given, headers.App),
            Feature = owner?.Feature ?? Text(given, headers.Feature),
            Environment = owner?.Environment ?? Text(given, headers.Environment),
            User = Text(given, headers.User),
            Session = Text(given, headers.Session),
            RequestId = Text(given, headers.Request),
            Attempt = Attempt(Text(given, RetryCount)),
            Provider = "",
            Model = "",
        };
        return keys is null || owner is not null;
    }

    private static int Attempt(string? retries) =>
        int.TryParse(retries, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count < MostRetries ? count + 1 : 1;

    /// <summary>The key that a provider would take, wherever its SDKs put it; null where there is none.</summary>
    private static string? Key(HttpRequest request)
    {
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? authorization["Bearer ".Length..].Trim()
            : Text(request.Headers, "x-api-key") ?? Text(request.Headers, "api-key") ?? Text(request.Headers, "x-goog-api-key")
            ?? (request.Query["key"].ToString() is { Length: > 0 } asked ? asked : null);
    }

    /// <summary>A header's text; null where there is none, or where it is too long to be a name.</summary>
    private static string? Text(IHeaderDictionary headers, string name) =>
        headers[name].ToString() is { Length: > 0 and <= MostCharacters } text ? text : null;
}
