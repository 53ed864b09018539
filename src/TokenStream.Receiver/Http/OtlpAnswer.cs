using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Http;

/// <summary>
/// Answers as OTLP/HTTP has it: <c>ExportTraceServiceResponse</c> with what was rejected, or a <c>google.rpc.Status</c>, in the request's
/// own encoding.
/// </summary>
internal sealed class OtlpAnswer(bool isJson) : AnswerForm
{
    public const string Json = "application/json";

    public const string Protobuf = "application/x-protobuf";

    public override string ContentType => isJson ? Json : Protobuf;

    public override string RefusalContentType => ContentType;

    /// <summary>A trace of which every span was rejected is a partial success; asking for it again would bring nothing.</summary>
    public override bool TakesWhollyRefused(MappedPayload payload) => !payload.IsUnreadable;

    public override byte[] Taken(MappedPayload payload)
    {
        if (payload.Refused == 0)
        {
            return isJson ? "{}"u8.ToArray() : [];
        }

        var first = payload.Refusals[0];
        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"{payload.Refused} spans with usage were refused and put aside as dead letters, first: {first.Reason} {first.Path}: " +
            $"{first.Detail}");
        if (isJson)
        {
            var rejected = payload.Refused.ToString(CultureInfo.InvariantCulture);
            var partial = new JsonObject { ["rejectedSpans"] = rejected, ["errorMessage"] = message };
            return Encoding.UTF8.GetBytes(new JsonObject { ["partialSuccess"] = partial }.ToJsonString());
        }

        var inner = new ArrayBufferWriter<byte>();
        Number(inner, 1, (ulong)payload.Refused);
        Bytes(inner, 2, Encoding.UTF8.GetBytes(message));
        var outer = new ArrayBufferWriter<byte>();
        Bytes(outer, 1, inner.WrittenSpan);
        return outer.WrittenSpan.ToArray();
    }

    public override byte[] Refusal(int status, string code, string title, string detail, IReadOnlyList<Refusal> refusals)
    {
        var message = refusals.Count > 0 ? $"{title}: {detail} ({refusals[0].Reason} at {refusals[0].Offset})" : $"{title}: {detail}";
        if (isJson)
        {
            return Encoding.UTF8.GetBytes(new JsonObject { ["code"] = (int)GrpcCode(status), ["message"] = message }.ToJsonString());
        }

        var answer = new ArrayBufferWriter<byte>();
        Number(answer, 1, GrpcCode(status));
        Bytes(answer, 2, Encoding.UTF8.GetBytes(message));
        return answer.WrittenSpan.ToArray();
    }

    /// <summary>The code of gRPC that says what an HTTP status does.</summary>
    private static ulong GrpcCode(int status) => status switch
    {
        401 => 16,
        403 => 7,
        404 => 12,
        413 or 429 => 8,
        503 => 14,
        _ => 3,
    };

    private static void Number(ArrayBufferWriter<byte> into, int field, ulong value)
    {
        Varint(into, (ulong)field << 3);
        Varint(into, value);
    }

    private static void Bytes(ArrayBufferWriter<byte> into, int field, ReadOnlySpan<byte> bytes)
    {
        Varint(into, ((ulong)field << 3) | 2);
        Varint(into, (ulong)bytes.Length);
        into.Write(bytes);
    }

    private static void Varint(ArrayBufferWriter<byte> into, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            into.Write([(byte)((value & 0x7F) | 0x80)]);
        }

        into.Write([(byte)value]);
    }
}
