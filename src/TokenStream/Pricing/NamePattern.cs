namespace TokenStream.Pricing;

/// <summary>
/// A case-blind name with wildcards: <c>*</c> stands for any run of characters, <c>#</c> for one decimal digit. Kept in lower case, so that
/// equal patterns are equal values.
/// </summary>
internal readonly record struct NamePattern
{
    public NamePattern(string text)
    {
        Text = text.ToLowerInvariant();
        IsLiteral = Text.AsSpan().IndexOfAny('*', '#') < 0;
        Literals = Text.Count(character => character != '*');
    }

    public static NamePattern Anything { get; } = new("*");

    public string Text { get; }

    public bool IsLiteral { get; }

    /// <summary>How much of the name the pattern fixes: of several that match, the one with most wins.</summary>
    public int Literals { get; }

    public bool Matches(string name) => Matches(Text, name.ToLowerInvariant());

    /// <summary>The same for a name that is in lower case already.</summary>
    public bool MatchesLower(string name) => Matches(Text, name);

    public override string ToString() => Text;

    /// <summary>Walks both once, going back to the last star on a mismatch: linear but for patterns of many stars.</summary>
    private static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        int at = 0, star = -1, resume = 0, position = 0;
        while (position < name.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                resume = position;
            }
            else if (at < pattern.Length && (pattern[at] == '#' ? char.IsAsciiDigit(name[position]) : pattern[at] == name[position]))
            {
                at++;
                position++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                position = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern[at..].TrimStart('*').IsEmpty;
    }
}
