using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Chdb.Gate;
using Xunit;

namespace TokenStream.Tests.Chdb.Gate;

public sealed class SqlTokenizerTests
{
    [Fact]
    public void Tokens_cover_any_bytes_in_order_without_a_gap() =>
        Prop.ForAll<byte[]>(bytes => Covers(bytes)).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void Tokens_cover_any_mixture_of_signs_that_matter()
    {
        string[] signs = ["'", "\"", "`", "\\", "$", "$a$", "--", "\n", "/*", "*/", "//", "#", "#!", "x'", "a", "file", "1", "1e", ".", ";", " ", "(", "\u2019", "\0"];
        var mixtures = Gen.Elements(signs).ListOf().Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts)));
        Prop.ForAll(mixtures.ToArbitrary(), Covers).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    [Fact]
    public void The_gate_answers_for_any_bytes()
    {
        var options = new GateOptions();
        Prop.ForAll<byte[]>(bytes => SqlGate.Check(bytes, options).Reason is null || true).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Theory]
    [InlineData("a/* x /* y */ z */b", "Word a|Comment /* x /* y */ z */|Word b")]
    [InlineData("'a''b\\'c'd", "Text 'a''b\\'c'|Word d")]
    [InlineData("\"a\"\"b\"`c`", "QuotedName \"a\"\"b\"|QuotedName `c`")]
    [InlineData("$a$ ' $b$ $a$x", "Heredoc $a$ ' $b$ $a$|Word x")]
    [InlineData("a$b$c", "Word a$b$c")]
    [InlineData("1e-5.x", "Number 1e|Symbol -|Number 5|Symbol .|Word x")]
    [InlineData("a--b\nc", "Word a|Comment --b|Blank \n|Word c")]
    [InlineData("a->b", "Word a|Symbol -|Symbol >|Word b")]
    [InlineData("'a", "Unsure 'a")]
    [InlineData("1a", "Unsure 1a")]
    [InlineData("x'1'", "Unsure x|Text '1'")]
    public void Tokens_are_cut_where_the_engine_cuts_them(string sql, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(sql);
        Assert.Equal(expected, string.Join('|', Tokens(bytes).Select(token => $"{token.Kind} {Encoding.UTF8.GetString(token.Of(bytes))}")));
    }

    private static bool Covers(byte[] bytes)
    {
        var at = 0;
        foreach (var token in Tokens(bytes))
        {
            if (token.Start != at || token.Length < 1)
            {
                return false;
            }
            at = token.End;
        }
        return at == bytes.Length;
    }

    private static List<SqlToken> Tokens(byte[] bytes)
    {
        var tokens = new List<SqlToken>();
        var tokenizer = new SqlTokenizer(bytes);
        while (tokenizer.TryNext(out var token))
        {
            tokens.Add(token);
        }
        return tokens;
    }
}
