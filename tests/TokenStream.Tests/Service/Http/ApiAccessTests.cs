using System.Text;
using Microsoft.AspNetCore.Http;
using TokenStream.Service.Http;
using Xunit;

namespace TokenStream.Tests.Service.Http;

public sealed class ApiAccessTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"tokenstream-access-{Guid.NewGuid():N}.txt");

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(nameof(ApiRole.Sender), true)]
    [InlineData(nameof(ApiRole.Viewer), false)]
    [InlineData(nameof(ApiRole.Operator), true)]
    [InlineData(nameof(ApiRole.Admin), true)]
    public void Whoever_may_send_may_with_a_token_or_with_it_as_a_password(string role, bool may)
    {
        var secret = Token(Enum.Parse<ApiRole>(role), tenant: "acme");
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"pk-lf-1:{secret}"));
        foreach (var authorization in new[] { $"Bearer {secret}", $"Basic {basic}", $"basic  {basic} " })
        {
            var (sender, refusal) = Access().AdmitSender(Request(authorization));
            Assert.Equal((may, !may), (sender is not null, refusal is not null));
            Assert.Equal(may ? "acme" : null, sender?.Tenant);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer ts_other")]
    [InlineData("Basic ts_other")]
    [InlineData("Basic !!!")]
    [InlineData("Basic bm9jb2xvbg==")]
    public void Without_a_token_that_is_known_nobody_is_let_in(string authorization)
    {
        Token(ApiRole.Sender, tenant: null);
        Assert.Null(Access().AdmitSender(Request(authorization)).Sender);
    }

    [Fact]
    public void A_sender_does_nothing_but_send()
    {
        var secret = Token(ApiRole.Sender, tenant: null);
        Assert.Null(Access().Admit(Request($"Bearer {secret}"), ApiRole.Viewer).Caller);
    }

    [Theory]
    [InlineData("application/json", "", "localhost:8080", true)]
    [InlineData("application/x-protobuf", "", "127.0.0.1", true)]
    [InlineData("application/json", "http://localhost:8080", "localhost:8080", true)]
    [InlineData("application/json", "http://evil.example", "localhost:8080", false)]
    [InlineData("application/json", "", "evil.example", false)]
    [InlineData("text/plain", "", "localhost:8080", false)]
    [InlineData("application/x-www-form-urlencoded", "", "localhost:8080", false)]
    [InlineData("multipart/form-data; boundary=x", "", "localhost:8080", false)]
    [InlineData(null, "", "localhost:8080", false)]
    public void Without_tokens_whoever_is_on_the_machine_may_send_and_no_page(string? contentType, string origin, string host, bool may)
    {
        var request = Request("");
        (request.ContentType, request.Host) = (contentType, new HostString(host));
        request.Headers.Origin = origin;
        Assert.Equal(may, new ApiAccess(null, isLoopback: true).AdmitSender(request).Sender is not null);
        Assert.Null(new ApiAccess(null, isLoopback: false).AdmitSender(request).Sender);
    }

    private ApiAccess Access() => new(new ApiTokens(_file), isLoopback: false);

    private string Token(ApiRole role, string? tenant)
    {
        var secret = ApiToken.NewSecret();
        File.WriteAllText(_file, new ApiToken("someone", role, tenant, ApiToken.HashOf(secret)).Line() + "\n");
        return secret;
    }

    private static HttpRequest Request(string authorization)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.ContentType, request.Host) = ("POST", "application/json", new HostString("localhost", 8080));
        request.Headers.Authorization = authorization;
        return request;
    }
}
