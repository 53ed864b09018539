using System.CommandLine;
using Microsoft.Extensions.Options;
using TokenStream.Gateway;
using TokenStream.Kafka;
using TokenStream.Proxy;
using TokenStream.Service.Http;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream proxy</c>: a reverse proxy before providers, for people who have no gateway.</summary>
internal static class ProxyCommand
{
    private static readonly Option<string[]> Upstream = new("--upstream")
    {
        Description = "Who serves, such as https://api.openai.com; named again for each provider.",
    };
    private static readonly Option<string?> Provider = new("--provider")
    {
        Description = "The name of the only upstream's provider in prices and scopes (default by its host, else openai).",
    };
    private static readonly Option<string?> UpstreamKey = new("--upstream-key")
    {
        Description = "The API key for the only upstream, in place of callers' own: ${env:NAME} or ${file:PATH}.",
    };
    private static readonly Option<string?> Listen = new("--listen") { Description = "Where requests are taken (default 127.0.0.1:8090)." };
    private static readonly Option<bool> AllowRemote =
        new("--allow-remote") { Description = "Allow a listener that other machines reach." };
    private static readonly Option<string?> Kafka = new("--kafka") { Description = "Kafka, host:port,.. (default 127.0.0.1:9092)." };
    private static readonly Option<string?> Keys = new("--keys")
    {
        Description =
            $"The public keys that commands are signed with, as 'tokenstream keys show' prints them (default {ProxySettings.DefaultKeys}).",
    };
    private static readonly Option<string?> TenantHeader =
        new("--tenant-header") { Description = "The header that names the tenant (default x-tenant-id)." };
    private static readonly Option<string?> FeatureHeader =
        new("--feature-header") { Description = "The header that names the feature (default x-feature)." };
    private static readonly Option<string?> DefaultTenant =
        new("--default-tenant") { Description = "The tenant of requests that name none (default ~unknown)." };
    private static readonly Option<bool> DenyUnknown = new("--deny-unknown") { Description = "Refuse requests that name no tenant." };
    private static readonly Option<string?> KeyFile = new("--key-file")
    {
        Description = "A file of callers' API keys, hashed, and the tenants that have them; headers do not name tenants then.",
    };
    private static readonly Option<string?> OnBlindOption = new("--on-blind")
    {
        Description = "What to do while nobody says which limits are in force: open (default), closed or last_known.",
    };
    private static readonly Option<string?> Id = new("--id") { Description = "Names this proxy in events and acknowledgements." };
    private static readonly Option<int?> Drain =
        new("--drain") { Description = "Seconds that running answers may go on when the proxy is asked to stop (default 30)." };
    private static readonly Option<FileInfo?> Config =
        new("--config") { Description = "A YAML file with all of these and the rest; options win over it." };
    private static readonly Option<bool> JsonLogs = new("--json-logs") { Description = "Log lines as JSON." };

    internal static Command Create()
    {
        const string Description =
            "Stand before OpenAI, Anthropic or what speaks like them: pass requests on, count what they use, obey commands.";
        var command = new Command("proxy", Description)
        {
            Upstream, Provider, UpstreamKey, Listen, AllowRemote, Kafka, Keys, TenantHeader, FeatureHeader, DefaultTenant, DenyUnknown,
            KeyFile, OnBlindOption, Id, Drain, Config, JsonLogs,
        };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return command;
    }

    /// <summary>The settings of a command line over those of its file. Throws <see cref="NodeStartException"/> with every error.</summary>
    internal static ProxySettings Read(ParseResult parsed)
    {
        var settings = parsed.GetValue(Config) is { } file ? ReadFile(file) : new ProxySettings();
        var proxy = settings.Proxy;
        proxy.Listen = parsed.GetValue(Listen) ?? proxy.Listen;
        proxy.AllowRemote |= parsed.GetValue(AllowRemote);
        proxy.KeyFile = parsed.GetValue(KeyFile) ?? proxy.KeyFile;
        proxy.DrainTimeout = parsed.GetValue(Drain) is { } seconds and >= 0 ? TimeSpan.FromSeconds(seconds) : proxy.DrainTimeout;
        proxy.Headers = proxy.Headers with
        {
            Tenant = parsed.GetValue(TenantHeader) ?? proxy.Headers.Tenant,
            Feature = parsed.GetValue(FeatureHeader) ?? proxy.Headers.Feature,
        };
        if (parsed.GetValue(Upstream) is { Length: > 0 } urls)
        {
            proxy.Upstreams = [.. urls.Select(url => ReadUpstream(url, urls.Length == 1 ? parsed : null))];
        }

        var onBlind = parsed.GetValue(OnBlindOption);
        return settings with
        {
            Kafka = parsed.GetValue(Kafka) ?? settings.Kafka,
            Keys = parsed.GetValue(Keys) ?? settings.Keys,
            DefaultTenant = parsed.GetValue(DefaultTenant) ?? settings.DefaultTenant,
            DeniesUnknown = parsed.GetValue(DenyUnknown) || settings.DeniesUnknown,
            Id = parsed.GetValue(Id) ?? settings.Id,
            JsonLogs = parsed.GetValue(JsonLogs),
            OnBlind = onBlind is null ? settings.OnBlind : ProxySettings.ReadOnBlind(onBlind)
                ?? throw new NodeStartException($"--on-blind {onBlind}: it must be open, closed or last_known."),
        };
    }

    private static ProxySettings ReadFile(FileInfo file)
    {
        try
        {
            var (settings, errors) = ProxyConfigFile.Read(File.ReadAllText(file.FullName));
            return errors.Count == 0
                ? settings
                : throw new NodeStartException(
                    $"the configuration {file} is broken (--config):\n" + string.Join('\n', errors.Select(error => $"  {file}:{error}")));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new NodeStartException($"the configuration cannot be read (--config): {failure.Message}", failure);
        }
    }

    private static UpstreamOptions ReadUpstream(string url, ParseResult? only)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address))
        {
            throw new NodeStartException($"--upstream {url} is not an address such as https://api.openai.com.");
        }

        var key = only?.GetValue(UpstreamKey);
        if (key is not null && SecretReference.Problem(key) is { } problem)
        {
            throw new NodeStartException($"--upstream-key: {problem}.");
        }

        var provider = only?.GetValue(Provider) ?? UpstreamOptions.ProviderOf(address);
        return new UpstreamOptions
        {
            Name = provider, Url = address, Provider = provider, Key = key is null ? null : SecretReference.Resolve(key),
        };
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var settings = Read(parsed);
            if (!File.Exists(settings.Keys))
            {
                throw new NodeStartException(
                    $"--keys {settings.Keys}: there is no such file. It holds the public keys that commands are signed with; write it " +
                    "with 'tokenstream keys show > commands.pub' on the machine of a node, and name it here.");
            }

            settings.Proxy.ServesBlind = settings.OnBlind != OnBlind.Closed;
            using var loggers = Logging.Create(new NodeOptions { JsonLogs = settings.JsonLogs });
            using var metrics = new PrometheusExporter(TimeProvider.System);
            await using var proxy = await ProxyServer.StartAsync(
                settings.Proxy,
                services => services.AddTokenStreamGateway(settings.Configure),
                TimeProvider.System,
                loggers,
                metrics.Write,
                cancellation);
            Console.WriteLine($"ready {proxy.Address}");
            await StopRequest.WaitAsync(cancellation);
            return 0;
        }
        catch (OptionsValidationException failure)
        {
            await Console.Error.WriteLineAsync(string.Join('\n', failure.Failures));
            return 1;
        }
        catch (Exception failure) when (failure is NodeStartException or FormatException or IOException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }
}
