using TokenStream.ClickHouse;
using Xunit;

namespace TokenStream.Tests.ClickHouse;

public sealed class SqlStatementsTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData(" ; ;\n-- nothing; here\n/* nor; here */ ;", new string[0])]
    [InlineData("SELECT 1", new[] { "SELECT 1" })]
    [InlineData("SELECT 1;\nSELECT 2;\n", new[] { "SELECT 1", "SELECT 2" })]
    [InlineData("SELECT ';', ''';', '\\';' ; SELECT 2", new[] { "SELECT ';', ''';', '\\';'", "SELECT 2" })]
    [InlineData("SELECT 1 AS `a;b`, 2 AS \"c;d\"; SELECT 2", new[] { "SELECT 1 AS `a;b`, 2 AS \"c;d\"", "SELECT 2" })]
    [InlineData("SELECT $x$ ; ' $x$; SELECT $ ;", new[] { "SELECT $x$ ; ' $x$", "SELECT $" })]
    [InlineData("-- it's one; file\nSELECT 1 -- it's; inside\n, 2; -- behind", new[] { "SELECT 1 -- it's; inside\n, 2" })]
    [InlineData("/* a */ SELECT /* ; */ 1;", new[] { "SELECT /* ; */ 1" })]
    [InlineData("SELECT 1 - -1;", new[] { "SELECT 1 - -1" })]
    public void A_file_is_cut_at_semicolons_that_end_a_statement(string sql, string[] statements) => Assert.Equal(statements, SqlStatements.Split(sql));

    [Theory]
    [InlineData("SELECT 'a")]
    [InlineData("SELECT `a")]
    [InlineData("SELECT $a$ b")]
    [InlineData("SELECT 1 /* a")]
    [InlineData("SELECT 'a\\")]
    public void A_text_without_an_end_is_refused(string sql) => Assert.Throws<FormatException>(() => SqlStatements.Split(sql));
}
