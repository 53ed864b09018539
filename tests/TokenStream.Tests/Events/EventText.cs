using System.Globalization;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Tests.Events;

/// <summary>All that an event holds as one line, from the decoder's and from the naive decoder's form.</summary>
internal static class EventText
{
    private static readonly string[] Counts =
    [
        "tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_reasoning", "latency_ms", "ttft_ms",
        "attempt", "max_tokens",
    ];

    private static readonly string[] Texts =
    [
        "event_id", "tenant_id", "app", "feature", "environment", "user_id", "session_id", "provider", "model", "prompt_version", "prompt_hash",
        "service_tier", "region",
    ];

    public static string Of(EventDecoder decoder, byte[] record, in UsageEvent e, string[] labelKeys)
    {
        string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
        Utf8Slice[] texts =
        [
            e.EventId, e.TenantId, e.App, e.Feature, e.Environment, e.UserId, e.SessionId, e.Provider, e.Model, e.PromptVersion, e.PromptHash,
            e.ServiceTier, e.Region,
        ];
        long[] counts =
        [
            e.TokensIn, e.TokensOut, e.TokensCached, e.TokensCacheWrite5m, e.TokensCacheWrite1h, e.TokensReasoning, e.LatencyMs, e.TtftMs, e.Attempt,
            e.MaxTokens,
        ];
        EventFields[] flags =
        [
            EventFields.TokensIn, EventFields.TokensOut, EventFields.TokensCached, EventFields.TokensCacheWrite5m, EventFields.TokensCacheWrite1h,
            EventFields.TokensReasoning, EventFields.LatencyMs, EventFields.TtftMs, EventFields.Attempt, EventFields.MaxTokens,
        ];
        var line = new StringBuilder(Number(e.TimeMs));
        for (var i = 0; i < texts.Length; i++)
        {
            line.Append('|').Append(Text(decoder.Text(record, texts[i])));
        }

        for (var i = 0; i < counts.Length; i++)
        {
            line.Append('|').Append(e.Has(flags[i]) ? Number(counts[i]) : "?");
        }

        line.Append('|').Append(e.Has(EventFields.CacheStatus) ? Spell(e.CacheStatus.ToString()) : "?");
        line.Append('|').Append(Spell(e.ResultType.ToString())).Append('|').Append(Spell(e.Completeness.ToString())).Append('|').Append(Spell(e.Kind.ToString()));
        line.Append('|').Append(e.Has(EventFields.Pii) ? e.Pii.ToString() : "?").Append('|').Append(e.Has(EventFields.Accepted) ? e.Accepted.ToString() : "?");
        var units = new List<string>();
        for (var i = 0; i < e.Units; i++)
        {
            units.Add($"{Text(decoder.Text(record, e.UnitNames[i]))}={Number(e.UnitCounts[i])}");
        }

        line.Append('|').AppendJoin(';', units.Order(StringComparer.Ordinal));
        for (var i = 0; i < labelKeys.Length; i++)
        {
            line.Append('|').Append(Text(decoder.Text(record, e.Labels[i])));
        }

        return line.ToString();
    }

    public static string Of(Dictionary<string, string> e, string[] labelKeys)
    {
        var environment = e.GetValueOrDefault("environment", "");
        string[] enumerations =
        [
            e.GetValueOrDefault("cache_status", "?"), e.GetValueOrDefault("result_type", "ok"), e.GetValueOrDefault("completeness", "final"),
            e.GetValueOrDefault("kind", "request"), e.GetValueOrDefault("pii", "?"), e.GetValueOrDefault("accepted", "?"),
        ];
        var units = e.Where(pair => pair.Key.StartsWith("units.", StringComparison.Ordinal)).Select(pair => $"{pair.Key[6..]}={pair.Value}");
        return string.Join(
            '|',
            [
                e["time"],
                .. Texts.Select(name => name == "environment" && environment.Length == 0 ? "prod" : e.GetValueOrDefault(name, "")),
                .. Counts.Select(name => e.GetValueOrDefault(name, "?")),
                .. enumerations,
                string.Join(';', units.Order(StringComparer.Ordinal)),
                .. labelKeys.Select(key => e.GetValueOrDefault($"labels.{key}", "")),
            ]);
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Spell(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
