using System.Text;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Windowing;

public sealed class AggregateCommitTests
{
    /// <summary>A tenth of what a broker takes by default (<c>offset.metadata.max.bytes</c>, 4,096).</summary>
    private const int MostBytes = 400;

    [Fact]
    public void A_pending_commit_is_written_as_documented()
    {
        var commit = new AggregateCommit(90, 2, 7, 120, 100, 1_000, 11_000, 41_500, 80, 3, 41_600);
        Assert.Equal("ts1 e=2 n=7 p=120 b=100 c=1000 t=11000 s=41500 i=80 r=3 l=41600", commit.ToMetadata());
        Assert.True(commit.IsPending);
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        AggregateCommit[] commits =
        [
            AggregateCommit.First(0, 1, 1),
            AggregateCommit.First(long.MaxValue, int.MaxValue, long.MaxValue),
            new(90, 2, 7, 120, 100, 1_000, 11_000, 41_500, 80, 3, 41_600),
            new(90, 2, 7, 120, 120, 1_000, null, 41_500, 80, 3, 41_600),
        ];
        Assert.All(commits, commit => Assert.Equal(commit, AggregateCommit.Parse(commit.Offset, commit.ToMetadata())));
    }

    [Fact]
    public void Its_size_is_bounded_whatever_it_says()
    {
        const long Wide = long.MinValue;
        var text = new AggregateCommit(Wide, int.MinValue, Wide, Wide, Wide, Wide, Wide, Wide, Wide, Wide, Wide).ToMetadata();
        Assert.InRange(Encoding.UTF8.GetByteCount(text), 1, MostBytes - 1);
        Assert.True(Ascii.IsValid(text));
        Assert.Equal(Wide, AggregateCommit.Parse(Wide, text).LastTimestampMs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("offset committed by another program")]
    [InlineData("ts2 e=1 n=0 p=0 b=0 c=0 s=0 i=0 r=1 l=0")]
    [InlineData("ts1")]
    [InlineData("ts1 e=1 n=0 p=0 b=0 c=0 s=0 i=0 r=1")]
    [InlineData("ts1 e=1 n=0 p=0 b=0 c=0 s=0 i=0 r=1 l=")]
    [InlineData("ts1 e=1 n=0 p=0 b=0 c=0 s=0 i=0 r=1 l=x")]
    [InlineData("ts1 e=1 e=2 n=0 p=0 b=0 c=0 s=0 i=0 r=1 l=0")]
    [InlineData("ts1 e=1 n=0 p=0 b=0 c=0 s=0 i=0 r=1  l=0")]
    [InlineData("ts1 e=1 n=0 p=0 b=0 c=0 s=0 i=0 r=1 l=9223372036854775808")]
    [InlineData("ts1 e=2147483648 n=0 p=0 b=0 c=0 s=0 i=0 r=1 l=0")]
    public void Metadata_of_another_format_is_refused(string metadata)
    {
        Assert.Throws<FormatException>(() => AggregateCommit.Parse(0, metadata));
    }
}
