namespace TokenStream.Service.Replay;

/// <summary>
/// Which column of a trace is which field of an event: <c>field=column</c>, <c>field=column:unit</c>, or <c>field='text'</c> for all rows.
/// </summary>
internal sealed class TraceMap
{
    /// <summary>Fields that a trace can give, with the units they may have; the first is the default.</summary>
    private static readonly Dictionary<string, string[]> Fields = new(StringComparer.Ordinal)
    {
        ["time"] = ["iso", "s", "ms", "relative_s", "relative_ms"],
        ["tokens_in"] = [""],
        ["tokens_out"] = [""],
        ["tokens_cached"] = [""],
        ["cached_percent"] = [""],
        ["latency"] = ["ms", "s"],
        ["ttft"] = ["ms", "s"],
        ["model"] = [""],
        ["provider"] = [""],
        ["tenant"] = [""],
        ["app"] = [""],
        ["feature"] = [""],
        ["user"] = [""],
        ["session"] = [""],
        ["prompt_hash"] = [""],
        ["succeeded"] = [""],
        ["failed"] = [""],
    };

    private static readonly (string Column, string Map)[] Presets =
    [
        ("ContextTokens", "time=TIMESTAMP,tokens_in=ContextTokens,tokens_out=GeneratedTokens"),
        ("hash_ids", "time=timestamp_ms:relative_ms,tokens_in=input_length,tokens_out=output_length"),
        ("request_arrival_delta_s",
            "time=request_arrival_delta_s:relative_s,tokens_in=input_tokens,tokens_out=output_tokens,model=model_id,session=session_id," +
            "latency=api_time_s:s,ttft=ttft_s:s,prompt_hash=block_hashes_hash"),
        ("input_messages_hash",
            "time=end_time_iso,tokens_in=input_tokens,tokens_out=output_tokens,model=response_model,session=session_id," +
            "latency=duration_ms,prompt_hash=input_messages_hash,app=harness,feature=benchmark,failed=is_error"),
        ("request_complete_time",
            "time=request_complete_time:s,tokens_in=input_tokens,tokens_out=output_tokens_actual,user=user_id,session=trace_id," +
            "latency=ttlt:s,ttft=ttft:s,app=run,succeeded=success,model='deepseek-r1'"),
        ("input_num_tokens",
            "time=relative_time_sec:relative_s,tokens_in=input_num_tokens,tokens_out=output_num_tokens,latency=latency_ms,ttft=ttft_ms," +
            "cached_percent=approx_cached_percent,session=conversation_id,user=client_id,app=run,model='llama-3.3-70b-versatile'"),
    ];

    private readonly Dictionary<string, (int Column, string Unit, string? Text)> _fields = new(StringComparer.Ordinal);

    private TraceMap()
    {
    }

    public bool IsRelative => _fields["time"].Unit.StartsWith("relative", StringComparison.Ordinal);

    /// <summary>
    /// A map for a header: what is given, over the preset whose column the header has. Throws <see cref="FormatException"/> with a sentence
    /// that names the columns where it does not fit.
    /// </summary>
    public static TraceMap For(IReadOnlyList<string> header, string? given)
    {
        var map = new TraceMap();
        var preset = Presets.FirstOrDefault(p => header.Contains(p.Column)).Map;
        foreach (var entry in Entries(preset).Concat(Entries(given)))
        {
            map.Add(entry, header);
        }

        foreach (var required in new[] { "time", "tokens_in", "tokens_out" })
        {
            if (!map._fields.ContainsKey(required))
            {
                throw new FormatException(
                    $"no column is known to be '{required}'; say so with --map {required}=COLUMN. The columns are " +
                    $"{string.Join(", ", header)}.");
            }
        }

        return map;
    }

    /// <summary>A field of a row with its unit; null where the map or the row has none.</summary>
    public string? Text(string field, IReadOnlyList<string> row, out string unit)
    {
        unit = "";
        if (!_fields.TryGetValue(field, out var source))
        {
            return null;
        }

        unit = source.Unit;
        var text = source.Text ?? (source.Column < row.Count ? row[source.Column] : "");
        return text.Length > 0 ? text : null;
    }

    public string? Text(string field, IReadOnlyList<string> row) => Text(field, row, out _);

    private static string[] Entries(string? map) =>
        map?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private void Add(string entry, IReadOnlyList<string> header)
    {
        var equals = entry.IndexOf('=', StringComparison.Ordinal);
        var field = equals < 0 ? entry : entry[..equals];
        if (equals < 0 || !Fields.TryGetValue(field, out var units))
        {
            throw new FormatException($"--map: '{entry}' is not field=column; fields are {string.Join(", ", Fields.Keys)}.");
        }

        var value = entry[(equals + 1)..];
        if (value.Length >= 2 && value[0] == '\'' && value[^1] == '\'')
        {
            _fields[field] = (0, units[0], value[1..^1]);
            return;
        }

        var colon = value.LastIndexOf(':');
        var unit = colon < 0 ? units[0] : value[(colon + 1)..];
        var column = header.ToList().IndexOf(colon < 0 ? value : value[..colon]);
        if (!units.Contains(unit))
        {
            throw new FormatException($"--map: '{unit}' is not a unit of {field}; possible are {string.Join(", ", units)}.");
        }

        _fields[field] = column >= 0
            ? (column, unit, null)
            : throw new FormatException($"--map: there is no column '{value}'; the columns are {string.Join(", ", header)}.");
    }
}
