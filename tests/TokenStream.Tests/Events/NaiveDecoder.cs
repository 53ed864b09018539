using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace TokenStream.Tests.Events;

/// <summary>
/// The format's rules once more, on top of System.Text.Json, BigInteger-sized numbers as decimals and DateTime: slow, plain, and written
/// without a look at the decoder. An event is a dictionary of field name to text; null means refused.
/// </summary>
internal static partial class NaiveDecoder
{
    private static readonly string[] Texts =
    [
        "event_id", "tenant_id", "app", "feature", "environment", "user_id", "session_id", "provider", "model", "prompt_version", "prompt_hash",
        "service_tier", "region", "error_type", "command_id", "request_id", "model_requested", "gateway_id", "api_key_id", "usage_convention",
        "adjusts",
    ];

    private static readonly string[] RequiredTexts = ["event_id", "tenant_id", "provider", "model"];

    private static readonly string[] Tokens =
        ["tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_reasoning"];

    private static readonly string[] Integers = [.. Tokens, "latency_ms", "ttft_ms", "attempt", "max_tokens", "v"];

    private static readonly Dictionary<string, string[]> Enumerations = new(StringComparer.Ordinal)
    {
        ["cache_status"] = ["none", "exact", "prefix", "semantic"],
        ["result_type"] = ["ok", "error", "timeout", "cancelled", "blocked_policy", "blocked_budget"],
        ["completeness"] = ["final", "partial", "estimated"],
        ["kind"] = ["request", "adjustment", "tick"],
    };

    public static Dictionary<string, string>? Decode(byte[] record, string[] labelKeys)
    {
        if (record.Length > 256 * 1024)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(record, new JsonDocumentOptions { MaxDepth = 64 });
            return document.RootElement.ValueKind == JsonValueKind.Object ? Read(document.RootElement, labelKeys) : null;
        }
        catch (JsonException)
        {
            return null;
        }
        catch (Refused)
        {
            return null;
        }
    }

    private static Dictionary<string, string> Read(JsonElement root, string[] labelKeys)
    {
        var e = new Dictionary<string, string>(StringComparer.Ordinal);
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            var name = NameOf(member);
            if (name is null || !IsKnown(name))
            {
                continue;
            }

            Require(named.Add(name));
            if (member.Value.ValueKind != JsonValueKind.Null)
            {
                ReadMember(e, name, member.Value, labelKeys);
            }
        }

        Judge(e);
        return e;
    }

    private static bool IsKnown(string name) =>
        Texts.Contains(name) || Integers.Contains(name) || Enumerations.ContainsKey(name)
        || name is "time" or "started_at" or "units" or "labels" or "pii" or "accepted";

    private static void ReadMember(Dictionary<string, string> e, string name, JsonElement value, string[] labelKeys)
    {
        switch (name)
        {
            case "time":
                e[name] = TimeOf(value).ToString(CultureInfo.InvariantCulture);
                break;
            case "started_at":
                e[name] = value.ValueKind == JsonValueKind.String ? TextOf(value, 256) : Format(IntegerOf(value));
                Require(value.ValueKind == JsonValueKind.String || Math.Abs(IntegerOf(value)) < 1_000_000_000_000_000_000);
                break;
            case "pii" or "accepted":
                Require(value.ValueKind is JsonValueKind.True or JsonValueKind.False);
                e[name] = value.ValueKind.ToString();
                break;
            case "units":
                ReadUnits(e, value);
                break;
            case "labels":
                ReadLabels(e, value, labelKeys);
                break;
            default:
                e[name] = Integers.Contains(name) ? Format(IntegerOf(value)) : TextOf(value, 256);
                Require(!Integers.Contains(name) || Math.Abs(Number(e, name)) <= 1_000_000_000_000);
                Require(!Enumerations.TryGetValue(name, out var values) || values.Contains(e[name]));
                break;
        }
    }

    private static void ReadUnits(Dictionary<string, string> e, JsonElement units)
    {
        Require(units.ValueKind == JsonValueKind.Object);
        var count = 0;
        foreach (var unit in units.EnumerateObject())
        {
            var name = NameOf(unit);
            Require(name is { Length: > 0 } && Encoding.UTF8.GetByteCount(name) <= 64 && name.All(c => c >= ' '));
            if (unit.Value.ValueKind != JsonValueKind.Null)
            {
                Require(e.TryAdd($"units.{name}", Format(IntegerOf(unit.Value))) && ++count <= 8);
                Require(Math.Abs(Number(e, $"units.{name}")) <= 1_000_000_000_000);
            }
        }
    }

    private static void ReadLabels(Dictionary<string, string> e, JsonElement labels, string[] labelKeys)
    {
        Require(labels.ValueKind == JsonValueKind.Object);
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var label in labels.EnumerateObject())
        {
            var name = NameOf(label);
            if (name is not null && labelKeys.Contains(name))
            {
                Require(named.Add(name));
                if (label.Value.ValueKind != JsonValueKind.Null)
                {
                    e[$"labels.{name}"] = TextOf(label.Value, 256);
                }
            }
        }
    }

    private static void Judge(Dictionary<string, string> e)
    {
        Require(e.ContainsKey("time"));
        Require(e.GetValueOrDefault("v", "1") == "1");
        Require(Number(e, "max_tokens") is >= 0 and <= 1_000_000_000_000);
        if (e.GetValueOrDefault("kind") == "tick")
        {
            return;
        }

        Require(RequiredTexts.All(name => e.GetValueOrDefault(name, "").Length > 0));
        var adjustment = e.GetValueOrDefault("kind") == "adjustment";
        Require(!adjustment || e.ContainsKey("adjusts"));
        var isUnknown = e.GetValueOrDefault("result_type", "ok") != "ok" || e.GetValueOrDefault("completeness") == "estimated";
        Require(adjustment || isUnknown || (e.ContainsKey("tokens_in") && e.ContainsKey("tokens_out")));
        foreach (var name in e.Keys.Where(key => Tokens.Contains(key) || key.StartsWith("units.", StringComparison.Ordinal)))
        {
            Require(Number(e, name) <= 1_000_000_000_000 && Number(e, name) >= (adjustment ? -1_000_000_000_000 : 0));
        }

        Require(Number(e, "latency_ms") is >= 0 and <= 1_000_000_000_000 && Number(e, "ttft_ms") is >= 0 and <= 1_000_000_000_000);
        Require(!e.ContainsKey("attempt") || Number(e, "attempt") is >= 1 and <= 1_000_000_000_000);
        var subsets = Number(e, "tokens_cached") + Number(e, "tokens_cache_write_5m") + Number(e, "tokens_cache_write_1h");
        Require(adjustment || (subsets <= Number(e, "tokens_in") && Number(e, "tokens_reasoning") <= Number(e, "tokens_out")));
    }

    private static decimal Number(Dictionary<string, string> e, string name) =>
        decimal.Parse(e.GetValueOrDefault(name, "0"), CultureInfo.InvariantCulture);

    private static long TimeOf(JsonElement value)
    {
        var timeMs = value.ValueKind == JsonValueKind.String ? Rfc3339(TextOf(value, 256)) : IntegerOf(value);
        Require(timeMs >= 1_420_070_400_000 && timeMs <= 253_402_300_799_999);
        return (long)timeMs;
    }

    private static decimal Rfc3339(string text)
    {
        var match = Rfc3339Pattern().Match(text);
        Require(match.Success);
        int Part(string name) => int.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture);
        var leap = Part("s") == 60;
        var offset = match.Groups["oh"].Success ? (Part("oh") * 60) + Part("om") : 0;
        Require(Part("y") > 0 && Part("mo") is >= 1 and <= 12 && Part("d") >= 1 && Part("d") <= DateTime.DaysInMonth(Part("y"), Part("mo")));
        Require(Part("h") <= 23 && Part("mi") <= 59 && Part("s") <= 60 && (!match.Groups["oh"].Success || (Part("oh") <= 23 && Part("om") <= 59)));
        var local = new DateTime(Part("y"), Part("mo"), Part("d"), Part("h"), Part("mi"), leap ? 59 : Part("s"), DateTimeKind.Utc);
        var minutes = match.Groups["sign"].Value == "-" ? -offset : offset;
        var ms = ((decimal)(local - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMillisecond) - (minutes * 60_000m);
        Require(!leap || (((ms % 86_400_000) + 86_400_000) % 86_400_000) == 86_399_000);
        return ms + (leap ? 1000 : 0) + int.Parse(match.Groups["f"].Value.PadRight(3, '0')[..3], CultureInfo.InvariantCulture);
    }

    private static decimal IntegerOf(JsonElement value)
    {
        Require(value.ValueKind == JsonValueKind.Number);
        var text = value.GetRawText();
        Require(IntegerPattern().IsMatch(text) && text.Length <= 20);
        return decimal.Parse(text, CultureInfo.InvariantCulture);
    }

    private static string Format(decimal number) => (number == 0 ? 0 : number).ToString(CultureInfo.InvariantCulture);

    private static string TextOf(JsonElement value, int bound)
    {
        Require(value.ValueKind == JsonValueKind.String);
        try
        {
            var text = value.GetString()!;
            Require(Encoding.UTF8.GetByteCount(text) <= bound && text.All(c => c >= ' '));
            return text;
        }
        catch (InvalidOperationException)
        {
            throw new Refused();
        }
    }

    private static string? NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static void Require(bool held)
    {
        if (!held)
        {
            throw new Refused();
        }
    }

    [GeneratedRegex("^(?<y>[0-9]{4})-(?<mo>[0-9]{2})-(?<d>[0-9]{2})[Tt](?<h>[0-9]{2}):(?<mi>[0-9]{2}):(?<s>[0-9]{2})([.](?<f>[0-9]{1,9}))?([Zz]|(?<sign>[+-])(?<oh>[0-9]{2}):(?<om>[0-9]{2}))\\z")]
    private static partial Regex Rfc3339Pattern();

    [GeneratedRegex("^-?[0-9]+\\z")]
    private static partial Regex IntegerPattern();

    private sealed class Refused : Exception;
}
