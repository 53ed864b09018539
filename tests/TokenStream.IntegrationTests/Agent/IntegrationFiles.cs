using YamlDotNet.RepresentationModel;

namespace TokenStream.IntegrationTests.Agent;

/// <summary>What lies in the folder <c>integrations</c>.</summary>
internal static class IntegrationFiles
{
    internal static string Folder { get; } = Path.Combine(TestPaths.Root, "integrations");

    internal static YamlMappingNode Load(string file)
    {
        using var text = new StreamReader(Path.Combine(Folder, file));
        var yaml = new YamlStream();
        yaml.Load(text);
        return (YamlMappingNode)yaml.Documents.Single().RootNode;
    }

    /// <summary>The node at a path of names and indexes: <c>static_resources/listeners/0/name</c>.</summary>
    internal static YamlNode At(YamlNode node, string path) => path.Split('/').Aggregate(
        node, (at, name) => at is YamlSequenceNode list
            ? list.Children[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)]
            : at[name]);

    internal static string Text(YamlNode node, string path) => ((YamlScalarNode)At(node, path)).Value!;

    internal static IEnumerable<string> Names(YamlNode node) =>
        ((YamlMappingNode)node).Children.Keys.Select(key => ((YamlScalarNode)key).Value!);

    /// <summary>Envoy's filters, in their order.</summary>
    internal static YamlSequenceNode EnvoyFilters() =>
        (YamlSequenceNode)At(Load("envoy/envoy.yaml"), "static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters");

    /// <summary>The configuration of Kong's plugin that decides.</summary>
    internal static YamlNode KongFunctions() =>
        ((YamlSequenceNode)At(Load("kong/kong.yml"), "plugins")).Children.Single(plugin => Text(plugin, "name") == "post-function")["config"];
}
