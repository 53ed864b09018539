namespace TokenStream.Chdb.Gate;

/// <summary>
/// A token that means something (no blank, no comment). <see cref="Text"/> is the word, the name without its quotes, the content of a text
/// that has no escapes, the number, or the symbol.
/// </summary>
internal readonly record struct SqlPiece(SqlTokenKind Kind, int Start, int End, string Text)
{
    internal bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName;

    /// <summary>A bare word equal to the keyword, whatever its case.</summary>
    internal bool IsWord(string keyword) => Kind == SqlTokenKind.Word && Text.Equals(keyword, StringComparison.OrdinalIgnoreCase);

    /// <summary>A name, bare or quoted, equal to this one, whatever its case.</summary>
    internal bool IsNamed(string name) => IsName && Text.Equals(name, StringComparison.OrdinalIgnoreCase);

    internal bool IsSymbol(char symbol) => Kind == SqlTokenKind.Symbol && Text[0] == symbol;
}
