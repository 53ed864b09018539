using TokenStream.Gateway;
using TokenStream.Kafka;
using TokenStream.Proxy;
using TokenStream.Yaml;
using static TokenStream.Service.Options.ConfigValues;

namespace TokenStream.Service.Options;

/// <summary>Reads the configuration of <c>tokenstream proxy</c>, strictly: every error of the text at once, with its line.</summary>
internal static class ProxyConfigFile
{
    private const long MostSeconds = 86_400;

    public static (ProxySettings Settings, IReadOnlyList<string> Errors) Read(string text)
    {
        var errors = new TextErrors();
        var settings = new ProxySettings();
        if (YamlTree.Parse(text, "configuration", errors) is { } tree && YamlReader.Open(tree, "the configuration", errors) is { } root)
        {
            settings = ReadRoot(root, errors);
        }

        return (settings, [.. errors.ToList().Select(error => error.ToString())]);
    }

    private static ProxySettings ReadRoot(YamlReader root, TextErrors errors)
    {
        var settings = new ProxySettings();
        var proxy = settings.Proxy;
        proxy.Listen = root.Text("listen") ?? proxy.Listen;
        proxy.AllowRemote = Bool(root, "allow_remote") ?? false;
        proxy.KeyFile = root.Text("key_file");
        proxy.Headers = ReadHeaders(root.Child("headers"));
        proxy.Upstreams = [.. root.Items("upstreams").Select(item => ReadUpstream(item, errors)).OfType<UpstreamOptions>()];
        ReadTimeouts(root.Child("timeouts"), proxy, errors);
        ReadLimits(root.Child("limits"), proxy, errors);
        var unknown = root.Scalar("unknown_tenants");
        if (unknown is not null && unknown.Text is not ("allow" or "deny"))
        {
            errors.Add(unknown, $"'unknown_tenants' is '{unknown.Text}'; it must be allow or deny");
        }

        var onBlind = root.Scalar("on_blind");
        if (onBlind is not null && ProxySettings.ReadOnBlind(onBlind.Text) is null)
        {
            errors.Add(onBlind, $"'on_blind' is '{onBlind.Text}'; it must be open, closed or last_known");
        }

        settings = settings with
        {
            Keys = root.Text("keys") ?? settings.Keys,
            Id = root.Text("id"),
            Environment = root.Text("environment"),
            DefaultTenant = root.Text("default_tenant"),
            DeniesUnknown = unknown?.Text == "deny",
            OnBlind = (onBlind is null ? null : ProxySettings.ReadOnBlind(onBlind.Text)) ?? OnBlind.Open,
        };
        settings = ReadKafka(root.Child("kafka"), settings, errors);
        settings = ReadTopics(root.Child("topics"), settings);
        root.Close();
        return settings;
    }

    private static UpstreamOptions? ReadUpstream(YamlReader item, TextErrors errors)
    {
        var url = item.Scalar("url");
        var key = item.Scalar("key");
        if (key is not null && SecretReference.Problem(key.Text) is { } problem)
        {
            errors.Add(key, $"'key': {problem}");
            key = null;
        }

        if (url is null || !Uri.TryCreate(url.Text, UriKind.Absolute, out var address))
        {
            item.Error("'url' of an upstream must be an address such as https://api.openai.com");
            address = null;
        }

        var provider = item.Text("provider") ?? (address is null ? "" : UpstreamOptions.ProviderOf(address));
        var options = address is null ? null : new UpstreamOptions
        {
            Name = item.Text("name") ?? provider,
            Url = address,
            Provider = provider,
            PathPrefix = item.Text("path") ?? "",
            Models = [.. item.Texts("models").Select(model => model.Text)],
            Key = key is null ? null : SecretReference.Resolve(key.Text),
            AsksForUsage = Bool(item, "include_usage") ?? true,
        };
        if (options is not null)
        {
            item.Close();
        }

        return options;
    }

    private static CallerHeaders ReadHeaders(YamlReader? headers)
    {
        var names = new CallerHeaders();
        if (headers is null)
        {
            return names;
        }

        names = new CallerHeaders
        {
            Tenant = headers.Text("tenant") ?? names.Tenant,
            App = headers.Text("app") ?? names.App,
            Feature = headers.Text("feature") ?? names.Feature,
            Environment = headers.Text("environment") ?? names.Environment,
            User = headers.Text("user") ?? names.User,
            Session = headers.Text("session") ?? names.Session,
            Request = headers.Text("request") ?? names.Request,
        };
        headers.Close();
        return names;
    }

    private static void ReadTimeouts(YamlReader? timeouts, ProxyOptions proxy, TextErrors errors)
    {
        if (timeouts is null)
        {
            return;
        }

        TimeSpan Seconds(string key, TimeSpan usual, long least) =>
            Number(timeouts, key, errors, least, MostSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : usual;
        proxy.ConnectTimeout = Seconds("connect_seconds", proxy.ConnectTimeout, 1);
        proxy.AnswerTimeout = Seconds("answer_seconds", proxy.AnswerTimeout, 1);
        proxy.SilenceTimeout = Seconds("silence_seconds", proxy.SilenceTimeout, 1);
        proxy.DrainTimeout = Seconds("drain_seconds", proxy.DrainTimeout, 0);
        timeouts.Close();
    }

    private static void ReadLimits(YamlReader? limits, ProxyOptions proxy, TextErrors errors)
    {
        if (limits is null)
        {
            return;
        }

        proxy.MostBodyBytes = (int)((Number(limits, "body_mb", errors, 1, 512) ?? (proxy.MostBodyBytes >> 20)) << 20);
        proxy.MostHeldBytes = (Number(limits, "held_mb", errors, 1, 1 << 20) ?? (proxy.MostHeldBytes >> 20)) << 20;
        proxy.MostRequests = (int)(Number(limits, "requests", errors, 1, 1_000_000) ?? proxy.MostRequests);
        limits.Close();
    }

    private static ProxySettings ReadKafka(YamlReader? kafka, ProxySettings settings, TextErrors errors)
    {
        if (kafka is null)
        {
            return settings;
        }

        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in kafka.Child("properties")?.Map.Entries ?? [])
        {
            if (value is not YamlScalar scalar)
            {
                errors.Add(value, $"the property '{key.Text}' must be a text or number, not {value.Kind}");
            }
            else if (SecretReference.Problem(scalar.Text) is { } problem)
            {
                errors.Add(value, $"the property '{key.Text}': {problem}");
            }
            else
            {
                properties[key.Text] = SecretReference.Resolve(scalar.Text);
            }
        }

        settings = settings with { Kafka = kafka.Text("bootstrap") ?? settings.Kafka, KafkaProperties = properties };
        kafka.Close();
        return settings;
    }

    private static ProxySettings ReadTopics(YamlReader? topics, ProxySettings settings)
    {
        if (topics is null)
        {
            return settings;
        }

        settings = settings with
        {
            CommandsTopic = topics.Text("commands"),
            AcksTopic = topics.Text("acks"),
            RequestsTopic = topics.Text("requests"),
            ConfigurationTopic = topics.Text("configuration"),
        };
        topics.Close();
        return settings;
    }
}
