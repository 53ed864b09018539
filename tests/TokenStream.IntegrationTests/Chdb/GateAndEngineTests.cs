using System.Globalization;
using System.Text;
using System.Text.Json;
using TokenStream.Chdb.Gate;
using TokenStream.IntegrationTests.ClickHouse;
using TokenStream.Tests.Chdb.Gate;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>The gate against the engine it stands before: both must read a text alike, and what passes must be what the engine knows.</summary>
public sealed class GateAndEngineTests(EmbeddedStore store) : IClassFixture<EmbeddedStore>
{
    private const int Texts = 4000;

    private static readonly string[] Parts =
    [
        "'", "\"", "`", "\\", "$", "$a$", "--", "\n", "/*", "*/", "//", "#", "# ", "#!", "x'", "b'", "a", "file", "SELECT", "1", "0x1F", "1e5", "1_0", "_", ".", ";",
        " ", "(", ")", "[", "]", "{", "}", ",", ":", "::", "->", "=", "<", ">", "!", "!=", "||", "?", "+", "-", "*", "/", "%", "''", "\"\"", "``", "\\'", "\u00a0", "\u2018",
        "\u2019", "\u201c", "\u2212", "é", "@", "@@", "^", "~", "&", "\t", "\r", "\v", "\f",
    ];

    [FactNeeding("engine")]
    public async Task The_tokenizer_cuts_where_the_engine_cuts()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("TOKENSTREAM_SEED"), CultureInfo.InvariantCulture, out var given) ? given : 1;
        var random = new Random(seed);
        var texts = Enumerable.Range(0, Texts)
            .Select(_ => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => Parts[random.Next(Parts.Length)]))))
            .ToArray();
        var compared = 0;
        foreach (var batch in texts.Chunk(500))
        {
            var list = string.Join(',', batch.Select(Convert.ToHexString));
            var rows = await store.Client.QueryAsync(
                $"SELECT toJSONString(arrayMap(text -> arrayMap(t -> tuple(t.1, t.2, toString(t.3)), tokenizeQuery(unhex(text))), splitByChar(',', '{list}')))",
                CancellationToken.None);
            using var answer = JsonDocument.Parse(rows[0][0]!);
            var index = 0;
            foreach (var tokens in answer.RootElement.EnumerateArray())
            {
                compared += Compare(batch[index], tokens, seed) ? 1 : 0;
                index++;
            }
        }
        Assert.True(compared > Texts / 20, $"only {compared} texts were whole for both");
    }

    [FactNeeding("engine")]
    public async Task Every_table_function_of_the_engine_is_refused_but_the_harmless_ones()
    {
        var rows = await store.Client.QueryAsync("SELECT name FROM system.table_functions ORDER BY name", CancellationToken.None);
        string[] harmless = ["SQLStandardValues", "generateSeries", "generate_series", "null", "numbers", "numbers_mt", "values", "view", "zeros", "zeros_mt"];
        var options = new GateOptions();
        var passing = rows.Select(row => row[0]!).Where(name => SqlGate.Check($"SELECT * FROM {name}('x')", options).Allowed).Order(StringComparer.Ordinal);
        Assert.Equal(harmless, passing);
        // Not only where a table is expected: the right side of IN takes some of them too. `format` reads nothing but its argument.
        var inside = rows.Select(row => row[0]!).Where(name => SqlGate.Check($"SELECT 1 WHERE 1 IN {name}('x')", options).Allowed).Order(StringComparer.Ordinal);
        Assert.Equal(harmless.Append("format").Order(StringComparer.Ordinal), inside);
    }

    [FactNeeding("engine")]
    public async Task What_the_gate_lets_through_for_clients_runs()
    {
        using var reader = new HttpClient { BaseAddress = store.Options.Url };
        var failures = new List<string>();
        foreach (var sql in ReaderQueries.All)
        {
            var statement = SqlGate.Check(sql, new GateOptions()).Statement;
            using var body = new ByteArrayContent(statement);
            using var answer = await reader.PostAsync(new Uri("/?database=tokenstream", UriKind.Relative), body);
            if (!answer.IsSuccessStatusCode)
            {
                failures.Add($"{sql}\n  {await answer.Content.ReadAsStringAsync()}");
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    /// <summary>False where either is unsure: such a text goes nowhere.</summary>
    private static bool Compare(byte[] text, JsonElement engineTokens, int seed)
    {
        var ours = new List<string>();
        var tokenizer = new SqlTokenizer(text);
        while (tokenizer.TryNext(out var token))
        {
            if (token.Kind == SqlTokenKind.Unsure)
            {
                return false;
            }
            if (Name(token.Kind) is { } name)
            {
                ours.Add($"{token.Start}-{token.End} {name}");
            }
        }
        var theirs = new List<string>();
        foreach (var token in engineTokens.EnumerateArray())
        {
            var kind = token[2].GetString()!;
            if (kind.StartsWith("Error", StringComparison.Ordinal))
            {
                return false;
            }
            var start = token[0].GetInt32();
            // Behind a point the engine takes 1e5 for a word; we take it for a number, as it is no name either way.
            var isDigits = kind == "BareWord" && char.IsAsciiDigit((char)text[start]);
            if (!isDigits && kind is ("BareWord" or "QuotedIdentifier" or "StringLiteral" or "HereDoc" or "Comment"))
            {
                theirs.Add($"{start}-{token[1].GetInt32()} {kind}");
            }
        }
        Assert.True(theirs.SequenceEqual(ours), $"seed {seed}: {Encoding.UTF8.GetString(text)}\nengine {string.Join(", ", theirs)}\nours   {string.Join(", ", ours)}");
        return true;
    }

    private static string? Name(SqlTokenKind kind) => kind switch
    {
        SqlTokenKind.Word => "BareWord",
        SqlTokenKind.QuotedName => "QuotedIdentifier",
        SqlTokenKind.Text => "StringLiteral",
        SqlTokenKind.Heredoc => "HereDoc",
        SqlTokenKind.Comment => "Comment",
        _ => null,
    };
}
