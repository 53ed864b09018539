using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

public sealed class EventCheckerTests
{
    private readonly List<string> _reports = [];

    [Fact]
    public void Every_refused_line_is_reported_with_line_column_field_and_reason()
    {
        var wrong = DecodeFixture.LeastWith("\"user_id\":\"ü\",\"app\":7");
        var lines = Check($"{DecodeFixture.Least}\n\n{wrong}\r\n  {{\"kind\":\"tick\",\"time\":1767225600000}}  \n{{\n");

        Assert.Equal([$"3:{wrong.IndexOf('7', StringComparison.Ordinal) + 1} wrong_type in app", "5:2 invalid_json in "], _reports);
        Assert.Equal((1, 0, 1, 2), (lines.Requests, lines.Adjustments, lines.Ticks, lines.RefusedLines));
        Assert.Equal([(DecodeReason.InvalidJson, 1L), (DecodeReason.WrongType, 1L)], lines.Refused);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("\n\n", 0)]
    [InlineData("x", 1)]
    [InlineData("x\n", 1)]
    [InlineData("x\ny", 2)]
    public void A_last_line_may_lack_its_end(string text, int refused)
    {
        Assert.Equal(refused, Check(text).RefusedLines);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    [InlineData(5_000_000)]
    public void A_line_beyond_the_records_bound_is_reported_once_and_read_past(int beyond)
    {
        var line = DecodeFixture.Least.PadRight(EventLimits.RecordBytes + beyond);

        var lines = Check($"{DecodeFixture.Least}\n{line}\n{DecodeFixture.Least}");

        Assert.Equal(beyond == 0 ? 3 : 2, lines.Requests);
        Assert.Equal(beyond == 0 ? [] : ["2:1 record_too_large in "], _reports);
    }

    private CheckedLines Check(string text)
    {
        using var stream = new DribblingStream(Encoding.UTF8.GetBytes(text));
        return new EventChecker([]).Check(
            stream,
            refused => _reports.Add($"{refused.Line}:{refused.Column} {refused.Error.Reason.Name()} in {EventFieldTable.Name(refused.Error.Field)}"));
    }

    /// <summary>Gives a few bytes a read, as a pipe may.</summary>
    private sealed class DribblingStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, Length > 10_000 ? 70_001 : 7)]);
    }
}
