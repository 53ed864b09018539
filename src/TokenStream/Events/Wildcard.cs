namespace TokenStream.Events;

/// <summary>Texts against patterns in which <c>*</c> stands for any run of characters. Case counts.</summary>
internal static class Wildcard
{
    /// <summary>Walks both once, going back to the last star on a mismatch: linear but for patterns of many stars.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="text">The text, all of which has to match.</param>
    /// <param name="digit">What stands in the pattern for one decimal digit; null where nothing does.</param>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text, char? digit = null)
    {
        int at = 0, star = -1, resume = 0, position = 0;
        while (position < text.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                resume = position;
            }
            else if (at < pattern.Length && (pattern[at] == digit ? char.IsAsciiDigit(text[position]) : pattern[at] == text[position]))
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
