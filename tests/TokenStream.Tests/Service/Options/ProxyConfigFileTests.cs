using System.Text.RegularExpressions;
using TokenStream.Gateway;
using TokenStream.Service.Options;
using TokenStream.Tests.Architecture;
using Xunit;

namespace TokenStream.Tests.Service.Options;

public sealed partial class ProxyConfigFileTests
{
    [Fact]
    public void The_configuration_of_the_page_is_valid_and_says_what_is_usual()
    {
        var text = Block()
            .Match(SourceTree.Text("docs/connect/proxy.md")).Groups[1].Value.Replace(
                "${env:VLLM_KEY}", "sk-vllm", StringComparison.Ordinal);
        var (settings, errors) = ProxyConfigFile.Read(text);
        Assert.Equal([], errors);
        Assert.Equal([], settings.Proxy.Errors());
        var usual = new ProxySettings();
        Assert.Equal((usual.Kafka, usual.Keys, usual.OnBlind), (settings.Kafka, settings.Keys, settings.OnBlind));
        Assert.Equal(usual.Proxy.Headers, settings.Proxy.Headers);
        Assert.Equal(
            (
                usual.Proxy.Listen,
                usual.Proxy.ConnectTimeout,
                usual.Proxy.AnswerTimeout,
                usual.Proxy.SilenceTimeout,
                usual.Proxy.DrainTimeout),
            (
                settings.Proxy.Listen,
                settings.Proxy.ConnectTimeout,
                settings.Proxy.AnswerTimeout,
                settings.Proxy.SilenceTimeout,
                settings.Proxy.DrainTimeout));
        Assert.Equal(
            (usual.Proxy.MostBodyBytes, usual.Proxy.MostHeldBytes, usual.Proxy.MostRequests),
            (settings.Proxy.MostBodyBytes, settings.Proxy.MostHeldBytes, settings.Proxy.MostRequests));
        var options = new TokenStreamGatewayOptions();
        settings.Configure(options);
        var untouched = new TokenStreamGatewayOptions();
        Assert.Equal(
            (
                untouched.CommandsTopic,
                untouched.AcksTopic,
                untouched.UsageTopic,
                untouched.ConfigurationTopic,
                untouched.DefaultTenant,
                untouched.Environment),
            (
                options.CommandsTopic,
                options.AcksTopic,
                options.UsageTopic,
                options.ConfigurationTopic,
                options.DefaultTenant,
                options.Environment));
        Assert.Equal(
            ["openai https://api.openai.com/ openai", "anthropic https://api.anthropic.com/ anthropic", "local http://10.0.0.7:8000/ vllm"],
            settings.Proxy.Upstreams.Select(upstream => $"{upstream.Name} {upstream.Url} {upstream.Provider}"));
        Assert.Equal(
            ("/local", "sk-vllm", true),
            (settings.Proxy.Upstreams[2].PathPrefix, settings.Proxy.Upstreams[2].Key, settings.Proxy.Upstreams[2].AsksForUsage));
    }

    [Fact]
    public void Every_error_is_told_at_once_with_its_line()
    {
        var (_, errors) = ProxyConfigFile.Read(
            """
            on_blind: maybe
            colour: blue
            upstreams:
              - { url: nowhere }
              - { url: "http://a", key: "${env:TOKENSTREAM_NO_SUCH_VARIABLE}" }
            timeouts: { drain_seconds: -1 }
            """);
        Assert.Equal(5, errors.Count);
        Assert.StartsWith("1:11: 'on_blind' is 'maybe'", errors[0], StringComparison.Ordinal);
        Assert.Contains(errors, error => error.Contains("'colour' is not known here", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("TOKENSTREAM_NO_SUCH_VARIABLE is not set", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.StartsWith("6:", StringComparison.Ordinal));
    }

    [Fact]
    public void What_would_let_anybody_spend_is_refused()
    {
        var (settings, _) = ProxyConfigFile.Read(
            "listen: 0.0.0.0:8090\nupstreams: [{ url: \"https://a@b/?c\", name: x, key: sk }, { url: \"ftp://b\", name: x }]\n");
        var errors = string.Join('\n', settings.Proxy.Errors());
        Assert.Contains("--allow-remote", errors, StringComparison.Ordinal);
        Assert.Contains("without user, query or fragment", errors, StringComparison.Ordinal);
        Assert.Contains("two upstreams have the name 'x'", errors, StringComparison.Ordinal);
        settings.Proxy.AllowRemote = true;
        Assert.Contains("anybody could spend", string.Join('\n', settings.Proxy.Errors()), StringComparison.Ordinal);
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
