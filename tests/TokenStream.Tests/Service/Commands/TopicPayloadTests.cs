using System.Text;
using TokenStream.Kafka;
using TokenStream.Mapping;
using TokenStream.Receiver.Intake;
using TokenStream.Receiver.Topics;
using TokenStream.Service.Commands;
using TokenStream.Service.Options;
using Xunit;

namespace TokenStream.Tests.Service.Commands;

public sealed class TopicPayloadTests
{
    private const long T0 = 1_767_225_600_000;

    private readonly NodeOptions _options = new()
    {
        Sources =
        [
            new TopicSource("calls", PayloadSources.LiteLlm, new AttributionOverride { Tenant = ["metadata.who"] }),
            new TopicSource("mixed", null, new AttributionOverride()),
        ],
        Receive = new ReceiveOptions
        {
            Attributions = new Dictionary<string, AttributionOverride> { ["litellm"] = new() { DefaultTenant = "nobody" } },
        },
    };

    [Fact]
    public void A_configured_topic_says_its_source_and_where_the_tenant_is()
    {
        var payload = Of("calls");
        Assert.Equal(("calls/2/17", PayloadSources.LiteLlm, T0), (payload.Name, payload.Source, payload.ReceivedMs));
        Assert.Equal(["metadata.who"], payload.Attribution!.Tenant);
        Assert.Contains("the topic calls is configured as litellm", payload.Notes);
        Assert.Contains("written 2026-01-01 00:00:00.000Z, key k", payload.Notes);
    }

    [Fact]
    public void Headers_say_the_source_where_the_topic_does_not()
    {
        Assert.Equal(PayloadSources.LiteLlm, Of("mixed", ("ts-source", "litellm")).Source);
        Assert.Equal("cloudevents", Of("mixed", ("ce_specversion", "1.0")).Source!.Name);
        Assert.Null(Of("mixed").Source);
        Assert.Null(Of("unheard-of").Source);
    }

    [Fact]
    public void The_input_topic_holds_native_events() => Assert.Equal(PayloadSources.Native, Of("llm.requests").Source);

    [Fact]
    public void A_dead_letter_is_read_as_the_payload_that_it_was()
    {
        var payload = Of(
            "tokenstream.deadletter", ("reason", "missing_field"), ("source.topic", "http:litellm"), ("source.partition", "0"),
            ("source.offset", "5"),
            ("source.timestamp_ms", "1767225500000"), ("original.length", "9"));
        Assert.Equal((PayloadSources.LiteLlm, 1_767_225_500_000), (payload.Source, payload.ReceivedMs));
        Assert.Equal("nobody", payload.Attribution!.DefaultTenant);
        Assert.Contains("a dead letter of http:litellm/0/5: refused as missing_field", payload.Notes);
        Assert.Contains("4 of its 9 bytes were kept", payload.Notes);
    }

    private TopicPayload Of(string topic, params (string Name, string Value)[] headers) => TopicPayload.Of(
        topic,
        new TopicRecord(
            2, 17, T0, "k"u8.ToArray(), "body"u8.ToArray(), [.. headers.Select(it => (it.Name, Encoding.UTF8.GetBytes(it.Value)))]),
        new PayloadHeaders(),
        _options);
}
