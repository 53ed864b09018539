namespace TokenStream.Yaml;

/// <summary>
/// Reads one mapping: whoever asks for a key says that it is allowed and what it must be; <see cref="Close"/> then names every key that
/// nobody asked for.
/// </summary>
internal sealed class YamlReader
{
    private readonly YamlMap _map;
    private readonly TextErrors _errors;
    private readonly List<string> _known = [];

    private YamlReader(YamlMap map, TextErrors errors)
    {
        _map = map;
        _errors = errors;
    }

    public YamlMap Map => _map;

    public static YamlReader? Open(YamlTree tree, string what, TextErrors errors)
    {
        if (tree is YamlMap map)
        {
            return new YamlReader(map, errors);
        }

        errors.Add(tree, $"{what} must be a mapping, not {tree.Kind}");
        return null;
    }

    /// <summary>The value of a key, or null where it is absent.</summary>
    public YamlTree? Value(string key)
    {
        _known.Add(key);
        return _map.Entries.FirstOrDefault(entry => entry.Key.Text == key).Value;
    }

    /// <summary>Whether any of some keys is there, whatever its value.</summary>
    public bool Has(IReadOnlyList<string> keys) => _map.Entries.Any(entry => keys.Contains(entry.Key.Text));

    public YamlScalar? Scalar(string key)
    {
        switch (Value(key))
        {
            case null:
                return null;
            case YamlScalar { Text.Length: > 0 } scalar:
                return scalar;
            case YamlScalar empty:
                _errors.Add(empty, $"'{key}' is empty; leave the key out if there is nothing to say");
                return null;
            case var other:
                _errors.Add(other, $"'{key}' must be a text or number, not {other.Kind}");
                return null;
        }
    }

    public string? Text(string key) => Scalar(key)?.Text;

    /// <summary>Notes that a key is required, and stands in for its value.</summary>
    public string Missing(string key)
    {
        if (_map.Entries.All(entry => entry.Key.Text != key))
        {
            Error($"'{key}' is missing");
        }

        return string.Empty;
    }

    public IReadOnlyList<YamlScalar> Texts(string key)
    {
        switch (Value(key))
        {
            case null:
                return [];
            case YamlList list:
                foreach (var item in list.Items.Where(item => item is not YamlScalar { Text.Length: > 0 }))
                {
                    _errors.Add(item, $"'{key}' must be a list of texts");
                }

                return [.. list.Items.OfType<YamlScalar>().Where(item => item.Text.Length > 0)];
            case var other:
                _errors.Add(other, $"'{key}' must be a list, not {other.Kind}");
                return [];
        }
    }

    /// <summary>A mapping within this one, or null where it is absent.</summary>
    public YamlReader? Child(string key) => Value(key) is { } value ? Open(value, $"'{key}'", _errors) : null;

    /// <summary>The entries of a mapping of mappings.</summary>
    public IEnumerable<(YamlScalar Key, YamlReader Value)> Children(string key)
    {
        if (Value(key) is not { } value)
        {
            yield break;
        }

        if (Open(value, $"'{key}'", _errors) is not { } children)
        {
            yield break;
        }

        foreach (var (name, child) in children._map.Entries)
        {
            if (Open(child, $"'{name.Text}'", _errors) is { } reader)
            {
                yield return (name, reader);
            }
        }
    }

    /// <summary>A list of mappings; a single mapping stands for a list of one.</summary>
    public IReadOnlyList<YamlReader> Items(string key)
    {
        var value = Value(key);
        return value switch
        {
            null => [],
            YamlList list => [.. list.Items.Select(item => Open(item, $"an entry of '{key}'", _errors)).OfType<YamlReader>()],
            _ => Open(value, $"'{key}'", _errors) is { } one ? [one] : [],
        };
    }

    public void Error(string message) => _errors.Add(_map, message);

    public void Error(YamlTree at, string message) => _errors.Add(at, message);

    /// <summary>Names the keys that mean nothing here.</summary>
    public void Close()
    {
        foreach (var (key, _) in _map.Entries.Where(entry => !_known.Contains(entry.Key.Text)))
        {
            _errors.Add(
                key, $"'{key.Text}' is not known here; possible are {string.Join(", ", _known.Distinct().Order(StringComparer.Ordinal))}");
        }
    }
}
