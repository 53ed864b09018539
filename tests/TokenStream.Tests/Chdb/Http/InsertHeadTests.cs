using System.Text;
using TokenStream.Chdb.Http;
using Xunit;

namespace TokenStream.Tests.Chdb.Http;

public sealed class InsertHeadTests
{
    [Theory]
    [InlineData("INSERT INTO t FORMAT TSV 1\t2", "INSERT INTO t", "TSV", "1\t2")]
    [InlineData("insert into t (a, b) format JSONEachRow\n{}", "insert into t (a, b)", "JSONEachRow", "{}")]
    [InlineData("INSERT INTO t FORMAT Native\r\n\r\nx", "INSERT INTO t", "Native", "\r\nx")]
    [InlineData("INSERT INTO t FORMAT RowBinary\n\n\n", "INSERT INTO t", "RowBinary", "\n\n")]
    [InlineData("INSERT INTO t FORMAT TSV", "INSERT INTO t", "TSV", "")]
    [InlineData("INSERT INTO t(a) VALUES (1, 'FORMAT x')", "INSERT INTO t(a)", "Values", " (1, 'FORMAT x')")]
    [InlineData("INSERT INTO t VALUES(1)", "INSERT INTO t", "Values", "(1)")]
    [InlineData("INSERT INTO db.format (`values`) SETTINGS a = 'FORMAT b' FORMAT CSV 1", "INSERT INTO db.format (`values`) SETTINGS a = 'FORMAT b'", "CSV", "1")]
    [InlineData("INSERT INTO values VALUES (1)", "INSERT INTO values", "Values", " (1)")]
    [InlineData("INSERT INTO format FORMAT TSV 1", "INSERT INTO format", "TSV", "1")]
    [InlineData("/* FORMAT x */ -- VALUES\nINSERT /* y */ INTO t FORMAT TSV 1", "/* FORMAT x */ -- VALUES\nINSERT /* y */ INTO t", "TSV", "1")]
    public void A_head_is_split_from_its_data(string text, string statement, string format, string data)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Assert.Equal(InsertKind.WithData, InsertHead.Find(bytes, whole: true, out var head));
        Assert.Equal(statement, Encoding.UTF8.GetString(head.Statement));
        Assert.Equal(format, head.Format);
        Assert.Equal(data, Encoding.UTF8.GetString(bytes[head.DataStart..]));
    }

    [Theory]
    [InlineData("SELECT 1 FORMAT TSV")]
    [InlineData("INSERT INTO t SELECT 1 FORMAT TSV")]
    [InlineData("INSERT INTO t (a) WITH 1 AS x SELECT x")]
    [InlineData("WITH 1 AS x INSERT INTO t SELECT x")]
    [InlineData("INSERT INTO t")]
    [InlineData("INSERT INTO t FORMAT")]
    [InlineData("INSERT INTO t FORMAT 'TSV' 1")]
    [InlineData("INSERT INTO t (a VALUES (1")]
    [InlineData("INSERT INTO t 'unfinished FORMAT TSV 1")]
    [InlineData("'INSERT INTO t FORMAT TSV 1'")]
    [InlineData("")]
    public void Other_texts_are_statements(string text) =>
        Assert.Equal(InsertKind.None, InsertHead.Find(Encoding.UTF8.GetBytes(text), whole: true, out _));

    [Theory]
    [InlineData("INSERT INTO db.t (a, `b c`) SETTINGS x = 'y' FORMAT JSONEachRow\n{\"a\":1}")]
    [InlineData("/* a */ INSERT INTO t VALUES (1, 2)")]
    [InlineData("INSERT INTO t FORMAT Native\r\nxyz")]
    [InlineData("INSERT INTO t SELECT 1 FORMAT TSV")]
    public void However_a_text_is_cut_its_beginning_is_never_judged_differently(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var kind = InsertHead.Find(bytes, whole: true, out var whole);
        for (var length = 0; length < bytes.Length; length++)
        {
            var early = InsertHead.Find(bytes.AsSpan(0, length), whole: false, out var head);
            if (early != InsertKind.Unfinished)
            {
                Assert.Equal((kind, whole.Format, whole.DataStart), (early, head.Format, head.DataStart));
            }
        }
    }
}
