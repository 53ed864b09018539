using System.Text;
using System.Text.Json;
using TokenStream.Gateway;
using TokenStream.Mapping;

namespace TokenStream.Agent;

/// <summary>
/// Reads what a request used out of a payload that somebody else wrote, a provider's answer or LiteLLM's description of a call, by the
/// rules that such payloads are mapped with everywhere, so that hooks need no arithmetic. One belongs to one thread.
/// </summary>
internal sealed class ReportedCounts
{
    [ThreadStatic]
    private static ReportedCounts? _ofThread;

    private readonly Dictionary<string, IPayloadMapper> _mappers = new(StringComparer.OrdinalIgnoreCase);
    private readonly MappedEvents _events = new();

    public static ReportedCounts OfThread => _ofThread ??= new ReportedCounts();

    /// <summary>The counts, and who and what they were for as far as the payload says; else a sentence.</summary>
    public string? Read(string source, ReadOnlySpan<byte> payload, long nowMs, out GatewayUsage usage, out GatewayRequest request)
    {
        (usage, request) = (default, new GatewayRequest { Tenant = "", Provider = "", Model = "" });
        if (!_mappers.TryGetValue(source, out var mapper))
        {
            if (PayloadSources.Find(source) is not { } known)
            {
                return $"source '{source}' is not known; there are {string.Join(", ", PayloadSources.All.Select(one => one.Name))}.";
            }

            mapper = known.Create(known.DefaultAttribution);
            _mappers.Add(known.Name, mapper);
        }

        mapper.Map(new Payload(payload, nowMs), _events);
        if (_events.Count != 1)
        {
            return "payload must describe one request.";
        }

        if (!_events[0].IsEvent)
        {
            var error = _events[0].Error;
            return $"payload: {error.Describe()}{(error.Path.Length > 0 ? $" ({error.Path})" : "")}";
        }

        Read(_events.Event(0), ref usage, ref request);
        request = _events[0].IsTenantDefault ? request with { Tenant = "" } : request;
        return null;
    }

    private static void Read(ReadOnlySpan<byte> json, ref GatewayUsage usage, ref GatewayRequest request)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Encoding.UTF8.GetString(reader.ValueSpan);
            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.Number when reader.TryGetInt64(out var count):
                    usage = With(usage, name, count);
                    break;
                case JsonTokenType.String:
                    var text = reader.GetString()!;
                    (usage, request) = (With(usage, name, text), With(request, name, text));
                    break;
                case JsonTokenType.StartObject when name == "units":
                    usage = usage with { WebSearches = Searches(ref reader) };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static GatewayUsage With(GatewayUsage usage, string name, long count) => name switch
    {
        "tokens_in" => usage with { TokensIn = count },
        "tokens_out" => usage with { TokensOut = count },
        "tokens_cached" => usage with { TokensCached = count },
        "tokens_cache_write_5m" => usage with { TokensCacheWrite = count },
        "tokens_cache_write_1h" => usage with { TokensCacheWriteHour = count },
        "tokens_reasoning" => usage with { TokensReasoning = count },
        "latency_ms" => usage with { LatencyMs = count },
        "ttft_ms" => usage with { TimeToFirstTokenMs = count },
        _ => usage,
    };

    private static GatewayUsage With(GatewayUsage usage, string name, string text) => name switch
    {
        "event_id" => usage with { EventId = text },
        "error_type" => usage with { ErrorType = text },
        "service_tier" => usage with { ServiceTier = text },
        "region" => usage with { Region = text },
        "usage_convention" => usage with { UsageConvention = text },
        "completeness" => usage with { IsEstimated = text == "estimated" },
        "cache_status" => usage with { IsCacheHit = text is "exact" or "semantic" },
        "result_type" => usage with { Result = ResultOf(text) },
        _ => usage,
    };

    private static GatewayRequest With(GatewayRequest request, string name, string text) => name switch
    {
        "tenant_id" => request with { Tenant = text },
        "app" => request with { App = text },
        "feature" => request with { Feature = text },
        "environment" => request with { Environment = text },
        "user_id" => request with { User = text },
        "session_id" => request with { Session = text },
        "provider" => request with { Provider = text },
        "model" => request with { Model = text },
        _ => request,
    };

    /// <summary>What a policy or a budget of the gateway's own blocked is an error here: it was let in by us.</summary>
    private static UsageResult ResultOf(string text) => text switch
    {
        "ok" => UsageResult.Ok,
        "timeout" => UsageResult.Timeout,
        "cancelled" => UsageResult.Cancelled,
        _ => UsageResult.Error,
    };

    private static long? Searches(ref Utf8JsonReader reader)
    {
        long? searches = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isSearches = reader.ValueTextEquals("web_searches"u8);
            reader.Read();
            searches = isSearches && reader.TryGetInt64(out var count) ? count : searches;
        }

        return searches;
    }
}
