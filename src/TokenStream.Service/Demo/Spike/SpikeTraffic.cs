using System.Buffers;
using System.Text.Json;

namespace TokenStream.Service.Demo.Spike;

/// <summary>An event of the demo.</summary>
/// <param name="TimeMs">When it happened, milliseconds since the Unix epoch.</param>
/// <param name="Value">The record.</param>
internal readonly record struct SpikeEvent(long TimeMs, byte[] Value);

/// <summary>
/// The requests of an invented tenant, minute by minute: three features with a day's shape, of which a support chat lives off the
/// provider's prompt cache. The same seed gives the same requests.
/// </summary>
internal sealed class SpikeTraffic(string run, int seed)
{
    public const string Tenant = "acme";
    public const string Environment = "demo";
    public const string Feature = "support-chat";

    private const int MinuteMs = 60_000;
    private const double DayMs = 86_400_000;

    private static readonly SpikeFeature[] Features =
    [
        new(Feature, "anthropic", "claude-sonnet-4-5", 45, 9_000, 250, 0.92, 2_100),
        new("search", "openai", "gpt-5-mini", 15, 1_800, 120, 0, 800),
        new("summaries", "openai", "gpt-5-mini", 6, 6_000, 400, 0.3, 3_500),
    ];

    private readonly Random _random = new(seed);
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private long _number;

    /// <summary>The requests of a minute in the order of time.</summary>
    public IReadOnlyList<SpikeEvent> Minute(long minuteMs, bool isCacheLost)
    {
        var events = new List<SpikeEvent>();
        foreach (var feature in Features)
        {
            for (var left = Poisson(feature.RequestsAMinute * DayShape(minuteMs)); left > 0; left--)
            {
                var timeMs = minuteMs + _random.Next(MinuteMs);
                events.Add(new SpikeEvent(timeMs, Event(feature, timeMs, isCacheLost && feature.Name == Feature)));
            }
        }

        events.Sort((a, b) => a.TimeMs.CompareTo(b.TimeMs));
        return events;
    }

    /// <summary>More by day than by night, gently: 0.75 to 1.25.</summary>
    private static double DayShape(long timeMs) => 1 + (0.25 * Math.Sin(timeMs % DayMs / DayMs * 2 * Math.PI));

    private int Poisson(double mean)
    {
        var count = 0;
        for (var left = -Math.Log(1 - _random.NextDouble()); left < mean; left -= Math.Log(1 - _random.NextDouble()))
        {
            count++;
        }

        return count;
    }

    private long Around(double mean) => Math.Max(1, (long)(mean * (0.7 + (0.6 * _random.NextDouble()))));

    private byte[] Event(SpikeFeature feature, long timeMs, bool isCacheLost)
    {
        var tokensIn = Around(feature.TokensIn);
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer))
        {
            json.WriteStartObject();
            json.WriteString("event_id", $"{run}-{_number++}");
            json.WriteNumber("time", timeMs);
            json.WriteString("tenant_id", Tenant);
            json.WriteString("app", "demo");
            json.WriteString("feature", feature.Name);
            json.WriteString("environment", Environment);
            json.WriteString("user_id", $"user-{_random.Next(200)}");
            json.WriteString("provider", feature.Provider);
            json.WriteString("model", feature.Model);
            json.WriteString("prompt_version", isCacheLost ? "47" : "46");
            json.WriteNumber("tokens_in", tokensIn);
            json.WriteNumber("tokens_out", Around(feature.TokensOut));
            json.WriteNumber("tokens_cached", (long)(tokensIn * (isCacheLost ? 0.11 : feature.CachedShare)));
            json.WriteNumber("latency_ms", Around(feature.LatencyMs));
            json.WriteEndObject();
        }

        return _buffer.WrittenSpan.ToArray();
    }

    /// <summary>What a feature's requests are like.</summary>
    private sealed record SpikeFeature(
        string Name,
        string Provider,
        string Model,
        double RequestsAMinute,
        double TokensIn,
        double TokensOut,
        double CachedShare,
        double LatencyMs);
}
