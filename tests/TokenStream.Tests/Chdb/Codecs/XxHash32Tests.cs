using System.Text;
using TokenStream.Chdb.Codecs;
using Xunit;

namespace TokenStream.Tests.Chdb.Codecs;

public sealed class XxHash32Tests
{
    /// <summary>Values of the reference program: <c>printf .. | xxhsum -H0</c>.</summary>
    [Theory]
    [InlineData("", 0x02CC5D05u)]
    [InlineData("a", 0x550D7456u)]
    [InlineData("abc", 0x32D153FFu)]
    [InlineData("Nobody inspects the spammish repetition", 0xE2293B2Fu)]
    public void The_hash_is_the_reference_one(string text, uint expected)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        Assert.Equal(expected, XxHash32.Of(bytes));
        var hash = new XxHash32();
        foreach (var single in bytes)
        {
            hash.Append([single]);
        }
        Assert.Equal(expected, hash.Current());
    }
}
