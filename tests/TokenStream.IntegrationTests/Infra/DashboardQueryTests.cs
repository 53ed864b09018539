using System.Text.Json;
using System.Text.Json.Nodes;
using TokenStream.IntegrationTests.ClickHouse;
using Xunit;

namespace TokenStream.IntegrationTests.Infra;

/// <summary>Every query of every dashboard, asked as Grafana asks, of the embedded store, as a reader.</summary>
public sealed class DashboardQueryTests(EmbeddedStore store) : IClassFixture<EmbeddedStore>
{
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 10, 0, 0, TimeSpan.Zero);

    [FactNeeding("engine")]
    public async Task Every_query_is_answered_in_every_grain_and_for_all_or_chosen_values()
    {
        await FillAsync();
        using var reader = Reader();
        var failures = new List<string>();
        foreach (var (file, board) in DashboardFiles.All)
        {
            foreach (var query in Choices(board))
            {
                foreach (var (name, sql) in DashboardFiles.Sql(board))
                {
                    var expanded = query.Expand(sql);
                    var (error, _) = await AskAsync(reader, expanded);
                    if (error is not null)
                    {
                        failures.Add($"{file}, {name}: {error}\n  {expanded}");
                    }
                }
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures.Distinct().Take(10)));
    }

    [FactNeeding("engine")]
    public async Task The_spend_shown_is_the_spend_stored()
    {
        await FillAsync();
        using var reader = Reader();
        var board = DashboardFiles.All.Single(pair => pair.File == "usage.json").Board;
        var sql = DashboardFiles.Sql(board).Single(pair => pair.Name == "panel Spend").Sql;
        foreach (var grain in new[] { "10s", "1m", "1h", "1d" })
        {
            Assert.Equal(1.75, await SpendAsync(grain, null));
            Assert.Equal(0.25, await SpendAsync(grain, ["it's"]));
            Assert.Equal(1.75, await SpendAsync(grain, ["it's", "acme"]));
        }

        async Task<double> SpendAsync(string grain, string[]? tenants)
        {
            var query = Query(board, grain);
            query.Variables["tenant"] = tenants;
            var (error, rows) = await AskAsync(reader, query.Expand(sql));
            Assert.Null(error);
            return rows![0]![0]!.GetValue<double>();
        }
    }

    [FactNeeding("engine")]
    public async Task A_timeseries_query_gives_a_time_and_numbers()
    {
        await FillAsync();
        using var reader = Reader();
        foreach (var (file, board) in DashboardFiles.All)
        {
            foreach (var target in DashboardFiles.Panels(board).SelectMany(panel => panel["targets"]?.AsArray() ?? []))
            {
                if (target!["queryType"]?.GetValue<string>() != "timeseries")
                {
                    continue;
                }
                var sql = Query(board, "1m").Expand(target["rawSql"]!.GetValue<string>());
                using var answer = await reader.PostAsync(Address(), new StringContent(sql));
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(answer.IsSuccessStatusCode, $"{file}: {text}");
                using var document = JsonDocument.Parse(text);
                var columns = document.RootElement.GetProperty("meta").EnumerateArray()
                    .Select(column => (Name: column.GetProperty("name").GetString()!, Type: column.GetProperty("type").GetString()!)).ToArray();
                Assert.True(columns[0] is { Name: "time" } && columns[0].Type.StartsWith("DateTime", StringComparison.Ordinal), $"{file}: {sql}");
                Assert.True(columns[1..].Count(column => column.Type is "String" or "LowCardinality(String)") <= 1, $"{file}: {sql}");
            }
        }
    }

    private static Uri Address() => new("/?database=tokenstream&default_format=JSONCompact&output_format_json_quote_64bit_integers=0", UriKind.Relative);

    private static async Task<(string? Error, JsonArray? Rows)> AskAsync(HttpClient reader, string sql)
    {
        using var answer = await reader.PostAsync(Address(), new StringContent(sql));
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? (null, JsonNode.Parse(text)!["data"]!.AsArray()) : (text, null);
    }

    private static IEnumerable<GrafanaQuery> Choices(JsonObject board)
    {
        var names = DashboardFiles.Variables(board).Select(variable => variable["name"]!.GetValue<string>()).ToArray();
        // Each grain once: it only changes the table's name.
        foreach (var (grain, isChosen) in new[] { ("10s", false), ("1m", true), ("1h", false), ("1d", true) }.Take(names.Contains("grain") ? 4 : 2))
        {
            var query = Query(board, grain);
            foreach (var name in names.Where(name => isChosen && name != "grain"))
            {
                query.Variables[name] = ["it's", "acme"];
            }
            yield return query;
        }
    }

    private static GrafanaQuery Query(JsonObject board, string grain)
    {
        var query = new GrafanaQuery(Start.AddDays(-1), Start.AddDays(1), 60);
        foreach (var variable in DashboardFiles.Variables(board))
        {
            var name = variable["name"]!.GetValue<string>();
            query.Variables[name] = name == "grain" ? [grain] : null;
        }
        return query;
    }

    private HttpClient Reader() => new() { BaseAddress = store.Options.Url };

    /// <summary>Two rollups as the store stage writes them; written again they replace themselves.</summary>
    private async Task FillAsync()
    {
        var time = Start.ToUnixTimeSeconds();
        await store.Client.ExecuteAsync(
            $"INSERT INTO tokenstream.sources (epoch, topic, partition, rollups_partition, rows_end) SELECT 1, 'llm.requests', 0, 0, toDateTime({time + 3600})",
            CancellationToken.None);
        await store.Client.ExecuteAsync(
            "INSERT INTO tokenstream.rollups_10s (epoch, topic, partition, rollups_partition, window_start, corrected_start, environment, tenant_id, app, feature, "
            + "provider, model, decision, requests, attempts, events, result_ok, tokens_in, tokens_out, cost_input_usd, list_cost_usd, latency_ms_histogram, rows_summed) "
            + $"SELECT 1, 'llm.requests', 0, 0, toDateTime({time}) + 10 * number, toDateTime({time}) + 10 * number, 'prod', ['acme', 'it\\'s'][number + 1], 'a', 'chat', "
            + "'openai', 'gpt-4o', 1, 2, 2, 2, 2, 100, 50, toDecimal128(['1.5', '0.25'][number + 1], 12), 0, map(toUInt16(100), toUInt64(2)), 1 FROM numbers(2)",
            CancellationToken.None);
    }
}
