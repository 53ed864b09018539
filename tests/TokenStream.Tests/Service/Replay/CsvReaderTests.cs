using TokenStream.Service.Replay;
using Xunit;

namespace TokenStream.Tests.Service.Replay;

public sealed class CsvReaderTests
{
    [Theory]
    [InlineData("a,b", new[] { "a", "b" })]
    [InlineData("", new[] { "" })]
    [InlineData(",", new[] { "", "" })]
    [InlineData("\"a,b\",c", new[] { "a,b", "c" })]
    [InlineData("\"say \"\"no\"\"\",x", new[] { "say \"no\"", "x" })]
    [InlineData("\"\",x", new[] { "", "x" })]
    [InlineData("\"line 1\nline 2\",x", new[] { "line 1\nline 2", "x" })]
    [InlineData("\"\n\n\"", new[] { "\n\n" })]
    public void Fields_are_split_as_rfc_4180_says(string text, string[] fields)
    {
        // An empty text has no rows; an empty line is a row of one empty field.
        Assert.Equal(fields, new CsvReader(new StringReader(text + "\n")).Read());
    }

    [Fact]
    public void Rows_are_numbered_by_the_line_they_begin_on()
    {
        var csv = new CsvReader(new StringReader("h1,h2\r\n\"one\r\ntwo\r\nthree\",x\r\nlast,y\r\n"));
        var lines = new List<int>();
        while (csv.Read() is not null)
        {
            lines.Add(csv.Line);
        }

        Assert.Equal([1, 2, 5], lines);
    }

    [Fact]
    public void A_quote_that_is_never_closed_is_named_by_its_line()
    {
        var csv = new CsvReader(new StringReader("h\na\n\"open\nmore\n"));
        csv.Read();
        csv.Read();
        Assert.StartsWith("line 3:", Assert.Throws<FormatException>(() => csv.Read()).Message, StringComparison.Ordinal);
    }
}
