using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace TokenStream.Proxy;

/// <summary>A provider with the connections to it. Where it is, only the configuration says: callers choose a path, never a host.</summary>
internal sealed class Upstream : IDisposable
{
    private readonly HttpMessageInvoker _client;
    private readonly string _base;

    public Upstream(UpstreamOptions options, TimeSpan connectTimeout)
    {
        Options = options;
        _base = options.Url.AbsoluteUri.TrimEnd('/');
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = connectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            UseCookies = false,
            // A proxy of the company's may be the way out, never the way to this machine itself.
            UseProxy = !options.Url.IsLoopback,
            ActivityHeadersPropagator = null,
            // An answer that nobody wants any more is not read to its end: its model would go on writing.
            MaxResponseDrainSize = 0,
            RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
            ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        });
    }

    public UpstreamOptions Options { get; }

    /// <summary>The address of a caller's path here.</summary>
    public Uri Address(PathString path, QueryString query)
    {
        var address = new Uri(_base + path.ToUriComponent() + (Options.Key is null ? query : WithoutKey(query)).ToUriComponent());
        return address.Authority == Options.Url.Authority && address.Scheme == Options.Url.Scheme
            ? address
            : throw new InvalidOperationException("A path has led to another host.");
    }

    /// <summary>Adds the configured key as the provider takes it.</summary>
    public void Authorize(HttpRequestMessage request)
    {
        if (Options.Key is not { } key)
        {
            return;
        }

        var (name, value) = Options.Provider switch
        {
            "anthropic" => ("x-api-key", key),
            "gemini" => ("x-goog-api-key", key),
            "azure" => ("api-key", key),
            _ => ("Authorization", $"Bearer {key}"),
        };
        request.Headers.TryAddWithoutValidation(name, value);
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _client.SendAsync(request, cancellationToken);

    public void Dispose() => _client.Dispose();

    /// <summary>Gemini takes callers' keys in the query.</summary>
    private static QueryString WithoutKey(QueryString query)
    {
        var parts = (query.Value ?? "").TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(part => !part.StartsWith("key=", StringComparison.OrdinalIgnoreCase)).ToList();
        return parts.Count == 0 ? QueryString.Empty : new QueryString("?" + string.Join('&', parts));
    }
}

/// <summary>Which upstream a request is for.</summary>
internal sealed class UpstreamTable(IReadOnlyList<Upstream> upstreams) : IDisposable
{
    private readonly List<Upstream> _byPath =
        [.. upstreams.Where(one => one.Options.PathPrefix.Length > 0).OrderByDescending(one => one.Options.PathPrefix.Length)];

    private readonly List<Upstream> _open = [.. upstreams.Where(one => one.Options is { PathPrefix: "", Models: [] })];

    /// <summary>By the beginning of the path, the longest first; with the path that is left. Null where none has it.</summary>
    public (Upstream Upstream, PathString Path)? ByPath(PathString path)
    {
        foreach (var upstream in _byPath)
        {
            if (path.StartsWithSegments(upstream.Options.PathPrefix, StringComparison.Ordinal, out var rest))
            {
                return (upstream, rest.HasValue ? rest : "/");
            }
        }

        return null;
    }

    /// <summary>By the model, else by whose interface is spoken, else the first.</summary>
    public Upstream ByModel(string? model, string family)
    {
        bool IsOf(Upstream upstream) => upstream.Options.Models.Any(name => model!.StartsWith(name, StringComparison.Ordinal));
        var byModel = model is null ? null : upstreams.FirstOrDefault(IsOf);
        return byModel ?? _open.Find(one => one.Options.Provider == family) ?? _open.FirstOrDefault() ?? upstreams[0];
    }

    /// <summary>
    /// Who serves for another provider; null where nobody can: a caller's own key is never shown to a provider that it is not for.
    /// </summary>
    public Upstream? ByProvider(string provider) =>
        upstreams.FirstOrDefault(one => one.Options.Provider == provider && one.Options.Key is not null);

    public void Dispose()
    {
        foreach (var upstream in upstreams)
        {
            upstream.Dispose();
        }
    }
}
