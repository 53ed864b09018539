using Xunit;

namespace TokenStream.IntegrationTests.Node;

/// <summary>
/// The trace that ships with the product, and what it must come to: windows that another program computed with exact arithmetic, at 2.50 USD a
/// million input and 10.00 USD a million output tokens, which is what gpt-4o costs.
/// </summary>
internal static class AzureTrace
{
    internal const long Requests = 19_366;

    /// <summary>The view of each grain.</summary>
    internal static readonly string[] Views = ["usage_10s", "usage_1m", "usage_1h", "usage_1d"];

    internal static string File { get; } = Path.Combine(TestPaths.Root, "src", "TokenStream.Service", "Demo", "azure_2023_conv.csv.gz");

    /// <summary>Arguments that replay it to a node, always the same run.</summary>
    internal static string[] Replay(string kafka, string speed = "max") =>
        ["replay", File, "--to", kafka, "--models", "gpt-4o", "--run", "azure", "--speed", speed];

    /// <summary>Compares both expected grains with the views.</summary>
    internal static async Task CheckAsync(NodeProcess node)
    {
        foreach (var (view, seconds) in new[] { ("usage_10s", 10), ("usage_1m", 60) })
        {
            var expected = (await System.IO.File.ReadAllLinesAsync(
                    Path.Combine(TestPaths.Root, "tests", "data", "expected", $"azure_2023_conv_tumbling_{seconds}s.csv")))
                .Skip(1).Select(line => line.Split(',')).Select(f => $"{f[0]}\t{f[2]}\t{f[3]}\t{f[4]}\t{f[6]}");
            var actual = await node.QueryAsync(
                "SELECT formatDateTime(window_start, '%Y-%m-%dT%H:%i:%SZ') AS w, sum(requests), sum(tokens_in), sum(tokens_out), " +
                $"toString(sum(cost_usd)) FROM tokenstream.{view} GROUP BY w ORDER BY w");
            Assert.Equal(expected, actual.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    /// <summary>Everything that the views say, by window and key, in every grain.</summary>
    internal static async Task<string> ContentsAsync(NodeProcess node)
    {
        const string Keys = "window_start, environment, tenant_id, app, feature, provider, model, prompt_version";
        var contents = "";
        foreach (var view in Views)
        {
            contents += await node.QueryAsync(
                $"SELECT '{view}', {Keys}, sum(requests), sum(attempts), sum(tokens_in), sum(tokens_out), sum(cost_usd), sum(list_cost_usd) " +
                $"FROM tokenstream.{view} GROUP BY {Keys} ORDER BY {Keys}");
        }

        return contents;
    }
}
