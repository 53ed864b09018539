using Xunit;
using YamlDotNet.RepresentationModel;
using static TokenStream.IntegrationTests.Agent.IntegrationFiles;

namespace TokenStream.IntegrationTests.Agent;

/// <summary>
/// The configurations for other gateways, as far as they can be checked without those: their form, and the names that are documented.
/// </summary>
public sealed class IntegrationFileTests
{
    [Fact]
    public void Envoys_filter_has_the_fields_that_its_documentation_names()
    {
        var filters = EnvoyFilters();
        Assert.Equal(
            ["envoy.filters.http.lua", "envoy.filters.http.ext_authz", "envoy.filters.http.lua", "envoy.filters.http.router"],
            filters.Select(filter => Text(filter, "name")));
        var filter = At(filters, "1/typed_config");
        Assert.Equal("type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", Text(filter, "@type"));
        Assert.Empty(
            Names(filter)
                .Except(
                    ["@type", "transport_api_version", "clear_route_cache", "failure_mode_allow", "with_request_body", "http_service"]));
        Assert.Empty(Names(filter["with_request_body"]).Except(["max_request_bytes", "allow_partial_message", "pack_as_bytes"]));
        Assert.Empty(
            Names(filter["http_service"]).Except(["server_uri", "path_prefix", "authorization_request", "authorization_response"]));
        Assert.Equal(["allowed_headers"], Names(At(filter, "http_service/authorization_request")));
        Assert.Equal(["allowed_upstream_headers", "allowed_client_headers"], Names(At(filter, "http_service/authorization_response")));
        Assert.Equal("/ext_authz", Text(filter, "http_service/path_prefix"));
        var clusters = ((YamlSequenceNode)At(Load("envoy/envoy.yaml"), "static_resources/clusters"))
            .Select(cluster => Text(cluster, "name"));
        Assert.Contains(Text(filter, "http_service/server_uri/cluster"), clusters);
    }

    [Fact]
    public void Callers_cannot_say_themselves_what_the_agent_believes()
    {
        // Of the headers that say who asks, the agent sees those that the first filter sets or removes, and what names no tenant.
        var seen = ((YamlSequenceNode)At(EnvoyFilters(), "1/typed_config/http_service/authorization_request/allowed_headers/patterns"))
            .Select(pattern => Text(pattern, "exact"));
        var set = Text(EnvoyFilters(), "0/typed_config/default_source_code/inline_string");
        Assert.All(
            seen.Except(["content-type", "x-feature", "x-session-id", "x-request-id"]),
            name => Assert.Contains($"\"{name}\"", set, StringComparison.Ordinal));
    }

    [Fact]
    public void Envoy_AI_Gateways_policy_asks_the_agents_path()
    {
        var policy = Load("envoy/ai-gateway.yaml");
        Assert.Equal(("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy"), (Text(policy, "apiVersion"), Text(policy, "kind")));
        Assert.Empty(Names(At(policy, "spec/extAuth")).Except(["failOpen", "headersToExtAuth", "http", "bodyToExtAuth"]));
        Assert.Equal("/ext_authz", Text(policy, "spec/extAuth/http/path"));
    }

    [Fact]
    public void Kongs_functions_run_in_phases_that_it_has()
    {
        Assert.Equal("3.0", Text(Load("kong/kong.yml"), "_format_version"));
        Assert.Equal(["access", "body_filter", "log"], Names(KongFunctions()));
    }

    [Fact]
    public void LiteLLMs_configuration_names_the_hook()
    {
        var callback = Text(Load("litellm/config.yaml"), "litellm_settings/callbacks").Split('.');
        var lines = File.ReadAllLines(Path.Combine(Folder, "litellm", $"{callback[0]}.py"));
        Assert.Contains(lines, line => line.StartsWith($"{callback[1]} = ", StringComparison.Ordinal));
    }

    [FactNeeding("program:lua5.1")]
    public async Task Envoys_filter_changes_the_outermost_model_and_limit_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        var filter = Path.Combine(folder.Path, "filter.lua");
        await File.WriteAllTextAsync(filter, Text(EnvoyFilters(), "2/typed_config/default_source_code/inline_string"));
        var driver = Path.Combine(TestPaths.Root, "tests", "TokenStream.IntegrationTests", "Agent", "Drivers", "envoy.lua");
        var (exitCode, output) = await ChildProcess.RunAsync("lua5.1", [driver, filter]);
        Assert.Equal(0, exitCode);
        Assert.Equal(
            """
            {"tools":[{"model":"inner","max_tokens":1}],"messages":[{"content":"say \"model\": \"x\" \\"}], "model" : "gpt-5","max_tokens":900}	-
            {"tools":[{"model":"inner","max_tokens":1}],"messages":[{"content":"say \"model\": \"x\" \\"}], "model" : "gpt-5 mini\"","max_tokens":50}	137
            {"max_completion_tokens":50,"model":"gpt-5"}	44
             {"model":"gpt-5","max_output_tokens":20}	41
            {"max_output_tokens":50,"model":"gpt-5"}	40
            400	-
            """,
            output,
            ignoreLineEndingDifferences: true);
    }
}
