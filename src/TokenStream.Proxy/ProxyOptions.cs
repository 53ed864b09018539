using System.Net;

namespace TokenStream.Proxy;

/// <summary>Where a proxy listens, whom it asks, and how it tells callers apart.</summary>
public sealed class ProxyOptions
{
    /// <summary>Address and port.</summary>
    public string Listen { get; set; } = "127.0.0.1:8090";

    /// <summary>Whether <see cref="Listen"/> may be an address that other machines reach.</summary>
    public bool AllowRemote { get; set; }

    /// <summary>Who serves; the first serves what no other one is for.</summary>
    public IReadOnlyList<UpstreamOptions> Upstreams { get; set; } = [];

    public CallerHeaders Headers { get; set; } = new();

    /// <summary>A file of callers' API keys, hashed, and who has them; null for none. It is read again when it changes.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Names the proxy in <c>Via</c>, by which it knows its own requests again.</summary>
    public string Name { get; set; } = $"tokenstream-{Guid.NewGuid().ToString("N")[..12]}";

    /// <summary>A larger request that has to be looked at is refused with 413: what is not read cannot be decided about.</summary>
    public int MostBodyBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Bytes of requests that may be held at once; beyond it callers are told to come back.</summary>
    public long MostHeldBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Requests that may run at once; beyond it callers are told to come back.</summary>
    public int MostRequests { get; set; } = 10_000;

    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an upstream may take until its answer begins.</summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an upstream may be silent within an answer.</summary>
    public TimeSpan SilenceTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long running answers may go on when the proxy is asked to stop.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether requests are let in while nobody says which limits are in force; where not, a proxy that is blind is not ready for them.
    /// </summary>
    public bool ServesBlind { get; set; } = true;

    /// <summary>Every error of these options at once, each a sentence.</summary>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        if (!IPEndPoint.TryParse(Listen, out var address))
        {
            errors.Add($"--listen {Listen} is not an address and port, such as 127.0.0.1:8090.");
        }
        else if (!IPAddress.IsLoopback(address.Address) && !AllowRemote)
        {
            errors.Add(
                $"--listen {Listen} is reached by other machines, which could name any tenant: say --allow-remote where that is meant.");
        }

        if (Upstreams.Count == 0)
        {
            errors.Add("no upstream is named: say --upstream https://api.openai.com, or list 'upstreams' in the configuration.");
        }

        errors.AddRange(Upstreams.SelectMany(upstream => upstream.Errors()));
        errors.AddRange(Upstreams.GroupBy(upstream => upstream.Name, StringComparer.Ordinal).Where(same => same.Count() > 1)
            .Select(same => $"two upstreams have the name '{same.Key}'."));
        if (AllowRemote && KeyFile is null && Upstreams.Any(upstream => upstream.Key is not null))
        {
            errors.Add(
                "an upstream's key is set, other machines may ask and no key file says who may: anybody could spend. Say --key-file FILE.");
        }

        return errors;
    }
}

/// <summary>A provider, or whatever speaks as one.</summary>
public sealed record UpstreamOptions
{
    /// <summary>Names it in metrics; by default the provider.</summary>
    public required string Name { get; init; }

    /// <summary>Scheme, host, and a path that callers' paths are appended to.</summary>
    public required Uri Url { get; init; }

    /// <summary>Who serves, as prices and scopes name it.</summary>
    public required string Provider { get; init; }

    /// <summary>Callers' paths that are for it, such as <c>/anthropic</c>; the prefix is taken off. Empty for none.</summary>
    public string PathPrefix { get; init; } = "";

    /// <summary>Beginnings of the names of models that are for it.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The API key that is sent in place of callers' own; null lets theirs pass.</summary>
    public string? Key { get; init; }

    /// <summary>Whether streams are asked for their usage; false where the upstream refuses <c>stream_options</c>.</summary>
    public bool AsksForUsage { get; init; } = true;

    /// <summary>The provider that a host belongs to.</summary>
    public static string ProviderOf(Uri url) =>
        url.Host.EndsWith("anthropic.com", StringComparison.OrdinalIgnoreCase) ? "anthropic"
        : url.Host.EndsWith("googleapis.com", StringComparison.OrdinalIgnoreCase) ? "gemini"
        : url.Host.EndsWith("amazonaws.com", StringComparison.OrdinalIgnoreCase) ? "bedrock"
        : "openai";

    internal IEnumerable<string> Errors()
    {
        if (Url.Scheme is not ("http" or "https") || Url.UserInfo.Length > 0 || Url.Query.Length > 0 || Url.Fragment.Length > 0)
        {
            yield return $"the upstream '{Name}' must be an address such as https://api.openai.com, without user, query or fragment.";
        }

        if (PathPrefix.Length > 0 && (PathPrefix[0] != '/' || PathPrefix[^1] == '/'))
        {
            yield return $"the path '{PathPrefix}' of the upstream '{Name}' must begin with a slash and not end with one.";
        }

        if (Key is { } key && (key.Length == 0 || key.Any(letter => letter is <= ' ' or > '~')))
        {
            yield return $"the key of the upstream '{Name}' is empty or has characters that no API key has.";
        }

        if (Name.Length is 0 or > 64 || Provider.Length is 0 or > 64)
        {
            yield return "name and provider of an upstream must have 1 to 64 characters.";
        }
    }
}

/// <summary>The headers by which callers say who asks and what for. They are not passed on.</summary>
public sealed record CallerHeaders
{
    public string Tenant { get; init; } = "x-tenant-id";

    public string App { get; init; } = "x-app";

    public string Feature { get; init; } = "x-feature";

    public string Environment { get; init; } = "x-environment";

    public string User { get; init; } = "x-user-id";

    public string Session { get; init; } = "x-session-id";

    /// <summary>What names a request in all its tries; passed on.</summary>
    public string Request { get; init; } = "x-request-id";

    internal IEnumerable<string> Own => [Tenant, App, Feature, Environment, User, Session];
}
