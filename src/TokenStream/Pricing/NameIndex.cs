namespace TokenStream.Pricing;

/// <summary>
/// Finds what a name stands for. An id beats another literal name, which beats a pattern, and of several patterns the one that fixes most
/// characters wins, the first in the book among equals. Case-blind.
/// </summary>
internal sealed class NameIndex<T>
    where T : class
{
    private readonly Dictionary<string, T> _byId = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, T> _byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(NamePattern Pattern, T Value)> _patterns = [];

    public NameIndex(IEnumerable<T> values, Func<T, string> id, Func<T, IReadOnlyList<NamePattern>> names)
    {
        foreach (var value in values)
        {
            _byId.TryAdd(id(value), value);
            foreach (var name in names(value))
            {
                if (name.IsLiteral)
                {
                    _byName.TryAdd(name.Text, value);
                }
                else
                {
                    _patterns.Add((name, value));
                }
            }
        }

        _patterns = [.. _patterns.OrderByDescending(entry => entry.Pattern.Literals)];
    }

    public T? FindById(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Null where nothing has the name; <paramref name="how"/> says in words which name or pattern it was.</summary>
    public T? Find(string name, out string how)
    {
        how = string.Empty;
        if (_byId.TryGetValue(name, out var value))
        {
            return value;
        }

        if (_byName.TryGetValue(name, out value))
        {
            how = $", which is also called '{name}'";
            return value;
        }

        var lower = name.ToLowerInvariant();
        foreach (var (pattern, candidate) in _patterns)
        {
            if (pattern.MatchesLower(lower))
            {
                how = $", by its pattern '{pattern}'";
                return candidate;
            }
        }

        return null;
    }
}
