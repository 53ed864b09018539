using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace TokenStream.Tests.Architecture;

/// <summary>Who may know whom, checked from the project files, the built assemblies and the sources.</summary>
public sealed partial class ReferenceRuleTests
{
    private const int MostLines = 600;
    private const int MostFolderLevels = 3;

    private static readonly string[] FolderOrder = ["Yaml", "Events", "Mapping", "Pricing", "Scopes", "Windowing", "Storage", "Detection", "Commands", "Budgets", "Governing", "Runtime"];

    /// <summary>Of the folder Governing; what lies in it beside them puts them together.</summary>
    private static readonly string[] GoverningOrder = ["Ledger", "Evaluation", "Snapshots", "Ladders", "Alerts", "Breakers", "Leases", "Anomalies"];

    private static readonly string[] SourceFolders = ["src", "tests", "load-tests", "infra", "docs"];

    [Theory]
    [InlineData("TokenStream")]
    [InlineData("TokenStream.Kafka", "TokenStream")]
    [InlineData("TokenStream.ClickHouse", "TokenStream")]
    [InlineData("TokenStream.Gateway", "TokenStream")]
    [InlineData("TokenStream.SampleGateway", "TokenStream", "TokenStream.Gateway")]
    [InlineData("TokenStream.Proxy", "TokenStream", "TokenStream.Gateway")]
    [InlineData("TokenStream.Agent", "TokenStream", "TokenStream.Gateway")]
    [InlineData("TokenStream.Broker")]
    [InlineData("TokenStream.Chdb")]
    [InlineData("TokenStream.Receiver", "TokenStream", "TokenStream.Kafka")]
    [InlineData(
        "TokenStream.Service", "TokenStream", "TokenStream.Gateway", "TokenStream.Kafka", "TokenStream.ClickHouse", "TokenStream.Broker", "TokenStream.Chdb",
        "TokenStream.Proxy", "TokenStream.Agent", "TokenStream.Receiver")]
    public void A_project_references_inwards_only(string project, params string[] allowed)
    {
        var referenced = XDocument.Parse(SourceTree.Text($"src/{project}/{project}.csproj")).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(referenced.Except(allowed));

        // What the compiler has kept: a reference that came in by another way shows here.
        var assembly = System.Reflection.Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, $"{project}.dll"));
        var linked = assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name => name.StartsWith("TokenStream", StringComparison.Ordinal));
        Assert.Empty(linked.Except(allowed));
    }

    [Fact]
    public void Every_project_has_its_rule()
    {
        var projects = SourceTree.Files("src", "*.csproj").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal);
        var ruled = typeof(ReferenceRuleTests).GetMethod(nameof(A_project_references_inwards_only))!.GetCustomAttributesData()
            .Where(attribute => attribute.AttributeType == typeof(InlineDataAttribute))
            .Select(attribute => (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)attribute.ConstructorArguments[0].Value!)[0].Value!);
        Assert.Equal(projects, ruled.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_of_the_core_knows_those_to_its_left_only()
    {
        var wrong = new List<string>();
        foreach (var file in SourceTree.Files("src/TokenStream", "*.cs"))
        {
            var folder = file.Split('/')[2];
            var place = Array.IndexOf(FolderOrder, folder);
            Assert.True(place >= 0, $"{file} lies in no folder of the walk");
            wrong.AddRange(SourceTree.Lines(file)
                .SelectMany(line => KnownFolder().Matches(line))
                .Select(match => match.Groups[1].Value)
                .Where(known => Array.IndexOf(FolderOrder, known) > place || Array.IndexOf(FolderOrder, known) < 0)
                .Select(known => $"{file} knows {known}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void A_folder_of_governing_knows_those_to_its_left_and_the_options()
    {
        const string Governing = "src/TokenStream/Governing";
        var files = SourceTree.Files(Governing, "*.cs").ToLookup(file => Path.GetDirectoryName(file)!.Replace('\\', '/'));
        var together = files[Governing].Select(file => Path.GetFileNameWithoutExtension(file)!).Where(type => type != "GovernorOptions").ToList();
        var puttingTogether = new Regex($@"(?<![\w.])({string.Join('|', together)})\b", RegexOptions.CultureInvariant);
        var wrong = new List<string>();
        foreach (var file in files.Where(folder => folder.Key != Governing).SelectMany(folder => folder))
        {
            var folder = file.Split('/')[3];
            var place = Array.IndexOf(GoverningOrder, folder);
            Assert.True(place >= 0, $"{file} lies in no folder of governing");
            wrong.AddRange(SourceTree.Lines(file)
                .SelectMany(line => KnownGoverning().Matches(line))
                .Select(match => match.Groups[1].Value)
                .Where(known => Array.IndexOf(GoverningOrder, known) > place)
                .Select(known => $"{file} knows {known}"));
            wrong.AddRange(puttingTogether.Matches(SourceTree.Text(file)).Select(match => $"{file} knows {match.Value}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void The_core_asks_no_wall_clock()
    {
        var wrong = SourceTree.Files("src/TokenStream", "*.cs")
            .SelectMany(file => SourceTree.Lines(file).Where(line => WallClock().IsMatch(line)).Select(line => $"{file}: {line.Trim()}"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Folders_lie_at_most_three_levels_below_src()
    {
        var wrong = SourceTree.Files("src", "*").Where(file => file.Count(c => c == '/') - 1 > MostFolderLevels);
        Assert.Equal([], wrong);
    }

    [Fact]
    public void No_source_file_is_longer_than_600_lines()
    {
        var wrong = SourceFiles("*.cs", "*.sql", "*.sh", "*.py").Where(file => SourceTree.Lines(file).Length > MostLines);
        Assert.Equal([], wrong);
    }

    [Fact]
    public void Nothing_names_a_folder_of_one_machine()
    {
        // Put together here, so that this file does not name it itself.
        var root = string.Concat("/wo", "rk/");
        var wrong = SourceFiles("*.cs", "*.csproj", "*.sql", "*.sh", "*.py", "*.md", "*.txt", "*.yaml", "*.yml", "*.mjs", "*.js")
            .Where(file => SourceTree.Text(file).Contains(root, StringComparison.Ordinal));
        Assert.Equal([], wrong);
    }

    private static IEnumerable<string> SourceFiles(params string[] patterns) =>
        SourceFolders.Where(folder => Directory.Exists(Path.Combine(SourceTree.Root, folder)))
            .SelectMany(folder => patterns.SelectMany(pattern => SourceTree.Files(folder, pattern)));

    [GeneratedRegex(@"(?<!namespace )\bTokenStream\.([A-Z]\w+)(?=[;.])")]
    private static partial Regex KnownFolder();

    [GeneratedRegex(@"(?<!namespace )\bGoverning\.([A-Z]\w+)")]
    private static partial Regex KnownGoverning();

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?(Now|Today)\b|\bStopwatch\b|\bTimeProvider\.System\b|\bEnvironment\.TickCount")]
    private static partial Regex WallClock();
}
