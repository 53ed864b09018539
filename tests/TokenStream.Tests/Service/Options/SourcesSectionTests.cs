using TokenStream.Service.Options;
using Xunit;

namespace TokenStream.Tests.Service.Options;

public sealed class SourcesSectionTests
{
    [Fact]
    public void Topics_and_addresses_are_read()
    {
        var (options, errors) = NodeConfigFile.Read(
            """
            roles: [receive, map]
            receive:
              listen: ["127.0.0.1:4318", "[::1]:4318"]
              in_flight_mb: 128
              sources:
                litellm: {default_tenant: internal, attribution: {tenant: [metadata.customer, "request_tags[team]"]}}
            sources:
              - {topic: a, source: litellm, default_tenant: x}
              - topic: b
                source: by-headers
            """,
            new NodeOptions());
        Assert.Empty(errors);
        Assert.Equal(NodeRoles.Receive | NodeRoles.Map, options.Roles);
        Assert.Equal(["127.0.0.1:4318", "[::1]:4318"], options.Receive.Listen);
        Assert.Equal(128L << 20, options.Receive.InFlightBytes);
        var litellm = options.Receive.Attributions["litellm"];
        Assert.Equal(
            ("internal", "metadata.customer,request_tags[team]", null),
            (litellm.DefaultTenant, string.Join(',', litellm.Tenant!), litellm.App));
        Assert.Equal(
            [("a", "litellm", "x"), ("b", null, null)],
            options.Sources.Select(source => (source.Topic, source.Source?.Name, source.Attribution.DefaultTenant)));
    }

    [Fact]
    public void Every_error_is_told_at_once()
    {
        var (_, errors) = NodeConfigFile.Read(
            """
            receive:
              listen: [somewhere]
              in_flight_mb: 1
              sources:
                nobody: {}
            sources:
              - {topic: llm.requests, source: litellm}
              - {topic: a, source: nobody}
              - {topic: a, source: litellm, attribution: {tenant: ["a[[b"], colour: [x]}}
              - {source: litellm}
            """,
            new NodeOptions());
        string[] parts =
        [
            "2:12: 'listen' has 'somewhere'", "3:17: 'in_flight_mb' is '1'", "5:5: 'nobody' is not a source",
            "7:13: the topic 'llm.requests' is one", "8:24: 'nobody' is not a source", "9:13: the topic 'a' is named twice", "'a[[b'",
            "'colour' is not known", "10:5: 'topic' is missing",
        ];
        Assert.All(parts, part => Assert.Contains(errors, error => error.Contains(part, StringComparison.Ordinal)));
        Assert.Equal(parts.Length, errors.Count);
    }
}
