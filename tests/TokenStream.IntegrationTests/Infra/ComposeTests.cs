using System.Text.RegularExpressions;
using System.Xml.Linq;
using TokenStream.Service.Options;
using Xunit;
using YamlDotNet.Serialization;

namespace TokenStream.IntegrationTests.Infra;

using Section = Dictionary<object, object>;

/// <summary>The stack's description. It is read, not run: containers need a machine of their own.</summary>
public sealed partial class ComposeTests
{
    private static readonly string ComposeText = File.ReadAllText(Path.Combine(TestPaths.Root, "docker-compose.kafka.yml"));
    private static readonly Dictionary<string, object> Compose = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(ComposeText);

    private static IEnumerable<(string Name, Section Service)> Services =>
        ((Section)Compose["services"]).Select(pair => ((string)pair.Key, (Section)pair.Value));

    [Fact]
    public void The_stack_has_the_parts_it_promises() =>
        Assert.Equal(["clickhouse", "grafana", "kafka", "node", "prometheus"], Services.Select(service => service.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Every_image_is_pinned_by_a_tag()
    {
        foreach (var (name, service) in Services)
        {
            Assert.Matches(PinnedImage(), (string)service["image"]);
            Assert.True(service.ContainsKey("healthcheck"), name);
        }
        foreach (var line in File.ReadLines(Path.Combine(DashboardFiles.Infra, "Dockerfile")).Where(line => line.StartsWith("FROM ", StringComparison.Ordinal)))
        {
            Assert.Matches(PinnedImage(), line.Split(' ')[1]);
        }
    }

    [Fact]
    public void What_a_part_needs_is_healthy_before_it_starts()
    {
        var names = Services.Select(service => service.Name).ToHashSet();
        foreach (var (_, service) in Services.Where(pair => pair.Service.ContainsKey("depends_on")))
        {
            foreach (var (needed, condition) in (Section)service["depends_on"])
            {
                Assert.Contains((string)needed, names);
                Assert.Equal("service_healthy", ((Section)condition)["condition"]);
            }
        }
    }

    [Fact]
    public void Ports_are_reached_from_this_machine_only() => Assert.All(
        Services.Where(pair => pair.Service.ContainsKey("ports")).SelectMany(pair => (List<object>)pair.Service["ports"]),
        port => Assert.StartsWith("127.0.0.1:", (string)port, StringComparison.Ordinal));

    [Fact]
    public void No_secret_is_written_down()
    {
        var required = new HashSet<string>();
        foreach (var (_, service) in Services.Where(pair => pair.Service.ContainsKey("environment")))
        {
            foreach (var (key, value) in (Section)service["environment"])
            {
                if (SecretName().IsMatch((string)key))
                {
                    var match = RequiredVariable().Match((string)value);
                    Assert.True(match.Success, $"{key} must come from the environment and stop the start where it is missing");
                    required.Add(match.Groups[1].Value);
                }
            }
        }
        var example = File.ReadAllLines(Path.Combine(TestPaths.Root, ".env.example")).Where(line => line.Contains('=', StringComparison.Ordinal)).ToArray();
        Assert.All(example, line => Assert.EndsWith("=", line, StringComparison.Ordinal));
        Assert.Equal(required.Order(), example.Select(line => line[..^1]).Order());
        Assert.Contains("/.env", File.ReadAllLines(Path.Combine(TestPaths.Root, ".gitignore")));
    }

    [Fact]
    public void Mounted_files_exist_and_are_read_only()
    {
        var volumes = ((Section)Compose["volumes"]).Keys.Cast<string>().ToHashSet();
        foreach (var mount in Services.Where(pair => pair.Service.ContainsKey("volumes")).SelectMany(pair => (List<object>)pair.Service["volumes"]).Cast<string>())
        {
            var parts = mount.Split(':');
            if (parts[0].StartsWith('.'))
            {
                Assert.True(Path.Exists(Path.Combine(TestPaths.Root, parts[0])), mount);
                Assert.Equal("ro", parts[^1]);
            }
            else
            {
                Assert.Contains(parts[0], volumes);
            }
        }
    }

    [Fact]
    public void The_nodes_image_is_built_from_files_that_are_there_and_runs_without_root()
    {
        var node = Services.Single(pair => pair.Name == "node").Service;
        var dockerfile = (string)((Section)node["build"])["dockerfile"];
        var lines = File.ReadAllLines(Path.Combine(TestPaths.Root, dockerfile));
        Assert.Equal("USER app", lines.Last(line => line.StartsWith("USER ", StringComparison.Ordinal)));
        var kept = File.ReadLines(Path.Combine(TestPaths.Root, ".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..]);
        Assert.All(kept, path => Assert.True(Path.Exists(Path.Combine(TestPaths.Root, path)), path));
    }

    [Fact]
    public void The_nodes_configuration_is_one_the_program_accepts()
    {
        Environment.SetEnvironmentVariable("TOKENSTREAM_STORE_PASSWORD", "for this test");
        var (options, errors) = NodeConfigFile.Read(File.ReadAllText(Path.Combine(DashboardFiles.Infra, "tokenstream.yaml")), new NodeOptions());
        Assert.Empty(errors);
        Assert.Equal("kafka:19092", options.Kafka);
        Assert.Equal("http://clickhouse:8123", options.ClickHouse);
        Assert.Contains("INSIDE://kafka:19092", ComposeText, StringComparison.Ordinal);
    }

    [Fact]
    public void The_servers_users_are_the_ones_that_node_and_Grafana_name()
    {
        var users = XDocument.Load(Path.Combine(DashboardFiles.Infra, "clickhouse-server", "users.xml")).Root!.Element("users")!;
        Assert.Equal("remove", users.Element("default")!.Attribute("remove")!.Value);
        Assert.Equal("TOKENSTREAM_STORE_PASSWORD", users.Element("tokenstream")!.Element("password")!.Attribute("from_env")!.Value);
        Assert.Equal("TOKENSTREAM_READER_PASSWORD", users.Element("grafana")!.Element("password")!.Attribute("from_env")!.Value);
        Assert.Equal("GRANT SELECT ON tokenstream.*", users.Element("grafana")!.Element("grants")!.Element("query")!.Value);
        Assert.Contains(
            "username: grafana", File.ReadAllText(Path.Combine(DashboardFiles.Infra, "grafana", "provisioning", "datasources", "tokenstream.yml")), StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^[a-z0-9./_-]+:v?\d[\w.-]*$")]
    private static partial Regex PinnedImage();

    [GeneratedRegex("PASSWORD|SECRET|TOKEN$|KEY$")]
    private static partial Regex SecretName();

    [GeneratedRegex(@"^\$\{([A-Z_]+):\?[^}]+\}$")]
    private static partial Regex RequiredVariable();
}
