using TokenStream.ClickHouse;
using Xunit;

namespace TokenStream.Tests.ClickHouse;

public sealed class ClickHouseOptionsTests
{
    [Fact]
    public void User_and_password_are_taken_out_of_the_address()
    {
        var options = new ClickHouseOptions("https://finance:p%40ss:word@store.example:8443");
        Assert.Equal(("finance", "p@ss:word"), (options.User, options.Password));
        Assert.Equal("https://store.example:8443/", options.Url.AbsoluteUri);
        Assert.Equal("https://store.example:8443", options.ToString());
    }

    [Theory]
    [InlineData("localhost:8123")]
    [InlineData("tcp://localhost:9000")]
    [InlineData("http://")]
    [InlineData("")]
    [InlineData("http://localhost:8123/?password=hidden")]
    public void Another_address_is_refused_with_a_sentence(string url)
    {
        var message = Assert.Throws<FormatException>(() => new ClickHouseOptions(url)).Message;
        Assert.StartsWith("The ClickHouse address", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", message, StringComparison.Ordinal);
    }
}
