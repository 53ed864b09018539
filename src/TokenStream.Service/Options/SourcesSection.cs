using System.Net;
using TokenStream.Mapping;
using TokenStream.Receiver.Intake;
using TokenStream.Receiver.Topics;
using TokenStream.Yaml;

namespace TokenStream.Service.Options;

/// <summary>Reads what a node's configuration says of foreign payloads: <c>sources:</c> and <c>receive:</c>.</summary>
internal static class SourcesSection
{
    private const string ByHeaders = "by-headers";

    private static readonly string SourceNames = string.Join(", ", PayloadSources.All.Select(source => source.Name));

    /// <summary>Topics of payloads; null where none is named.</summary>
    /// <param name="own">The stream's own topics, which no payloads are read from.</param>
    public static IReadOnlyList<TopicSource>? ReadTopics(YamlReader root, IReadOnlyCollection<string> own)
    {
        var sources = new List<TopicSource>();
        var items = root.Items("sources");
        foreach (var item in items)
        {
            var topic = item.Scalar("topic");
            var source = item.Scalar("source");
            var attribution = ReadAttribution(item);
            item.Close();
            var name = topic?.Text ?? item.Missing("topic");
            if (own.Contains(name))
            {
                item.Error(topic!, $"the topic '{name}' is one of the stream's own: payloads need a topic beside it");
            }
            else if (sources.Exists(other => other.Topic == name))
            {
                item.Error(topic ?? (YamlTree)item.Map, $"the topic '{name}' is named twice");
            }

            var format = Find(item, source, ByHeaders);
            foreach (var checkedFormat in format is null ? PayloadSources.All : [format])
            {
                Check(item, checkedFormat, attribution);
            }

            sources.Add(new TopicSource(name, format, attribution));
        }

        return items.Count > 0 ? sources : null;
    }

    /// <summary>How payloads are received; the given options where nothing is said.</summary>
    public static ReceiveOptions ReadReceive(YamlReader? receive, ReceiveOptions options, TextErrors errors)
    {
        if (receive is null)
        {
            return options;
        }

        var listen = receive.Texts("listen");
        foreach (var text in listen.Where(text => !IPEndPoint.TryParse(text.Text, out _)))
        {
            receive.Error(text, $"'listen' has '{text.Text}', which is not an address and port, such as 127.0.0.1:4318");
        }

        var attributions = new Dictionary<string, AttributionOverride>(options.Attributions, StringComparer.Ordinal);
        foreach (var (key, section) in receive.Children("sources"))
        {
            var attribution = ReadAttribution(section);
            section.Close();
            if (PayloadSources.Find(key.Text) is not { } source)
            {
                receive.Error(key, $"'{key.Text}' is not a source; possible are {SourceNames}");
                continue;
            }

            Check(section, source, attribution);
            attributions[source.Name] = attribution;
        }

        options = options with
        {
            Attributions = attributions, Listen = listen.Count > 0 ? [.. listen.Select(text => text.Text)] : options.Listen,
        };
        if (ConfigValues.Number(receive, "in_flight_mb", errors, 32, 65_536) is { } megabytes)
        {
            options = options with { InFlightBytes = megabytes << 20 };
        }

        receive.Close();
        return options;
    }

    private static PayloadSource? Find(YamlReader item, YamlScalar? source, string other)
    {
        if (source is null)
        {
            item.Missing("source");
            return null;
        }

        var found = PayloadSources.Find(source.Text);
        if (found is not null || source.Text == other)
        {
            return found;
        }

        item.Error(source, $"'{source.Text}' is not a source; possible are {SourceNames}, and {other}");
        return null;
    }

    private static AttributionOverride ReadAttribution(YamlReader section)
    {
        var tenant = section.Text("default_tenant");
        if (section.Child("attribution") is not { } paths)
        {
            return new AttributionOverride { DefaultTenant = tenant };
        }

        var attribution = new AttributionOverride
        {
            Tenant = Paths(paths, "tenant"),
            App = Paths(paths, "app"),
            Feature = Paths(paths, "feature"),
            Environment = Paths(paths, "environment"),
            User = Paths(paths, "user"),
            Session = Paths(paths, "session"),
            DefaultTenant = tenant,
        };
        paths.Close();
        return attribution;
    }

    private static List<string>? Paths(YamlReader paths, string field)
    {
        var texts = paths.Texts(field);
        return texts.Count > 0 ? [.. texts.Select(text => text.Text)] : null;
    }

    /// <summary>A path that is none is found out by the mapper that would look there.</summary>
    private static void Check(YamlReader section, PayloadSource source, AttributionOverride attribution)
    {
        try
        {
            source.Create(attribution.Over(source.DefaultAttribution));
        }
        catch (FormatException failure)
        {
            section.Error(failure.Message);
        }
    }
}
