using System.Text;
using TokenStream.Chdb.Http;
using Xunit;

namespace TokenStream.Tests.Chdb.Http;

public sealed class AnswerFormatTests
{
    [Theory]
    [InlineData("SELECT 1 FORMAT JSON", "JSON")]
    [InlineData("SELECT 1 format CSV;", "CSV")]
    [InlineData("SELECT 'FORMAT CSV' /* FORMAT XML */", null)]
    [InlineData("SELECT * FROM (SELECT 1 FORMAT CSV)", null)]
    [InlineData("SELECT format('{}', 'a')", null)]
    [InlineData("SELECT 1 FORMAT TSV SETTINGS max_threads = 1", "TSV")]
    public void A_statement_names_its_format_at_its_end(string sql, string? name) =>
        Assert.Equal(name, AnswerFormat.Named(Encoding.UTF8.GetBytes(sql))?.Name);

    [Theory]
    [InlineData("JSONEachRow", true, "application/x-ndjson; charset=UTF-8")]
    [InlineData("jsoneachrow", true, "application/x-ndjson; charset=UTF-8")]
    [InlineData("JSON", false, "application/json; charset=UTF-8")]
    [InlineData("CSVWithNames", true, "text/csv; charset=UTF-8; header=present")]
    [InlineData("Parquet", false, "application/octet-stream")]
    [InlineData("Native", true, "application/octet-stream")]
    [InlineData("NoSuchFormat", false, "application/octet-stream")]
    public void Formats_with_a_foot_are_never_streamed(string name, bool canStream, string type)
    {
        var format = AnswerFormat.Of(name);

        Assert.Equal((canStream, type), (format.CanStream, format.ContentType));
    }

    [Theory]
    [InlineData("TSVWithNames", "a\tb\n1\t2\n", "1\t2\n")]
    [InlineData("TSVWithNamesAndTypes", "a\tb\nUInt8\tString\n1\t2\n", "1\t2\n")]
    [InlineData("CSVWithNames", "\"a\nb\",\"c\"\"\n\"\n1,2\n", "1,2\n")]
    [InlineData("JSONCompactEachRowWithNames", "[\"a\\nb\"]\n[1]\n", "[1]\n")]
    [InlineData("RowBinaryWithNamesAndTypes", "\u0001\u0001a\u0005UInt8\n", "\n")]
    [InlineData("RowBinaryWithNames", "\u0002\u0001a\u0001bxy", "xy")]
    [InlineData("TSV", "1\n2\n", "1\n2\n")]
    public void The_head_that_each_block_repeats_is_measured(string name, string block, string rest)
    {
        var bytes = Encoding.UTF8.GetBytes(block);

        Assert.Equal(rest, Encoding.UTF8.GetString(bytes[BlockHeads.Length(AnswerFormat.Of(name).Head, bytes)..]));
    }

    [Fact]
    public void An_empty_native_answer_is_one_block_of_named_columns_without_rows()
    {
        var head = "\u0002\u0001a\u0002bc\u0005UInt8\u0006String"u8;

        Assert.Equal("\u0002\0\u0001a\u0005UInt8\u0002bc\u0006String"u8.ToArray(), EmptyNative.Block(head));
    }
}
