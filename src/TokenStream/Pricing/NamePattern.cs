using TokenStream.Events;

namespace TokenStream.Pricing;

/// <summary>
/// A case-blind name with wildcards: <c>*</c> stands for any run of characters, <c>#</c> for one decimal digit. Kept in lower case, so that
/// equal patterns are equal values.
/// </summary>
internal readonly record struct NamePattern
{
    private const char Digit = '#';

    public NamePattern(string text)
    {
        Text = text.ToLowerInvariant();
        IsLiteral = Text.AsSpan().IndexOfAny('*', Digit) < 0;
        Literals = Text.Count(character => character != '*');
    }

    public static NamePattern Anything { get; } = new("*");

    public string Text { get; }

    public bool IsLiteral { get; }

    /// <summary>How much of the name the pattern fixes: of several that match, the one with most wins.</summary>
    public int Literals { get; }

    public bool Matches(string name) => MatchesLower(name.ToLowerInvariant());

    /// <summary>The same for a name that is in lower case already.</summary>
    public bool MatchesLower(string name) => Wildcard.Matches(Text, name, Digit);

    public override string ToString() => Text;
}
