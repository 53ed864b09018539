using System.Globalization;
using System.Text;

namespace TokenStream.Benchmarks;

/// <summary>The ways in which a producer may lay out the same event.</summary>
public enum EventLayout
{
    /// <summary>No blanks, always the same order.</summary>
    Usual,

    /// <summary>Another order in every record.</summary>
    Reordered,

    /// <summary>As Python's json.dumps writes it.</summary>
    Blanks,

    /// <summary>Escapes in names of features and models, and an unknown nested object.</summary>
    Escapes,
}

/// <summary>Seeded events of about 450 bytes with 19 fields.</summary>
public static class SampleEvents
{
    public static byte[][] Create(EventLayout layout, int count, int seed = 1)
    {
        var random = new Random(seed);
        var records = new byte[count][];
        for (var i = 0; i < count; i++)
        {
            records[i] = Encoding.UTF8.GetBytes(Write(Members(random, i, layout), layout, random));
        }

        return records;
    }

    private static List<string> Members(Random random, int i, EventLayout layout)
    {
        string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        var time = DateTime.UnixEpoch.AddMilliseconds(1_772_366_400_000 + (i / 40));
        var tokensIn = (long)Math.Exp(6.5 + (1.2 * Normal(random)));
        var cached = random.Next(3) == 0 ? tokensIn / 2 : 0;
        var tokensOut = (long)Math.Exp(5 + Normal(random));
        var latency = 300 + (tokensOut * 12);
        var slash = layout == EventLayout.Escapes ? "\\/" : "-";
        List<string> members =
        [
            Format($"\"event_id\":\"{random.NextInt64():x16}-{i:x8}\""),
            $"\"time\":\"{time.ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture)}Z\"",
            Format($"\"tenant_id\":\"tenant-{random.Next(200):D4}\""),
            Format($"\"app\":\"app-{random.Next(6)}\""),
            Format($"\"feature\":\"feature{slash}{random.Next(12)}\""),
            $"\"environment\":\"{(random.Next(10) == 0 ? "staging" : "prod")}\"",
            Format($"\"user_id\":\"u-{random.Next(50_000):x8}\""),
            Format($"\"session_id\":\"s-{random.NextInt64():x16}\""),
            $"\"provider\":\"{(random.Next(2) == 0 ? "openai" : "anthropic")}\"",
            Format($"\"model\":\"model{slash}{random.Next(15)}-2026-01-01\""),
            Format($"\"prompt_version\":\"v{random.Next(4)}\""),
            Format($"\"tokens_in\":{tokensIn}"),
            Format($"\"tokens_out\":{tokensOut}"),
            Format($"\"tokens_cached\":{cached}"),
            $"\"cache_status\":\"{(random.Next(10) == 0 ? "prefix" : "none")}\"",
            Format($"\"latency_ms\":{latency}"),
            Format($"\"ttft_ms\":{latency / 4}"),
            $"\"result_type\":\"{(random.Next(50) == 0 ? "timeout" : "ok")}\"",
            "\"v\":1",
        ];
        if (layout == EventLayout.Escapes)
        {
            members.Insert(9, "\"trace\":{\"id\":\"00-4bf92f35\",\"flags\":[1,{\"sampled\":true}]}");
        }

        return members;
    }

    private static string Write(List<string> members, EventLayout layout, Random random)
    {
        if (layout == EventLayout.Reordered)
        {
            var shuffled = members.ToArray();
            random.Shuffle(shuffled);
            return $"{{{string.Join(',', shuffled)}}}";
        }

        var compact = $"{{{string.Join(',', members)}}}";
        return layout == EventLayout.Blanks ? compact.Replace(",\"", ", \"", StringComparison.Ordinal).Replace("\":", "\": ", StringComparison.Ordinal) : compact;
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
