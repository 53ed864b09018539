using System.Text;
using TokenStream.Receiver.Intake;
using Xunit;

namespace TokenStream.Tests.Receiving;

public sealed class RefusedPartTests
{
    [Theory]
    [InlineData("[1, {\"a\":[2]} ,3]", new[] { 6 }, "[{\"a\":[2]}]")]
    [InlineData("[1, {\"a\":[2]} ,3]", new[] { 1, 15 }, "[1,3]")]
    [InlineData(" [1,2]", new[] { 4, 4 }, "[2]")]
    public void Of_an_array_the_refused_items_are_kept(string body, int[] offsets, string kept) =>
        Assert.Equal((kept, 0), Part(body, offsets, taken: 1, isLines: false));

    [Theory]
    [InlineData("one\ntwo\nthree", new[] { 4 }, "two\n")]
    [InlineData("one\ntwo\nthree", new[] { 0, 12 }, "one\nthree")]
    public void Of_lines_the_refused_lines_are_kept(string body, int[] offsets, string kept) =>
        Assert.Equal((kept, 0), Part(body, offsets, taken: 1, isLines: true));

    [Theory]
    [InlineData("{\"batch\":[1,2]}", new[] { 10 })]
    [InlineData("[1,2]", new[] { -1 })]
    [InlineData("[1,2]", new[] { 99 })]
    [InlineData("\u0001\u0002", new[] { 1 })]
    public void What_cannot_be_cut_is_kept_whole_and_says_that_a_part_was_taken(string body, int[] offsets) =>
        Assert.Equal((body, 3), Part(body, offsets, taken: 3, isLines: false));

    [Fact]
    public void Where_nothing_was_taken_all_is_kept() => Assert.Equal(("[1,2]", 0), Part("[1,2]", [1], taken: 0, isLines: false));

    private static (string Kept, int Taken) Part(string body, int[] offsets, int taken, bool isLines)
    {
        var (bytes, within) = RefusedPart.Of(Encoding.UTF8.GetBytes(body), offsets, taken, isLines);
        return (Encoding.UTF8.GetString(bytes), within);
    }
}
