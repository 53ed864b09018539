using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace TokenStream.Tests.Mapping;

/// <summary>A span to be sent, in either form. Attributes are texts, integers, doubles, booleans or arrays of texts.</summary>
internal sealed record OtlpSpanMaker(string Scope, string Version = "")
{
    public UInt128 TraceId { get; init; } = 0xA1;

    public ulong SpanId { get; init; } = 1;

    public ulong ParentId { get; init; }

    public string Name { get; init; } = "a span";

    public ulong StartNs { get; init; } = 1_795_212_400_000_000_000;

    public ulong EndNs { get; init; } = 1_795_212_400_250_000_000;

    public int Status { get; init; }

    public string[] Events { get; init; } = [];

    public Dictionary<string, object> Attributes { get; init; } = [];

    public Dictionary<string, object> Resource { get; init; } = new() { ["service.name"] = "shop" };

    /// <summary>The same span with some attributes more, or others.</summary>
    public OtlpSpanMaker With(params (string Name, object Value)[] attributes)
    {
        var all = new Dictionary<string, object>(Attributes);
        foreach (var (name, value) in attributes)
        {
            all[name] = value;
        }

        return this with { Attributes = all };
    }

    /// <summary>A payload of spans, each with a resource and a scope of its own, as OTLP's JSON.</summary>
    public static JsonObject Json(params OtlpSpanMaker[] spans) =>
        new() { ["resourceSpans"] = new JsonArray([.. spans.Select(span => span.JsonOfResource())]) };

    public static byte[] JsonBytes(params OtlpSpanMaker[] spans) => Encoding.UTF8.GetBytes(Json(spans).ToJsonString());

    /// <summary>The same payload as protobuf.</summary>
    public static byte[] Protobuf(params OtlpSpanMaker[] spans) => Message([.. spans.Select(span => Bytes(1, span.ProtobufOfResource()))]);

    private JsonObject JsonOfResource() => new()
    {
        ["resource"] = new JsonObject { ["attributes"] = JsonOf(Resource) },
        ["scopeSpans"] = new JsonArray(new JsonObject
        {
            ["scope"] = new JsonObject { ["name"] = Scope, ["version"] = Version },
            ["spans"] = new JsonArray(JsonOfSpan()),
        }),
    };

    private JsonObject JsonOfSpan() => new()
    {
        ["traceId"] = TraceId.ToString("x32", CultureInfo.InvariantCulture),
        ["spanId"] = SpanId.ToString("x16", CultureInfo.InvariantCulture),
        ["parentSpanId"] = ParentId == 0 ? "" : ParentId.ToString("x16", CultureInfo.InvariantCulture),
        ["name"] = Name,
        ["kind"] = 3,
        ["startTimeUnixNano"] = StartNs.ToString(CultureInfo.InvariantCulture),
        ["endTimeUnixNano"] = EndNs.ToString(CultureInfo.InvariantCulture),
        ["status"] = new JsonObject { ["code"] = Status },
        ["events"] = new JsonArray([.. Events.Select(name => new JsonObject
        {
            ["name"] = name,
            ["timeUnixNano"] = (StartNs + 40_000_000).ToString(CultureInfo.InvariantCulture),
            ["attributes"] = JsonOf(new() { ["exception.type"] = "openai.APITimeoutError" }),
        })]),
        ["attributes"] = JsonOf(Attributes),
    };

    private static JsonArray JsonOf(Dictionary<string, object> attributes) =>
        new([.. attributes.Select(it => new JsonObject { ["key"] = it.Key, ["value"] = JsonOf(it.Value) })]);

    private static JsonObject JsonOf(object value) => value switch
    {
        string text => new JsonObject { ["stringValue"] = text },
        long or int => new JsonObject { ["intValue"] = Convert.ToString(value, CultureInfo.InvariantCulture) },
        double real => new JsonObject { ["doubleValue"] = real },
        bool flag => new JsonObject { ["boolValue"] = flag },
        string[] texts => new JsonObject { ["arrayValue"] = new JsonObject { ["values"] = new JsonArray([.. texts.Select(JsonOf)]) } },
        _ => throw new ArgumentException($"{value.GetType()} is no attribute.", nameof(value)),
    };

    private byte[] ProtobufOfResource() => Message(
        Bytes(1, Message([.. Resource.Select(it => Bytes(1, ProtobufOf(it.Key, it.Value)))])),
        Bytes(2, Message(Bytes(1, Message(Text(1, Scope), Text(2, Version))), Bytes(2, ProtobufOfSpan()))));

    private byte[] ProtobufOfSpan()
    {
        var (trace, span, parent) = (new byte[16], new byte[8], new byte[8]);
        BinaryPrimitives.WriteUInt128BigEndian(trace, TraceId);
        BinaryPrimitives.WriteUInt64BigEndian(span, SpanId);
        BinaryPrimitives.WriteUInt64BigEndian(parent, ParentId);
        return Message(
            Bytes(1, trace), Bytes(2, span), ParentId == 0 ? [] : Bytes(4, parent), Text(5, Name), Number(6, 3), Fixed(7, StartNs),
            Fixed(8, EndNs), Message([.. Attributes.Select(it => Bytes(9, ProtobufOf(it.Key, it.Value)))]),
            Message([.. Events.Select(name => Bytes(11, Message(
                Fixed(1, StartNs + 40_000_000), Text(2, name), Bytes(3, ProtobufOf("exception.type", "openai.APITimeoutError")))))]),
            Bytes(15, Number(3, (ulong)Status)));
    }

    private static byte[] ProtobufOf(string name, object value) => Message(Text(1, name), Bytes(2, ProtobufOf(value)));

    private static byte[] ProtobufOf(object value) => value switch
    {
        string text => Text(1, text),
        bool flag => Number(2, flag ? 1UL : 0UL),
        long or int => Number(3, unchecked((ulong)Convert.ToInt64(value, CultureInfo.InvariantCulture))),
        double real => Fixed(4, BitConverter.DoubleToUInt64Bits(real)),
        string[] texts => Bytes(5, Message([.. texts.Select(text => Bytes(1, ProtobufOf(text)))])),
        _ => throw new ArgumentException($"{value.GetType()} is no attribute.", nameof(value)),
    };

    public static byte[] Message(params byte[][] fields) => [.. fields.SelectMany(field => field)];

    public static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    public static byte[] Bytes(int field, byte[] bytes) => [.. Varint(((ulong)field << 3) | 2), .. Varint((ulong)bytes.Length), .. bytes];

    public static byte[] Number(int field, ulong number) => [.. Varint((ulong)field << 3), .. Varint(number)];

    public static byte[] Fixed(int field, ulong number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        return [.. Varint(((ulong)field << 3) | 1), .. bytes];
    }

    private static IEnumerable<byte> Varint(ulong number)
    {
        for (; number >= 0x80; number >>= 7)
        {
            yield return (byte)((number & 0x7F) | 0x80);
        }

        yield return (byte)number;
    }
}
