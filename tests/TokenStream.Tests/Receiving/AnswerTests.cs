using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Mapping;
using TokenStream.Receiver.Http;
using TokenStream.Receiver.Intake;
using Xunit;

namespace TokenStream.Tests.Receiving;

public sealed class AnswerTests
{
    private static readonly MappedPayload Clean = new(PayloadSources.Native, 0);

    [Fact]
    public void Otlp_says_nothing_where_everything_was_taken()
    {
        Assert.Empty(new OtlpAnswer(isJson: false).Taken(Clean));
        Assert.Equal("{}", Encoding.UTF8.GetString(new OtlpAnswer(isJson: true).Taken(Clean)));
    }

    [Fact]
    public void Otlp_tells_rejected_spans_in_the_bytes_of_its_message()
    {
        // ExportTraceServiceResponse { partial_success { rejected_spans: 300, error_message: ".." } }, put together by hand: 0x0A is field
        // 1 with a length, 0x08 field 1 with a number, 0xAC 0x02 the number 300, 0x12 field 2 with a length.
        const string Message = "300 spans with usage were refused and put aside as dead letters, first: wrong_type a.b: It is a text.";
        byte[] inner = [0x08, 0xAC, 0x02, 0x12, (byte)Message.Length, .. Encoding.ASCII.GetBytes(Message)];
        byte[] expected = [0x0A, (byte)inner.Length, .. inner];
        Assert.Equal(expected, new OtlpAnswer(isJson: false).Taken(Refused(300)));
        Assert.Equal(
            "{\"partialSuccess\":{\"rejectedSpans\":\"300\",\"errorMessage\":\"" + Message + "\"}}",
            Encoding.UTF8.GetString(new OtlpAnswer(isJson: true).Taken(Refused(300))));
    }

    [Fact]
    public void Otlp_refuses_with_a_status()
    {
        // google.rpc.Status { code: 14 (UNAVAILABLE), message: "a: b" }
        byte[] expected = [0x08, 14, 0x12, 4, (byte)'a', (byte)':', (byte)' ', (byte)'b'];
        Assert.Equal(expected, new OtlpAnswer(isJson: false).Refusal(503, "c", "a", "b", []));
    }

    [Fact]
    public void Langfuse_hears_of_each_event_by_its_id()
    {
        var payload = new MappedPayload(PayloadSources.Langfuse, 0)
        {
            BatchEvents =
            [
                new("e1"u8.ToArray(), null), new("e\\u0032"u8.ToArray(), new Refusal(0, "wrong_type", 5, "p", "Not \"so\".")),
                new([], null),
            ],
        };
        var answer = JsonNode.Parse(new LangfuseAnswer().Taken(payload))!;
        Assert.Equal("""[{"id":"e1","status":201},{"id":"","status":201}]""", answer["successes"]!.ToJsonString());
        var error = Assert.Single(answer["errors"]!.AsArray())!;
        Assert.Equal(("e2", 400, "Not \"so\".", "wrong_type"), (
            (string)error["id"]!, (int)error["status"]!, (string)error["message"]!, (string)error["error"]!));
    }

    private static MappedPayload Refused(int count)
    {
        var payload = new MappedPayload(PayloadSources.Native, 0);
        for (var i = 0; i < count; i++)
        {
            payload.Refuse(new Refusal(i, "wrong_type", 5, "a.b", "It is a text."));
        }

        return payload;
    }
}
