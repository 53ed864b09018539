using System.Collections.Frozen;
using System.Text;

namespace TokenStream.Scopes;

/// <summary>
/// Which scopes some patterns make of a request. Patterns are indexed by their shape (which dimensions they bind, and how), so that ten
/// thousand exact ones cost a look-up and not a scan; only patterns with wildcards beside the same exact values are tried one by one.
/// Immutable; slow enough that callers keep what they found.
/// </summary>
public sealed class ScopeIndex
{
    private readonly Shape[] _shapes;
    private readonly FrozenSet<string>[] _names;

    public ScopeIndex(IEnumerable<ScopePattern> patterns, TenantDirectory directory)
    {
        Patterns = [.. patterns.Distinct().OrderBy(pattern => pattern.Text, StringComparer.Ordinal)];
        Directory = directory;
        var shapes = new Dictionary<(int Exact, int Loose), Shape>();
        for (var number = 0; number < Patterns.Count; number++)
        {
            var (exact, loose) = (
                Mask(Patterns[number], ScopeTermKind.Exact), Mask(Patterns[number], ScopeTermKind.Each, ScopeTermKind.Glob));
            if (!shapes.TryGetValue((exact, loose), out var shape))
            {
                shapes.Add((exact, loose), shape = new Shape(exact, exact | loose));
            }

            shape.Add(number, Patterns[number]);
        }

        _shapes = [.. shapes.Values];
        _names = [.. Enum.GetValues<ScopeDimension>().Select(dimension => Patterns.Select(pattern => pattern[dimension])
            .Where(term => term.Kind == ScopeTermKind.Exact).Select(term => term.Text).ToFrozenSet(StringComparer.Ordinal))];
        BindsOrganisation = Array.Exists(_shapes, shape => shape.Binds(ScopeDimension.Organisation));
        BindsUser = Array.Exists(_shapes, shape => shape.Binds(ScopeDimension.User));
    }

    /// <summary>No patterns.</summary>
    public static ScopeIndex None { get; } = new([], TenantDirectory.Empty);

    /// <summary>Each once, in the order of their texts: a pattern's number is its place here.</summary>
    public IReadOnlyList<ScopePattern> Patterns { get; }

    /// <summary>Where a tenant's organisation comes from.</summary>
    public TenantDirectory Directory { get; }

    public bool BindsOrganisation { get; }

    public bool BindsUser { get; }

    /// <summary>Whether a pattern names the value: it keeps its own name in rollups, whatever their bounds.</summary>
    public bool Names(ScopeDimension dimension, string value) => _names[(int)dimension].Contains(value);

    /// <summary>Whether any user could put a request of these values, the user left out, into a scope that binds the user.</summary>
    public bool MayBindUser(ReadOnlySpan<string> values)
    {
        foreach (var shape in _shapes)
        {
            if (shape.Binds(ScopeDimension.User) && shape.MayHold(values))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The scopes of a request, by its values in the order of <see cref="ScopeDimension"/>, absent ones empty: those that bind the user, or
    /// those that do not. One that several patterns make is there once for each.
    /// </summary>
    public IEnumerable<(int Pattern, Scope Scope)> Find(string[] values, bool withUser) =>
        from shape in _shapes
        where shape.Binds(ScopeDimension.User) == withUser
        from pattern in shape.Candidates(values)
        let scope = Patterns[pattern].ScopeOf(values)
        where scope is not null
        select (pattern, scope);

    private static int Mask(ScopePattern pattern, params ReadOnlySpan<ScopeTermKind> kinds)
    {
        var mask = 0;
        for (var i = 0; i < Scope.Dimensions; i++)
        {
            mask |= kinds.Contains(pattern[(ScopeDimension)i].Kind) ? 1 << i : 0;
        }

        return mask;
    }

    /// <summary>Patterns that bind the same dimensions in the same way.</summary>
    private sealed class Shape(int exact, int bound)
    {
        private const int User = 1 << (int)ScopeDimension.User;

        private readonly Dictionary<string, List<int>> _byExact = new(StringComparer.Ordinal);
        private readonly HashSet<string> _withoutUser = new(StringComparer.Ordinal);

        public bool Binds(ScopeDimension dimension) => (bound & (1 << (int)dimension)) != 0;

        public void Add(int number, ScopePattern pattern)
        {
            var values = new string[Scope.Dimensions];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = pattern[(ScopeDimension)i].Text ?? "";
            }

            var key = Key(values, exact);
            if (!_byExact.TryGetValue(key, out var numbers))
            {
                _byExact.Add(key, numbers = []);
            }

            numbers.Add(number);
            _withoutUser.Add(Key(values, exact & ~User));
        }

        public List<int> Candidates(string[] values) =>
            HasAll(values, bound) && _byExact.TryGetValue(Key(values, exact), out var numbers) ? numbers : [];

        public bool MayHold(ReadOnlySpan<string> values) =>
            HasAll(values, bound & ~User) && _withoutUser.Contains(Key(values, exact & ~User));

        private static bool HasAll(ReadOnlySpan<string> values, int mask)
        {
            for (var i = 0; i < values.Length; i++)
            {
                if ((mask & (1 << i)) != 0 && values[i].Length == 0)
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>The exact values as one text; lengths go before, so that no two lists of values share it.</summary>
        private static string Key(ReadOnlySpan<string> values, int mask)
        {
            var key = new StringBuilder();
            for (var i = 0; i < values.Length; i++)
            {
                if ((mask & (1 << i)) != 0)
                {
                    key.Append((char)values[i].Length).Append(values[i]);
                }
            }

            return key.ToString();
        }
    }
}
