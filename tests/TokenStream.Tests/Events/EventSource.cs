using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TokenStream.Tests.Events;

/// <summary>
/// Random events as several producers write them: each with its own order, blanks and optional fields, some with escapes, nulls, unknown
/// fields, and now and then a value at or beyond a bound. Most are calm: as their producer usually writes them.
/// </summary>
internal sealed class EventSource(int seed)
{
    private static readonly string[] Names =
    [
        "event_id", "time", "tenant_id", "app", "feature", "environment", "user_id", "session_id", "provider", "model", "prompt_version",
        "prompt_hash", "tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_reasoning", "units",
        "cache_status", "service_tier", "region", "latency_ms", "ttft_ms", "result_type", "error_type", "command_id", "completeness", "request_id",
        "attempt", "model_requested", "started_at", "max_tokens", "gateway_id", "api_key_id", "usage_convention", "kind", "adjusts", "labels", "pii",
        "accepted", "v", "x_unknown", "trace", "",
    ];

    private static readonly string[] Required = ["event_id", "time", "tenant_id", "provider", "model", "tokens_in", "tokens_out"];

    private readonly Random _random = new(seed);
    private bool _calm;
    private readonly List<(string[] Order, string Comma, string Colon, string End)> _producers = [];

    public byte[] Next()
    {
        while (_producers.Count < 5)
        {
            _producers.Add(Producer());
        }

        if (_random.Next(200) == 0)
        {
            _producers[_random.Next(5)] = Producer();
        }

        _calm = _random.Next(10) < 7;
        var (order, comma, colon, end) = _producers[_random.Next(10) < 7 ? 0 : _random.Next(5)];
        if (!_calm && _random.Next(15) == 0)
        {
            order = [.. order];
            _random.Shuffle(order);
        }

        var members = order
            .Where(name => Required.Contains(name) ? _calm || _random.Next(100) > 0 : _random.Next(_calm ? 16 : 6) > 0)
            .Select(name => $"{Name(name)}{colon}{Value(name)}");
        return Encoding.UTF8.GetBytes($"{{{string.Join(comma, members)}}}{end}");
    }

    private (string[] Order, string Comma, string Colon, string End) Producer()
    {
        var optional = Names.Except(Required).Where(_ => _random.Next(3) > 0).ToArray();
        string[] order = [.. Required, .. optional];
        if (_random.Next(2) == 0)
        {
            _random.Shuffle(order);
        }

        return _random.Next(4) switch
        {
            0 => (order, ", ", ": ", ""),
            1 => (order, ",\n  ", ": ", "\n"),
            _ => (order, ",", ":", ""),
        };
    }

    private string Name(string name) =>
        !_calm && _random.Next(300) == 0 && name.Length > 0 ? $"\"\\u{(int)name[0]:x4}{name[1..]}\"" : $"\"{name}\"";

    private string Value(string name)
    {
        if (!_calm && _random.Next(40) == 0 && !Required.Contains(name))
        {
            return "null";
        }

        if (!_calm && _random.Next(1000) == 0)
        {
            return Pick("12", "\"text\"", "true", "{}", "[1,2]", "-1", "1.5", "1e2", "0", "00");
        }

        return name switch
        {
            "time" => Time(),
            "started_at" => Pick("1772366397000", "\"2026-03-01T11:59:57Z\""),
            "tokens_in" => Number(5_000, 90_000_000),
            "tokens_out" => Number(2_000, 900_000),
            "tokens_cached" or "tokens_cache_write_5m" or "tokens_cache_write_1h" => Number(0, 1700),
            "tokens_reasoning" => Number(0, 2001),
            "latency_ms" or "ttft_ms" or "max_tokens" => Number(0, 100_000),
            "attempt" => Pick("1", "1", "2", "3"),
            "v" => "1",
            "pii" or "accepted" => Pick("true", "false"),
            "cache_status" => Pick("\"none\"", "\"exact\"", "\"prefix\"", "\"semantic\""),
            "result_type" => Pick("\"ok\"", "\"ok\"", "\"error\"", "\"timeout\"", "\"cancelled\"", "\"blocked_policy\"", "\"blocked_budget\""),
            "completeness" => Pick("\"final\"", "\"partial\"", "\"estimated\""),
            "kind" => Pick("\"request\"", "\"request\"", "\"request\"", "\"adjustment\"", "\"tick\""),
            "units" => Pick("{}", "{\"searches\":1}", "{\"audio_tokens_in\": 12 , \"s\\u0065conds\":3}", "{\"a\":1,\"b\":null,\"a\":2}"),
            "labels" => Pick("{}", "{\"team\":\"blue\"}", "{\"x\":[1],\"cost_centre\":\"c-7\",\"team\":\"\\u00fc\"}", "{\"team\":null,\"te\\u0061m\":\"z\"}"),
            "trace" => Pick("{\"a\":[1,{\"b\":null}]}", "[]", "[[\"\\ud800\",-0.5e+7]]", "12.5"),
            _ => Text(),
        };
    }

    private string Pick(params string[] values) => values[_random.Next(values.Length)];

    private string Number(long least, long most)
    {
        var number = _random.Next(4) == 0 ? _random.NextInt64(least, most) : _random.NextInt64(least, Math.Min(most, least + 1500));
        return _random.Next(400) switch
        {
            0 => "1000000000000",
            1 => "1000000000001",
            2 => "-5",
            3 => "123456789012345678901234567890",
            4 => "-0",
            5 => "12345678",
            _ => number.ToString(CultureInfo.InvariantCulture),
        };
    }

    private string Time()
    {
        var time = new DateTime(2026, 3, 1, 11, 0, 0, DateTimeKind.Utc).AddMilliseconds(_random.Next(300_000));
        return _random.Next(30) switch
        {
            0 => ((DateTimeOffset)time).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            1 => "1772366397",
            2 => time.ToString("'\"'yyyy-MM-ddTHH:mm:ss'Z\"'", CultureInfo.InvariantCulture),
            3 => time.ToString("'\"'yyyy-MM-ddtHH:mm:ss.ffffff'+05:30\"'", CultureInfo.InvariantCulture),
            4 => time.ToString("'\"'yyyy-MM-ddTHH:mm:ss.fffffff'z\"'", CultureInfo.InvariantCulture),
            5 when _random.Next(9) == 0 => Pick(
                "\"2016-12-31T23:59:60Z\"", "\"2016-12-31T22:59:60Z\"", "\"2026-02-29T00:00:00Z\"", "\"2026-01-01 00:00:00Z\"", "\"2014-12-31T23:59:59.999Z\"",
                "\"2026-03-01T11:00:61.000Z\"", "\"2026-03-01T11:00:0:.000Z\"", "\"2026-03-01T11:00:00.00Z\"", "\"10000-01-01T00:00:00Z\"", "\"2017-01-01T05:29:60.5+05:30\""),
            _ => time.ToString("'\"'yyyy-MM-ddTHH:mm:ss.fff'Z\"'", CultureInfo.InvariantCulture),
        };
    }

    private string Text() => _random.Next(300) switch
    {
        0 => JsonSerializer.Serialize(new string('ü', _random.Next(140))),
        1 => $"\"{new string('x', _random.Next(250, 260))}\"",
        2 => "\"\\n\"",
        3 => "\"\"",
        4 => "\"\\ud83d\\ude00\\\"\\\\\\/\"",
        5 => $"\"naïve-{_random.Next(100)}\"",
        6 => "\"\\ud83d\"",
        7 => $"\"{new string('x', _random.Next(20, 70))}\"",
        _ => $"\"{new string('a', _random.Next(12))}-{_random.Next(1000)}\"",
    };
}

/// <summary>Small damage to a record.</summary>
internal static class Mutation
{
    public static byte[] Of(byte[] record, Random random)
    {
        var bytes = new List<byte>(record);
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = (byte)"{}[]\":,\\0123456789.eE-+ \ntn"[random.Next(27)];
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.Insert(at, (byte)"{}[]\":,\\0123456789.eE-+ \ntn"[random.Next(27)]);
                    break;
                case 4:
                    var length = Math.Min(random.Next(1, 40), bytes.Count - at);
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                default:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return [.. bytes];
    }
}
