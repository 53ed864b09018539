using System.Globalization;
using System.Text;

namespace TokenStream.LoadGenerator;

/// <summary>
/// Writes drawn events as JSON: 92 % in the usual layout, 3 % in another order each time, 3 % with blanks, 2 % with escapes and an unknown
/// nested object.
/// </summary>
internal sealed class EventWriter(EventMix mix, string run)
{
    private static readonly string[] Environments = ["prod", "staging", "dev"];

    public static string Tenant(in DrawnEvent e) => string.Create(CultureInfo.InvariantCulture, $"tenant-{e.Tenant:D5}");

    public static string Provider(int model) => model % 3 == 0 ? "anthropic" : model % 3 == 1 ? "openai" : "google";

    public static string Model(int model) => string.Create(CultureInfo.InvariantCulture, $"load-model-{model:D2}");

    public byte[] Write(in DrawnEvent e)
    {
        var layout = mix.Next(100);
        var hasEscapes = layout is 98 or 99;
        var members = Members(in e, hasEscapes);
        if (layout is >= 92 and < 95)
        {
            mix.Shuffle(members);
        }

        var isSpaced = layout is >= 95 and < 98;
        var text = $"{{{string.Join(isSpaced ? ", " : ",", members)}}}";
        return Encoding.UTF8.GetBytes(isSpaced ? text.Replace("\":", "\": ", StringComparison.Ordinal) : text);
    }

    private string[] Members(in DrawnEvent e, bool hasEscapes)
    {
        var slash = hasEscapes ? "\\/" : "/";
        var time = DateTime.UnixEpoch.AddMilliseconds(e.TimeMs);
        List<string> members =
        [
            Format($"\"event_id\":\"{run}-{e.Number:x12}\""),
            $"\"time\":\"{time.ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture)}Z\"",
            $"\"tenant_id\":\"{Tenant(in e)}\"",
            Format($"\"app\":\"app-{e.Feature / 2}\""),
            Format($"\"feature\":\"team{slash}feature-{e.Feature:D2}\""),
            $"\"environment\":\"{Environments[e.Environment]}\"",
            Format($"\"user_id\":\"u-{e.Tenant:x4}-{e.User:x6}\""),
            $"\"provider\":\"{Provider(e.Model)}\"",
            $"\"model\":\"{Model(e.Model)}\"",
            Format($"\"prompt_version\":\"f{e.Feature}-v{e.PromptVersion}\""),
            Format($"\"tokens_in\":{e.TokensIn}"),
            Format($"\"tokens_out\":{e.TokensOut}"),
            Format($"\"tokens_cached\":{e.TokensCached}"),
            "\"cache_status\":\"none\"",
            Format($"\"latency_ms\":{e.LatencyMs}"),
            Format($"\"ttft_ms\":{e.LatencyMs / 5}"),
            $"\"result_type\":\"{(e.IsTimeout ? "timeout" : "ok")}\"",
            "\"v\":1",
        ];
        if (e.TokensCacheWrite5m > 0)
        {
            members.Insert(13, Format($"\"tokens_cache_write_5m\":{e.TokensCacheWrite5m}"));
        }

        if (e.TokensReasoning > 0)
        {
            members.Insert(13, Format($"\"tokens_reasoning\":{e.TokensReasoning}"));
        }

        if (hasEscapes)
        {
            members.Insert(7, "\"trace\":{\"id\":\"00-4bf92f3577b34da6\",\"flags\":[1,{\"sampled\":true}]}");
        }

        return [.. members];
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
