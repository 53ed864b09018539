using System.Text;
using TokenStream.Commands;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Agent;

/// <summary>Requests as Envoy's documentation of the external authorization filter (HTTP service) describes them.</summary>
public sealed class ExtAuthzTests : IAsyncLifetime
{
    private static readonly byte[] Body = """{"model":"gpt-5","max_tokens":900,"messages":[]}"""u8.ToArray();

    private readonly AgentFixture _agent = new(options => options.DefaultProvider = "openai");

    [Fact]
    public async Task What_is_let_in_is_answered_with_the_headers_of_what_is_to_be_changed()
    {
        _agent.Gateway.Give(Trim("tenant=acme", 50), RouteTo("tenant=acme;model=gpt-5", "gpt-5 mini"));
        var (status, body, headers) = await AskAsync(Body);
        Assert.Equal((200, ""), (status, body));
        Assert.Equal(
            ("50", "gpt-5%20mini", "acme"),
            (headers["x-tokenstream-max-tokens"], headers["x-tokenstream-model"], headers["x-tokenstream-tenant"]));
        var other = await AskAsync(Body, ("x-tenant-id", "other"));
        Assert.Equal((200, false), (other.Status, other.Headers.ContainsKey("x-tokenstream-model")));
    }

    [Fact]
    public async Task What_is_refused_is_answered_as_its_caller_is_to_be()
    {
        _agent.Gateway.Give(Command("tenant=acme;model=gpt-5", CommandAction.Kill, "manual/7"));
        var (status, body, headers) = await AskAsync(Body);
        Assert.Equal((403, "false"), (status, headers["x-should-retry"]));
        Assert.Contains("tokenstream_killed", body, StringComparison.Ordinal);
        Assert.Equal(200, (await AskAsync("""{"model":"gpt-4o"}"""u8.ToArray())).Status);
    }

    [Fact]
    public async Task Without_a_body_headers_say_everything_and_any_method_is_decided()
    {
        _agent.Gateway.Give(Command("tenant=acme;provider=anthropic;model=claude", CommandAction.Kill, "manual/7"));
        var named = new[] { ("x-tenant-id", "acme"), ("x-provider", "anthropic"), ("x-model", "claude") };
        Assert.Equal(403, (await _agent.AskAsync("/ext_authz/v1/messages", null, "api.example.com", named)).Status);
        Assert.Equal(403, (await _agent.AskAsync("/ext_authz", [], "api.example.com", named)).Status);
        Assert.Equal(200, (await _agent.AskAsync("/ext_authz/v1/messages", null, "api.example.com", named[..2])).Status);
        Assert.Equal(404, (await _agent.AskAsync("/ext_authzz", null, "localhost", named)).Status);
    }

    [Fact]
    public async Task A_throttle_counts_what_requests_may_use_since_nobody_says_what_they_did()
    {
        _agent.Gateway.Give(Throttle("tenant=acme", 5_400));
        Assert.Equal(200, (await AskAsync(Body)).Status);
        var (status, _, headers) = await AskAsync(Body);
        Assert.Equal((429, "true"), (status, headers["x-should-retry"]));
        Assert.True(int.Parse(headers["Retry-After"], System.Globalization.CultureInfo.InvariantCulture) >= 1);
        Assert.Empty(_agent.Gateway.Gateway.Outstanding());
        Assert.Equal(0, _agent.Book.Count);
    }

    [Fact]
    public async Task A_body_that_is_cut_or_has_two_meanings_is_not_let_in()
    {
        var cut = Encoding.UTF8.GetBytes("{\"messages\":[\"");
        Assert.Equal(413, (await AskAsync(cut, ("x-envoy-auth-partial-body", "true"))).Status);
        Assert.Equal(200, (await AskAsync(cut, ("x-envoy-auth-partial-body", "true"), ("x-model", "gpt-5"))).Status);
        Assert.Equal(400, (await AskAsync("""{"model":"a","model":"b"}"""u8.ToArray())).Status);
        Assert.Equal(200, (await AskAsync("--boundary"u8.ToArray(), ("Content-Type", "multipart/form-data; boundary=boundary"))).Status);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _agent.DisposeAsync().AsTask();

    private Task<(int Status, string Body, IReadOnlyDictionary<string, string> Headers)> AskAsync(
        byte[] body, params (string Name, string Value)[] headers) =>
        _agent.AskAsync("/ext_authz/v1/chat/completions", body, "api.example.com", [("x-tenant-id", "acme"), .. headers]);
}
