using TokenStream.Events;

namespace TokenStream.Scopes;

/// <summary>What a scope or a pattern of scopes asks of one dimension.</summary>
public enum ScopeTermKind
{
    /// <summary>Nothing: every value, and none, will do.</summary>
    Any = 0,

    /// <summary>Exactly this value.</summary>
    Exact = 1,

    /// <summary>Every value that matches, <c>*</c> standing for any run of characters. Case counts.</summary>
    Glob = 2,

    /// <summary>
    /// Every value, each making a scope of its own. Stands in patterns only. A request without the value has no such scope.
    /// </summary>
    Each = 3,
}

/// <summary>A term of a scope or pattern; the default is <see cref="ScopeTermKind.Any"/>.</summary>
public readonly record struct ScopeTerm(ScopeTermKind Kind, string Text)
{
    public static ScopeTerm Each { get; } = new(ScopeTermKind.Each, "");

    public static ScopeTerm Exact(string value) => new(ScopeTermKind.Exact, value);

    public static ScopeTerm Glob(string pattern) => new(ScopeTermKind.Glob, pattern);

    /// <summary>Whether a value satisfies the term; an absent value is empty.</summary>
    public bool Matches(ReadOnlySpan<char> value) => Kind switch
    {
        ScopeTermKind.Any => true,
        ScopeTermKind.Exact => value.SequenceEqual(Text),
        ScopeTermKind.Glob => Wildcard.Matches(Text, value),
        _ => !value.IsEmpty,
    };
}
