using TokenStream.Kafka;
using Xunit;

namespace TokenStream.Tests.Kafka;

public sealed class SecretReferenceTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("${env:HALF")]
    [InlineData("${other:NAME}")]
    public void What_is_no_reference_stands_for_itself(string value) => Assert.Equal(value, SecretReference.Resolve(value));

    [Fact]
    public void A_file_gives_its_content_without_the_line_end()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, " pass word\r\n");
            Assert.Equal(" pass word", SecretReference.Resolve($"${{file:{path}}}"));
            Assert.Null(SecretReference.Problem($"${{file:{path}}}"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_environment_gives_its_variable()
    {
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), SecretReference.Resolve("${env:PATH}"));
    }

    [Theory]
    [InlineData("${env:TOKENSTREAM_NO_SUCH_VARIABLE}", "the environment variable TOKENSTREAM_NO_SUCH_VARIABLE is not set")]
    [InlineData("${file:/no/such/file}", "the file /no/such/file cannot be read")]
    [InlineData("${file:}", "the file  cannot be read")]
    public void What_cannot_be_read_is_named(string value, string part)
    {
        Assert.StartsWith(part, SecretReference.Problem(value), StringComparison.Ordinal);
        Assert.StartsWith(part, Assert.Throws<InvalidOperationException>(() => SecretReference.Resolve(value)).Message, StringComparison.Ordinal);
    }
}
