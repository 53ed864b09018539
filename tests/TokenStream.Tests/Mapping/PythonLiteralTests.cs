using System.Text;
using FsCheck;
using FsCheck.Fluent;
using TokenStream.Mapping;
using Xunit;

namespace TokenStream.Tests.Mapping;

public sealed class PythonLiteralTests
{
    [Theory]
    [InlineData("{'a': 1, 'b': None, 'c': [True, False], 'd': 1.5e-07}", """{"a": 1, "b": null, "c": [true, false], "d": 1.5e-07}""")]
    [InlineData("""{"it's": 'a "word"'}""", """{"it's": "a \"word\""}""")]
    [InlineData("""'it\'s \\ \n'""", """ "it's \\ \n" """)]
    [InlineData("""'\x1f\x22\x5c\xe9\u20ac\U0001f600'""", "\"\\u001f\\u0022\\u005cé\\u20ac\U0001F600\"")]
    [InlineData("(1, 2)", "[1, 2]")]
    [InlineData("(1,)", "[1]")]
    [InlineData("{'a': (), 'b': {}}", """{"a": [], "b": {}}""")]
    [InlineData("'None True'", "\"None True\"")]
    public void A_literal_is_read_as_what_it_says(string literal, string json) => Assert.Equal(json.Trim(), Translate(literal));

    [Theory]
    [InlineData("{'a': <object at 0x7f>}")]
    [InlineData("datetime.datetime(2026, 1, 1)")]
    [InlineData("{'a': 'open")]
    [InlineData("""'\q'""")]
    [InlineData("""'\x1""")]
    [InlineData("""'\U00110000'""")]
    [InlineData("nan")]
    public void What_has_no_counterpart_is_refused(string literal) => Assert.Null(Translate(literal));

    /// <summary>Whatever the bytes: the buffer is long enough, and a text cannot end before its quote.</summary>
    [Fact]
    public void Any_bytes_are_answered_within_the_buffer()
    {
        var pieces = Gen.Elements(
            "'", "\"", "\\", "\\x2", "\\x22", "\\U0001f600", "None", "True", "(", ",", ")", "{", "1", "e", "é", "a", " ");
        Prop.ForAll(Arb.From(Gen.ArrayOf(pieces)), parts =>
        {
            _ = Translate(string.Concat(parts));
            var text = string.Concat(parts).Replace("'", "", StringComparison.Ordinal);
            var translated = Translate($"'{text}'");
            return translated is null || translated[1..^1].Replace("\\\\", "", StringComparison.Ordinal)
                .Replace("\\\"", "", StringComparison.Ordinal).IndexOf('"', StringComparison.Ordinal) < 0;
        }).QuickCheckThrowOnFailure();
    }

    private static string? Translate(string literal)
    {
        var bytes = Encoding.UTF8.GetBytes(literal);
        var json = new byte[bytes.Length * PythonLiteral.MostGrowth];
        return PythonLiteral.TryToJson(bytes, json, out var length) ? Encoding.UTF8.GetString(json, 0, length) : null;
    }
}
