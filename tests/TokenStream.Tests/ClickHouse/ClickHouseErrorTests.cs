using System.Net;
using TokenStream.ClickHouse;
using TokenStream.Storage;
using Xunit;

namespace TokenStream.Tests.ClickHouse;

public sealed class ClickHouseErrorTests
{
    private static readonly ClickHouseOptions Options = new("http://tokenstream:s3cret@127.0.0.1:8123");

    [Theory]
    [InlineData("60", "Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE) (version 26.7.2.1)\n", 60, "UNKNOWN_TABLE")]
    [InlineData(null, "Code: 62, e.displayText() = DB::Exception: Syntax error: failed at position 1, e.what() = DB::Exception\n", 62, "")]
    [InlineData("241", "Code: 241. DB::Exception: a: While executing: Code: 1. DB::Exception: b (NESTED_ONE). (MEMORY_LIMIT_EXCEEDED)", 241, "MEMORY_LIMIT_EXCEEDED")]
    [InlineData("x", "", 0, "")]
    [InlineData(null, "Code: 999999999999. DB::Exception", 0, "")]
    public void Code_and_name_are_read_from_every_release(string? header, string body, int code, string name)
    {
        var error = ClickHouseError.Parse(header, body);
        Assert.Equal((code, name), (error.Code, error.Name));
    }

    [Theory]
    [InlineData(159)]
    [InlineData(202)]
    [InlineData(210)]
    [InlineData(241)]
    [InlineData(252)]
    [InlineData(319)]
    public void What_may_pass_makes_the_store_unavailable(int code) =>
        Assert.IsType<StoreUnavailableException>(Error(code, HttpStatusCode.InternalServerError));

    [Theory]
    [InlineData(27)]
    [InlineData(60)]
    [InlineData(62)]
    [InlineData(497)]
    [InlineData(516)]
    public void What_no_repetition_cures_does_not(int code) =>
        Assert.Equal(code, Assert.IsType<ClickHouseException>(Error(code, HttpStatusCode.InternalServerError)).Code);

    [Theory]
    [InlineData(HttpStatusCode.BadGateway, true)]
    [InlineData(HttpStatusCode.ServiceUnavailable, true)]
    [InlineData(HttpStatusCode.TooManyRequests, true)]
    [InlineData(HttpStatusCode.NotFound, false)]
    [InlineData(HttpStatusCode.Unauthorized, false)]
    public void A_status_without_a_code_speaks_for_itself(HttpStatusCode status, bool passing) =>
        Assert.Equal(passing, Error(0, status) is StoreUnavailableException);

    [Fact]
    public void No_message_gives_the_password_away()
    {
        foreach (var code in new[] { 0, 60, 252, 516 })
        {
            var message = Error(code, HttpStatusCode.Forbidden).Message;
            Assert.DoesNotContain("s3cret", message, StringComparison.Ordinal);
            Assert.Contains("http://127.0.0.1:8123", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_long_text_is_cut() =>
        Assert.InRange(ClickHouseError.Parse("60", new string('x', 100_000)).ToException(Options, HttpStatusCode.NotFound).Message.Length, 600, 800);

    [Theory]
    [InlineData("1\n2\n__exception__\r\nabcdefghijklmnop\r\nCode: 241. DB::Exception: x. (MEMORY_LIMIT_EXCEEDED)\n58 abcdefghijklmnop\r\n__exception__\r\n", 241)]
    [InlineData("1\n2\n__exception__\r\nabcdefghijklmnop\r\nCode: 395. DB::Exception: broke off", 395)]
    public void An_error_between_announced_tags_is_found(string text, int code) =>
        Assert.Equal(code, ClickHouseError.Parse(null, AnswerText.LateError(text, "abcdefghijklmnop")!).Code);

    [Theory]
    [InlineData("1\n2\nCode: 395, e.displayText() = DB::Exception: x, e.what() = DB::Exception\n", 395)]
    [InlineData("Code: 395. DB::Exception: x. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)\n", 395)]
    public void An_error_behind_rows_is_found_in_older_releases(string text, int code) =>
        Assert.Equal(code, ClickHouseError.Parse(null, AnswerText.LateError(text, null)!).Code);

    [Theory]
    [InlineData("1\n2\n", null)]
    [InlineData("", null)]
    [InlineData("Code: 7\n", null)]
    [InlineData("my Code: 1. DB::Exception\n", null)]
    [InlineData("1\nCode: 1. DB::Exception: a row that quotes one\n", "abcdefghijklmnop")]
    public void Rows_are_not_taken_for_an_error(string text, string? tag) => Assert.Null(AnswerText.LateError(text, tag));

    private static Exception Error(int code, HttpStatusCode status) =>
        ClickHouseError.Parse(code == 0 ? null : code.ToString(System.Globalization.CultureInfo.InvariantCulture), "text").ToException(Options, status);
}
