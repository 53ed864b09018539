using System.Text;
using TokenStream.Chdb.Gate;
using Xunit;

namespace TokenStream.Tests.Chdb.Gate;

public sealed class SqlGatePassTests
{
    private static readonly GateOptions Options = new() { IsSettingAllowed = static name => name is "max_threads" or "log_comment" or "ratio" };

    public static TheoryData<string> Queries => ReaderQueries.All;

    [Theory]
    [MemberData(nameof(Queries))]
    public void What_clients_send_passes(string sql) => Assert.Null(SqlGate.Check(sql, Options).Reason);

    [Theory]
    [InlineData("SELECT 1", "SELECT 1")]
    [InlineData("  SELECT 1 ;; -- end", "  SELECT 1")]
    [InlineData("SELECT 1 SETTINGS max_threads = 1 FORMAT CSV", "SELECT 1   FORMAT CSV")]
    [InlineData("SELECT 1 FORMAT CSV SETTINGS max_threads = 1, log_comment = 'it''s'", "SELECT 1 FORMAT CSV  ")]
    [InlineData("SELECT * FROM (SELECT 1 SETTINGS max_threads=2) SETTINGS ratio=-1.5", "SELECT * FROM (SELECT 1  )  ")]
    public void The_statement_to_run_is_the_text_without_its_settings(string sql, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(SqlGate.Check(sql, Options).Statement));

    [Fact]
    public void Settings_that_were_cut_out_are_handed_back_in_order()
    {
        var result = SqlGate.Check("SELECT 1 SETTINGS max_threads = 2, log_comment='it''s', ratio = -1.5, max_threads = auto", Options);
        Assert.Equal(
            [new("max_threads", "2"), new("log_comment", "it's"), new("ratio", "-1.5"), new("max_threads", "auto")],
            result.Settings.ToArray());
    }

    [Theory]
    [InlineData("SELECT 1", null)]
    [InlineData("SELECT 1 FORMAT Native", "Native")]
    [InlineData("SELECT 1 format JSONEachRow ;", "JSONEachRow")]
    [InlineData("SELECT 1 FORMAT CSV SETTINGS max_threads = 1", "CSV")]
    [InlineData("SELECT 1 SETTINGS max_threads = 1 FORMAT CSV", "CSV")]
    [InlineData("SELECT format('{}', 'a') FORMAT Null", "Null")]
    [InlineData("SELECT format('{}', 'FORMAT CSV')", null)]
    [InlineData("SELECT a.format b FROM (SELECT 1 AS format) AS a", null)]
    [InlineData("SELECT 1 -- FORMAT CSV", null)]
    [InlineData("DESCRIBE TABLE t FORMAT JSON", "JSON")]
    public void The_format_is_the_one_the_statement_names(string sql, string? expected)
    {
        var result = SqlGate.Check(sql, Options);
        Assert.Null(result.Reason);
        Assert.Equal(expected, result.Format);
    }
}
