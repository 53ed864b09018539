using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenStream.Gateway.Publishing;

/// <summary>Usage events as docs/event-format.md has them. For one thread.</summary>
internal sealed class UsageEventWriter : IDisposable
{
    private const int MostTextBytes = 256;

    private readonly TokenStreamGatewayOptions _options;
    private readonly ArrayBufferWriter<byte> _bytes = new(1024);
    private readonly Utf8JsonWriter _json;

    public UsageEventWriter(TokenStreamGatewayOptions options)
    {
        _options = options;
        var relaxed = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
        _json = new Utf8JsonWriter(_bytes, relaxed);
    }

    public void Dispose() => _json.Dispose();

    /// <summary>The bytes of an event; they are overwritten by the next one.</summary>
    public ReadOnlySpan<byte> Write(in UsageRecord record)
    {
        _bytes.ResetWrittenCount();
        _json.Reset(_bytes);
        _json.WriteStartObject();
        Text("event_id"u8, EventId(in record));
        _json.WriteNumber("time"u8, record.TimeMs);
        Text("tenant_id"u8, record.Tenant);
        Text("environment"u8, record.Request.Environment ?? _options.Environment);
        Text("app"u8, record.Request.App);
        Text("feature"u8, record.Request.Feature);
        Text("user_id"u8, record.Request.User);
        Text("session_id"u8, record.Request.Session);
        Text("gateway_id"u8, _options.GatewayId);
        Text("request_id"u8, record.Request.RequestId);
        Text("command_id"u8, record.CommandId);
        Text("provider"u8, record.RoutedProvider ?? record.Request.ServedProvider ?? record.Request.Provider);
        Text("model"u8, record.Usage?.ServedModel ?? record.RoutedModel ?? record.Request.ServedModel ?? record.Request.Model);
        Text("model_requested"u8, record.Request.Model);
        if (record.Request.Attempt > 0)
        {
            _json.WriteNumber("attempt"u8, record.Request.Attempt);
        }

        Count("max_tokens"u8, record.MaxTokens);
        if (record.Usage is { } usage)
        {
            WriteUsage(in usage);
        }
        else
        {
            Count("tokens_in"u8, record.Request.TokensIn);
            Text("result_type"u8, "blocked_budget");
        }

        _json.WriteEndObject();
        _json.Flush();
        return _bytes.WrittenSpan;
    }

    /// <summary>Retries of a blocked request have one id: they are one demand, and all but the first are dropped as duplicates.</summary>
    private static string EventId(in UsageRecord record) =>
        record.Usage is null && record.Request.RequestId is { Length: > 0 and <= 200 } request
            ? $"blocked/{request}"
            : record.Usage?.EventId ?? Guid.NewGuid().ToString();

    private void WriteUsage(in GatewayUsage usage)
    {
        // A final event of a request that went well has both totals; what an estimate does not know is unknown, not zero.
        long? absent = usage is { Result: UsageResult.Ok, IsEstimated: false } ? 0 : null;
        Count("tokens_in"u8, usage.TokensIn ?? absent);
        Count("tokens_out"u8, usage.TokensOut ?? absent);
        Count("tokens_cached"u8, usage.TokensCached);
        Count("tokens_cache_write_5m"u8, usage.TokensCacheWrite);
        Count("tokens_cache_write_1h"u8, usage.TokensCacheWriteHour);
        Count("tokens_reasoning"u8, usage.TokensReasoning);
        Count("latency_ms"u8, usage.LatencyMs);
        Count("ttft_ms"u8, usage.TimeToFirstTokenMs);
        Text("service_tier"u8, usage.ServiceTier);
        Text("region"u8, usage.Region);
        Text("usage_convention"u8, usage.UsageConvention);
        if (usage.WebSearches is > 0 and var searches)
        {
            _json.WriteStartObject("units"u8);
            _json.WriteNumber("web_searches"u8, searches);
            _json.WriteEndObject();
        }

        Text("error_type"u8, usage.ErrorType);
        Text("cache_status"u8, usage.IsCacheHit ? "exact" : null);
        Text("completeness"u8, usage.IsEstimated ? "estimated" : null);
        Text("result_type"u8, usage.Result switch
        {
            UsageResult.Ok => "ok",
            UsageResult.Timeout => "timeout",
            UsageResult.Cancelled => "cancelled",
            _ => "error",
        });
    }

    private void Count(ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } count)
        {
            _json.WriteNumber(name, count);
        }
    }

    /// <summary>
    /// Callers' texts are cut to what the format takes, and control characters become blanks: a usage must not be lost for its name.
    /// </summary>
    private void Text(ReadOnlySpan<byte> name, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        _json.WriteString(name, value.Length * 3 <= MostTextBytes && !HasControl(value) ? value : Cleaned(value));
    }

    private static bool HasControl(string value) => value.AsSpan().IndexOfAnyInRange('\0', '\u001f') >= 0;

    private static string Cleaned(string value)
    {
        var text = new System.Text.StringBuilder(MostTextBytes);
        var bytes = 0;
        foreach (var rune in value.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MostTextBytes)
            {
                break;
            }

            text.Append(rune.Value < ' ' ? " " : rune.ToString());
        }

        return text.ToString();
    }
}
