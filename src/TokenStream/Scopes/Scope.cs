using System.Text;
using TokenStream.Events;

namespace TokenStream.Scopes;

/// <summary>
/// A set of requests: each dimension is free, or bound to a value or to a pattern with <c>*</c>. Written as
/// <c>tenant=acme;model=gpt-4*</c>, dimensions in the order of <see cref="ScopeDimension"/>; the set of all requests is <c>all</c>. The
/// text is the scope's identity: it is a part of record formats and decides the scope's partition.
/// </summary>
public sealed class Scope : IEquatable<Scope>
{
    public const int Dimensions = 8;

    private const string EverythingText = "all";

    private readonly ScopeTerm[] _terms;

    private Scope(ScopeTerm[] terms)
    {
        _terms = terms;
        Text = ScopeText.Write(terms, EverythingText);
    }

    /// <summary>All requests.</summary>
    public static Scope Everything { get; } = new(new ScopeTerm[Dimensions]);

    /// <summary>The canonical text.</summary>
    public string Text { get; }

    public ScopeTerm this[ScopeDimension dimension] => _terms[(int)dimension];

    /// <summary>A scope of terms that are exact or globs.</summary>
    /// <exception cref="ArgumentException">A term is neither, or is empty.</exception>
    public static Scope Of(params ReadOnlySpan<(ScopeDimension Dimension, ScopeTerm Term)> terms)
    {
        var all = new ScopeTerm[Dimensions];
        foreach (var (dimension, term) in terms)
        {
            if (term.Kind == ScopeTermKind.Each || (term.Kind != ScopeTermKind.Any && string.IsNullOrEmpty(term.Text)))
            {
                throw new ArgumentException($"'{dimension}' of a scope must be bound to a value or a pattern", nameof(terms));
            }

            all[(int)dimension] = term;
        }

        return new Scope(all);
    }

    /// <summary>Reads the canonical text back; false, with a sentence that completes "'text' ..", where it is none.</summary>
    public static bool TryParse(string text, out Scope scope, out string error)
    {
        scope = Everything;
        if (text == EverythingText)
        {
            error = "";
            return true;
        }

        if (!ScopeText.TryRead(text, out var terms, out error))
        {
            return false;
        }

        if (terms.Any(term => term.Kind == ScopeTermKind.Each))
        {
            error = "binds a dimension to every value: that is a pattern of scopes, not a scope";
            return false;
        }

        scope = new Scope(terms);
        if (scope.Text == text)
        {
            return true;
        }

        error = $"is not in canonical form, which is '{scope.Text}'";
        return false;
    }

    /// <summary>The partition, of so many, that everything about the scope is routed to.</summary>
    public int Partition(int partitions) => (int)(StableHash.Hash(Encoding.UTF8.GetBytes(Text)) % (uint)partitions);

    public bool Equals(Scope? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as Scope);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}
