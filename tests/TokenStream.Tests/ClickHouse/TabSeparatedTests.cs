using TokenStream.ClickHouse;
using Xunit;

namespace TokenStream.Tests.ClickHouse;

public sealed class TabSeparatedTests
{
    [Fact]
    public void Rows_and_fields_are_separated_and_unescaped() =>
        Assert.Equal([["1", "a\tb", null], ["2", "line\nfeed \\ 'x'", ""]], TabSeparated.ReadRows("1\ta\\tb\t\\N\n2\tline\\nfeed \\\\ \\'x\\'\t\n"));

    [Fact]
    public void No_rows_are_no_rows() => Assert.Empty(TabSeparated.ReadRows(""));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("it's", "it\\'s")]
    [InlineData("a\tb\nc\\d\re\0f", "a\\tb\\nc\\\\d\\re\\0f")]
    public void A_parameter_is_escaped(string value, string escaped) => Assert.Equal(escaped, TabSeparated.Escape(value));
}
