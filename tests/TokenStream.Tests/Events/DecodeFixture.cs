using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

/// <summary>A decoder and the record it decoded last, so that texts can be read as strings.</summary>
internal sealed class DecodeFixture(params string[] labelKeys)
{
    private readonly EventDecoder _decoder = new(labelKeys);
    private byte[] _record = [];

    public const string Full = """
        {"event_id":"ev-1","time":"2026-03-01T12:59:59.250+01:00","tenant_id":"acme","app":"shop","feature":"chat","environment":"staging",
         "user_id":"u1","session_id":"s1","provider":"openai","model":"gpt-5","prompt_version":"7","prompt_hash":"ab12",
         "tokens_in":1000,"tokens_out":200,"tokens_cached":300,"tokens_cache_write_5m":20,"tokens_cache_write_1h":10,"tokens_reasoning":50,
         "units":{"audio_tokens_in":12,"searches":1},"cache_status":"prefix","service_tier":"batch","region":"eu","latency_ms":2300,
         "ttft_ms":410,"result_type":"cancelled","error_type":"x","command_id":"c","completeness":"partial","request_id":"r","attempt":2,
         "model_requested":"gpt-5-mini","started_at":1772366397000,"max_tokens":4096,"gateway_id":"g","api_key_id":"k",
         "usage_convention":"openai","kind":"request","adjusts":null,"labels":{"team":"blue","cost_centre":7},"pii":true,"accepted":false,"v":1}
        """;

    public static readonly string[] LeastMembers =
    [
        "\"event_id\":\"e\"", "\"time\":\"2026-01-01T00:00:00Z\"", "\"tenant_id\":\"t\"", "\"provider\":\"p\"", "\"model\":\"m\"",
        "\"tokens_in\":10", "\"tokens_out\":5",
    ];

    public static readonly string Least = $"{{{string.Join(',', LeastMembers)}}}";

    public static string LeastWith(string members) => $"{Least[..^1]},{members.Trim()}}}";

    public UsageEvent Accept(string record)
    {
        Assert.True(TryDecode(Encoding.UTF8.GetBytes(record), out var e, out var error), $"{error}: {record}");
        return e;
    }

    public Refusal Refuse(string record, DecodeReason reason, EventField field = EventField.None)
    {
        Assert.False(TryDecode(Encoding.UTF8.GetBytes(record), out _, out var error), record);
        Assert.Equal(reason, error.Reason);
        Assert.True(field == EventField.None || field == error.Field, $"{error}");
        return new Refusal(error.Offset, EventFieldTable.Name(error.Field));
    }

    public bool TryDecode(byte[] record, out UsageEvent e, out DecodeError error)
    {
        _record = record;
        e = default;
        return _decoder.TryDecode(record, ref e, out error);
    }

    public string Text(Utf8Slice slice) => Encoding.UTF8.GetString(_decoder.Text(_record, slice));
}

internal sealed record Refusal(int Offset, string FieldName);
