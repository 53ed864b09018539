using System.Text.RegularExpressions;
using TokenStream.ClickHouse;
using Xunit;

namespace TokenStream.Tests.ClickHouse;

/// <summary>The SQL files that the assembly carries.</summary>
public sealed partial class SchemaTests
{
    private static readonly string[] Grains = ["10s", "1m", "1h", "1d"];

    private static readonly IReadOnlyList<Migration> Files = SchemaMigrator.Load();

    [Fact]
    public void No_two_files_have_the_same_number() => Assert.Equal(Files.Count, Files.Select(file => file.Version).Distinct().Count());

    [Fact]
    public void Every_statement_may_be_repeated()
    {
        foreach (var statement in Files.SelectMany(file => file.Statements))
        {
            Assert.Matches("^(CREATE (TABLE IF NOT EXISTS|OR REPLACE VIEW|OR REPLACE FUNCTION)|ALTER TABLE [a-z0-9_.]+ MODIFY SETTING) ", statement);
        }
    }

    [Fact]
    public void No_row_expires_by_itself() =>
        Assert.DoesNotContain(Files.SelectMany(file => file.Statements), statement => TimeToLive().IsMatch(statement));

    [Fact]
    public void The_tables_have_the_columns_that_are_written_in_every_grain()
    {
        foreach (var grain in Grains)
        {
            var table = Statement($"CREATE TABLE IF NOT EXISTS tokenstream.rollups_{grain}\n");
            var columns = Column().Matches(table).Select(match => match.Groups[1].Value).ToList();
            Assert.Equal("written_at", columns[^1]);
            Assert.Equal(RollupColumns.All, string.Join(", ", columns.SkipLast(1)));
        }
    }

    [Fact]
    public void The_tables_of_spend_have_the_columns_that_are_written()
    {
        foreach (var (table, written) in new[] { ("spend_by_scope_10s", SpendColumns.All), ("spend_marks", SpendColumns.OfMarks) })
        {
            var columns = Column().Matches(Statement($"CREATE TABLE IF NOT EXISTS tokenstream.{table}\n")).Select(match => match.Groups[1].Value);
            Assert.Equal($"{written}, written_at", string.Join(", ", columns));
        }
    }

    [Fact]
    public void The_usage_views_differ_in_their_grain_only()
    {
        var views = Grains.Select(grain => Grain().Replace(Statement($"CREATE OR REPLACE VIEW tokenstream.usage_{grain}\n"), "GRAIN")).ToList();
        Assert.All(views, view => Assert.Equal(views[0], view));
    }

    [Fact]
    public void A_comment_between_statements_may_change_and_a_statement_may_not()
    {
        var file = new Migration(1, "001_a.sql", SqlStatements.Split("-- old\nSELECT 1;"));
        Assert.Equal(file.Checksum, new Migration(1, "001_a.sql", SqlStatements.Split("-- new\n\nSELECT 1;\n")).Checksum);
        Assert.NotEqual(file.Checksum, new Migration(1, "001_a.sql", SqlStatements.Split("SELECT 2;")).Checksum);
    }

    private static string Statement(string beginning) =>
        Files.SelectMany(file => file.Statements).Single(statement => statement.StartsWith(beginning, StringComparison.Ordinal));

    [GeneratedRegex(@"(?m)^    (\w+) .* COMMENT '")]
    private static partial Regex Column();

    [GeneratedRegex(@"\bTTL\b", RegexOptions.IgnoreCase)]
    private static partial Regex TimeToLive();

    [GeneratedRegex(@"_(10s|1m|1h|1d)\b|10 seconds|1 minute|1 hour|1 day")]
    private static partial Regex Grain();
}
