namespace TokenStream.Scopes;

/// <summary>
/// What a budget's scope is declared as: a scope, or, with "each", one scope for every value met. Written like a scope, <c>&lt;each&gt;</c>
/// standing for every value: <c>environment=prod;tenant=&lt;each&gt;</c>.
/// </summary>
public sealed class ScopePattern : IEquatable<ScopePattern>
{
    private readonly ScopeTerm[] _terms;

    private ScopePattern(ScopeTerm[] terms)
    {
        _terms = terms;
        Text = ScopeText.Write(terms, "all");
    }

    public string Text { get; }

    /// <summary>Whether it stands for many scopes.</summary>
    public bool HasEach => _terms.Any(term => term.Kind == ScopeTermKind.Each);

    public ScopeTerm this[ScopeDimension dimension] => _terms[(int)dimension];

    public static ScopePattern Of(params ReadOnlySpan<(ScopeDimension Dimension, ScopeTerm Term)> terms)
    {
        var all = new ScopeTerm[Scope.Dimensions];
        foreach (var (dimension, term) in terms)
        {
            all[(int)dimension] = term;
        }

        return new ScopePattern(all);
    }

    public static bool TryParse(string text, out ScopePattern pattern, out string error)
    {
        pattern = new ScopePattern(new ScopeTerm[Scope.Dimensions]);
        error = "";
        if (text == "all")
        {
            return true;
        }

        if (!ScopeText.TryRead(text, out var terms, out error))
        {
            return false;
        }

        pattern = new ScopePattern(terms);
        return true;
    }

    /// <summary>The scope that it makes of a request's values, one for each dimension; null where the request is in none.</summary>
    public Scope? ScopeOf(ReadOnlySpan<string> values)
    {
        for (var i = 0; i < Scope.Dimensions; i++)
        {
            if (!_terms[i].Matches(values[i]) || (_terms[i].Kind != ScopeTermKind.Any && values[i].Length == 0))
            {
                return null;
            }
        }

        return Bind(values);
    }

    /// <summary>The scope in which values have no place of their own: every "each" bound to one value.</summary>
    public Scope Other(string value)
    {
        var values = new string[Scope.Dimensions];
        Array.Fill(values, value);
        return Bind(values);
    }

    private Scope Bind(ReadOnlySpan<string> values)
    {
        var bound = new (ScopeDimension, ScopeTerm)[Scope.Dimensions];
        for (var i = 0; i < bound.Length; i++)
        {
            bound[i] = ((ScopeDimension)i, _terms[i].Kind == ScopeTermKind.Each ? ScopeTerm.Exact(values[i]) : _terms[i]);
        }

        return Scope.Of(bound);
    }

    /// <summary>Whether the pattern stands for this scope.</summary>
    public bool Covers(Scope scope)
    {
        for (var i = 0; i < Scope.Dimensions; i++)
        {
            var term = scope[(ScopeDimension)i];
            if (_terms[i].Kind == ScopeTermKind.Each ? term.Kind != ScopeTermKind.Exact : _terms[i] != term)
            {
                return false;
            }
        }

        return true;
    }

    public bool Equals(ScopePattern? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as ScopePattern);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}
