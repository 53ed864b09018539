using TokenStream.Kafka;
using Xunit;

namespace TokenStream.Tests.Kafka;

public sealed class KafkaOptionsTests
{
    [Theory]
    [InlineData("localhost:9092")]
    [InlineData("a.example:9092,b.example:9093")]
    [InlineData("127.0.0.1:1, [::1]:65535")]
    public void Addresses_of_host_and_port_are_taken(string servers) =>
        Assert.Empty(new KafkaOptions { BootstrapServers = servers }.Errors());

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("localhost", "'localhost' is not host:port")]
    [InlineData("localhost:", "'localhost:' is not host:port")]
    [InlineData(":9092", "':9092' is not host:port")]
    [InlineData("a:1,b:65536", "'b:65536' is not host:port")]
    public void Other_addresses_are_named(string servers, string part)
    {
        var error = Assert.Single(new KafkaOptions { BootstrapServers = servers }.Errors());
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.Contains("--kafka", error, StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var options = new KafkaOptions
        {
            BootstrapServers = "nowhere",
            SessionTimeout = TimeSpan.Zero,
            Properties = new Dictionary<string, string>
            {
                ["enable.auto.commit"] = "true",
                ["AUTO.offset.reset"] = "latest",
                ["sasl.password"] = "${env:TOKENSTREAM_NO_SUCH_VARIABLE}",
                ["security.protocol"] = "SASL_SSL",
            },
        };

        var errors = options.Errors();

        Assert.Equal(5, errors.Count);
        Assert.Contains(errors, error => error.Contains("enable.auto.commit cannot be set: offsets are committed by decisions only", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("AUTO.offset.reset cannot be set", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("TOKENSTREAM_NO_SUCH_VARIABLE is not set", StringComparison.Ordinal));
    }

    [Fact]
    public void Properties_reach_every_kind_of_client_and_never_beat_what_the_guarantees_rest_on()
    {
        var options = new KafkaOptions
        {
            BootstrapServers = "a:1",
            Properties = new Dictionary<string, string> { ["sasl.username"] = "u", ["acks"] = "0", ["enable.auto.commit"] = "true" },
        };

        Assert.Equal("u", ClientProperties.Client(options, "c")["sasl.username"]);
        var producer = ClientProperties.DurableProducer(options, "c");
        Assert.Equal(("u", "all", "true"), (producer["sasl.username"], producer["acks"], producer["enable.idempotence"]));
        var member = ClientProperties.Member(options, "g", "c");
        Assert.Equal(("u", "false", "error"), (member["sasl.username"], member["enable.auto.commit"], member["auto.offset.reset"]));
    }

    [Fact]
    public void The_new_group_protocol_goes_without_what_it_forbids()
    {
        var options = new KafkaOptions { BootstrapServers = "a:1", GroupProtocol = GroupProtocol.Consumer };

        var member = ClientProperties.Member(options, "g", "c");

        Assert.Equal("consumer", member["group.protocol"]);
        Assert.DoesNotContain("session.timeout.ms", member.Keys);
        Assert.DoesNotContain("heartbeat.interval.ms", member.Keys);
        Assert.DoesNotContain("partition.assignment.strategy", member.Keys);
    }
}
