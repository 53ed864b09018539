using System.Text.Json.Nodes;

namespace TokenStream.IntegrationTests.Infra;

/// <summary>The provisioned dashboards.</summary>
internal static class DashboardFiles
{
    internal const string ClickHouse = "grafana-clickhouse-datasource";

    internal static string Infra { get; } = Path.Combine(TestPaths.Root, "infra");

    internal static IReadOnlyList<(string File, JsonObject Board)> All { get; } =
    [
        .. Directory.EnumerateFiles(Path.Combine(Infra, "grafana", "dashboards"), "*.json").Order(StringComparer.Ordinal)
            .Select(file => (Path.GetFileName(file), JsonNode.Parse(File.ReadAllText(file))!.AsObject())),
    ];

    internal static IEnumerable<JsonObject> Panels(JsonObject board) => board["panels"]!.AsArray().Select(panel => panel!.AsObject());

    internal static IEnumerable<JsonObject> Variables(JsonObject board) => board["templating"]!["list"]!.AsArray().Select(variable => variable!.AsObject());

    /// <summary>All queries for ClickHouse, those of the variables included, with a name for error messages.</summary>
    internal static IEnumerable<(string Name, string Sql)> Sql(JsonObject board)
    {
        foreach (var variable in Variables(board).Where(variable => variable["type"]!.GetValue<string>() == "query"))
        {
            yield return ($"variable {variable["name"]}", variable["query"]!["rawSql"]!.GetValue<string>());
        }
        foreach (var annotation in board["annotations"]!["list"]!.AsArray())
        {
            yield return ($"annotation {annotation!["name"]}", annotation["target"]!["rawSql"]!.GetValue<string>());
        }
        foreach (var (panel, target) in Targets(board).Where(pair => pair.Target["rawSql"] is not null))
        {
            yield return ($"panel {panel["title"]}", target["rawSql"]!.GetValue<string>());
        }
    }

    internal static IEnumerable<string> Expressions(JsonObject board) =>
        Targets(board).Where(pair => pair.Target["expr"] is not null).Select(pair => pair.Target["expr"]!.GetValue<string>());

    private static IEnumerable<(JsonObject Panel, JsonObject Target)> Targets(JsonObject board) =>
        from panel in Panels(board)
        from target in panel["targets"]?.AsArray() ?? []
        select (panel, target!.AsObject());
}
