using TokenStream.Chdb.Engine;
using Xunit;

namespace TokenStream.Tests.Chdb;

public sealed class ChdbExceptionTests
{
    [Theory]
    [InlineData("Code: 60. DB::Exception: Unknown table x. (UNKNOWN_TABLE)", 60, "UNKNOWN_TABLE")]
    [InlineData("Code: 164. DB::Exception: Code: 164. DB::Exception: Cannot modify. (READONLY) (version 26.7.2.1). (READONLY)", 164, "READONLY")]
    [InlineData("Code: 27. DB::Exception: bad (at row 1)\n: While executing X. (CANNOT_PARSE_INPUT) (version 26.7.2.1)", 27, "CANNOT_PARSE_INPUT")]
    [InlineData("Invalid insert stream", 1002, "UNKNOWN_EXCEPTION")]
    [InlineData("Code: 99999999999. DB::Exception: (X1)", 1002, "UNKNOWN_EXCEPTION")]
    [InlineData("", 1002, "UNKNOWN_EXCEPTION")]
    public void The_engines_text_is_taken_apart(string text, int code, string name)
    {
        var error = ChdbException.Parse(text);

        Assert.Equal((code, name), (error.Code, error.Name));
        Assert.StartsWith($"Code: {code}. DB::Exception: ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("(version", error.Message, StringComparison.Ordinal);
    }
}
