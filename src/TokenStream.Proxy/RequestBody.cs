using System.Globalization;
using System.Text;
using System.Text.Json;

namespace TokenStream.Proxy;

/// <summary>
/// A request's JSON: what decisions need of it, and edits of single values that leave every other byte as it was. A name that is looked
/// for may stand there once only, however it is written: twice would be one thing to us and another to the provider.
/// </summary>
internal sealed class RequestBody
{
    /// <summary>Bytes of JSON that make a token, roughly.</summary>
    private const int BytesPerToken = 4;

    /// <summary>A text so long without a blank is no prose but an image or a sound.</summary>
    private const int MediaBytes = 32 * 1024;

    /// <summary>What such a text is taken for.</summary>
    private const int MediaTokens = 1_500;

    /// <summary>The fewest tokens that Anthropic takes for thinking.</summary>
    private const int LeastThinking = 1_024;

    /// <summary>Schemas of tools nest deeply.</summary>
    private const int MostDepth = 256;

    private static readonly string[] Names =
    [
        "model", "stream", "stream_options", "stream_options.include_usage", "max_tokens", "max_completion_tokens", "max_output_tokens",
        "n", "best_of", "service_tier", "generationConfig", "generationConfig.maxOutputTokens", "generationConfig.candidateCount",
        "generation_config", "generation_config.max_output_tokens", "generation_config.candidate_count", "inferenceConfig",
        "inferenceConfig.maxTokens", "thinking", "thinking.budget_tokens",
    ];

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly Dictionary<string, Member> _members = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(int Start, int Length, string Text)> _edits = [];
    private long _mediaBytes;
    private long _media;

    private RequestBody(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    /// <summary>A value, or for the object around it where members begin.</summary>
    private readonly record struct Member(JsonTokenType Type, int Start, int End, bool IsEmpty);

    public ReadOnlyMemory<byte> Original => _bytes;

    /// <summary>The model that is named; null where none is.</summary>
    public string? Model { get; private set; }

    public bool IsStream => _members.TryGetValue("stream", out var stream) && stream.Type == JsonTokenType.True;

    public bool AsksForUsage =>
        _members.TryGetValue("stream_options.include_usage", out var asks) && asks.Type == JsonTokenType.True;

    public string? ServiceTier { get; private set; }

    /// <summary>Roughly what the prompt has; texts that can be nothing but media count for little.</summary>
    public long EstimatedTokens => ((_bytes.Length - _mediaBytes) / BytesPerToken) + (_media * MediaTokens);

    /// <summary>False where the bytes are no JSON object, or one that can be read in two ways.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, out RequestBody body)
    {
        body = new RequestBody(bytes);
        try
        {
            var reader = new Utf8JsonReader(bytes.Span, new JsonReaderOptions { MaxDepth = MostDepth });
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && body.TryMembers(ref reader, "") && !reader.Read();
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // No JSON, or a text that is no Unicode.
            return false;
        }
    }

    /// <summary>The most output tokens that are asked for; 0 where no limit is set, or none that can be read.</summary>
    public long Limit(ApiKind kind) => LimitNames(kind).Select(Whole).Max();

    /// <summary>Answers that are asked for at once; each may have the most tokens, and all are billed.</summary>
    public int Answers(ApiKind kind)
    {
        string[] names = kind == ApiKind.Gemini
            ? ["generationConfig.candidateCount", "generation_config.candidate_count"]
            : ["n", "best_of"];
        return (int)Math.Clamp(names.Select(Whole).Max(), 1, int.MaxValue);
    }

    /// <summary>Sees to it that every limit that is set is at most this one, and that one is.</summary>
    public void SetLimit(ApiKind kind, long limit)
    {
        var names = LimitNames(kind).Where(_members.ContainsKey).ToList();
        foreach (var name in names.Where(name => Whole(name) is var set && (set <= 0 || set > limit)))
        {
            Set(name, limit.ToString(CultureInfo.InvariantCulture));
        }

        if (kind == ApiKind.Messages && Whole("thinking.budget_tokens") >= limit)
        {
            LimitThinking(limit);
        }

        // What is asked of a model as it understands it by itself cannot be told how to name a limit.
        if (names.Count == 0 && kind is not (ApiKind.Invoke or ApiKind.Other))
        {
            Set(LimitNames(kind)[0], limit.ToString(CultureInfo.InvariantCulture));
        }
    }

    public void SetModel(string model) => Set("model", $"\"{JsonEncodedText.Encode(model)}\"");

    public void AskForUsage() => Set("stream_options.include_usage", "true");

    /// <summary>The bytes with the edits.</summary>
    public ReadOnlyMemory<byte> Edited()
    {
        if (_edits.Count == 0)
        {
            return _bytes;
        }

        using var edited = new MemoryStream(_bytes.Length + 256);
        var at = 0;
        foreach (var (start, length, text) in _edits.OrderBy(edit => edit.Start))
        {
            edited.Write(_bytes.Span[at..start]);
            edited.Write(Encoding.UTF8.GetBytes(text));
            at = start + length;
        }

        edited.Write(_bytes.Span[at..]);
        return edited.ToArray();
    }

    /// <summary>Anthropic thinks within the limit, or refuses the request.</summary>
    private void LimitThinking(long limit)
    {
        if (limit > LeastThinking)
        {
            Set("thinking.budget_tokens", (limit - 1).ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            Set("thinking", """{"type":"disabled"}""");
        }
    }

    /// <summary>The names of limits, the one first that is set where none stands.</summary>
    private static string[] LimitNames(ApiKind kind) => kind switch
    {
        ApiKind.Completions or ApiKind.Messages => ["max_tokens"],
        ApiKind.Responses => ["max_output_tokens"],
        ApiKind.Gemini => ["generationConfig.maxOutputTokens", "generation_config.max_output_tokens"],
        ApiKind.Converse => ["inferenceConfig.maxTokens"],
        _ => ["max_completion_tokens", "max_tokens", "max_output_tokens"],
    };

    private bool TryMembers(ref Utf8JsonReader reader, string prefix)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var path = Name(ref reader, prefix);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (path is null)
            {
                Pass(ref reader);
            }
            else if (!TryValue(ref reader, path, start))
            {
                return false;
            }
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>The path of a name that is looked for; null for any other.</summary>
    private static string? Name(ref Utf8JsonReader reader, string prefix)
    {
        var name = reader.GetString()!;
        return name.Contains('.', StringComparison.Ordinal)
            ? null
            : Array.Find(Names, known => known.Equals(prefix + name, StringComparison.OrdinalIgnoreCase));
    }

    private bool TryValue(ref Utf8JsonReader reader, string path, int start)
    {
        var type = reader.TokenType;
        var isEmpty = false;
        if (type == JsonTokenType.StartObject)
        {
            var inside = reader;
            inside.Read();
            isEmpty = inside.TokenType == JsonTokenType.EndObject;
            if (!TryMembers(ref reader, path + "."))
            {
                return false;
            }
        }
        else
        {
            Model = path == "model" && type == JsonTokenType.String ? reader.GetString() : Model;
            ServiceTier = path == "service_tier" && type == JsonTokenType.String ? reader.GetString() : ServiceTier;
            Pass(ref reader);
        }

        return _members.TryAdd(path, new Member(type, start, (int)reader.BytesConsumed, isEmpty));
    }

    /// <summary>Passes a value over, and sees the media in it.</summary>
    private void Pass(ref Utf8JsonReader reader)
    {
        var depth = 0;
        do
        {
            depth += reader.TokenType switch
            {
                JsonTokenType.StartObject or JsonTokenType.StartArray => 1,
                JsonTokenType.EndObject or JsonTokenType.EndArray => -1,
                _ => 0,
            };
            if (reader.TokenType == JsonTokenType.String && IsMedia(reader.ValueSpan))
            {
                _mediaBytes += reader.ValueSpan.Length;
                _media++;
            }
        }
        while (depth > 0 && reader.Read());
    }

    private static bool IsMedia(ReadOnlySpan<byte> text) => text.Length > MediaBytes && !text[..MediaBytes].Contains((byte)' ');

    private long Whole(string name) =>
        _members.TryGetValue(name, out var member) && member.Type == JsonTokenType.Number
        && long.TryParse(_bytes.Span[member.Start..member.End], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? whole
            : 0;

    /// <summary>Sets a value where it stands, or puts it first into its object, which is made where there is none.</summary>
    private void Set(string path, string value)
    {
        if (_members.TryGetValue(path, out var member))
        {
            _edits.Add((member.Start, member.End - member.Start, value));
            return;
        }

        var dot = path.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            var root = _bytes.Span.IndexOf((byte)'{') + 1;
            _edits.Add((root, 0, $"\"{path}\":{value}{(IsRootEmpty(root) ? "" : ",")}"));
        }
        else if (!_members.TryGetValue(path[..dot], out var around))
        {
            Set(path[..dot], $"{{\"{path[(dot + 1)..]}\":{value}}}");
        }
        else if (around.Type == JsonTokenType.StartObject)
        {
            _edits.Add((around.Start + 1, 0, $"\"{path[(dot + 1)..]}\":{value}{(around.IsEmpty ? "" : ",")}"));
        }
        else
        {
            _edits.Add((around.Start, around.End - around.Start, $"{{\"{path[(dot + 1)..]}\":{value}}}"));
        }
    }

    private bool IsRootEmpty(int start) => _bytes.Span[start..].TrimStart(" \t\r\n"u8)[0] == '}';
}
