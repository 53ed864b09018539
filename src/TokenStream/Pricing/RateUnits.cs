namespace TokenStream.Pricing;

/// <summary>For how many units a book states prices: tokens by the million, other units as its keys say.</summary>
internal static class RateUnits
{
    public const long Million = 1_000_000;

    /// <summary>The keys under which prices of units that are not tokens stand, with the number of units.</summary>
    public static IReadOnlyList<(string Key, long Units)> Keys { get; } =
        [("per_unit", 1), ("per_thousand", 1_000), ("per_million", Million)];

    /// <summary>Whether a text can name a unit that is billed beside tokens.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= 64 &&
        text.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '_') &&
        !TokenUnits.Names.Contains(text) &&
        !RateSet.ClassKeys.Contains(text);
}
