using System.Text;

namespace TokenStream.Chdb.Gate;

/// <summary>The meaningful tokens of one statement, with neighbours that can be asked for beyond both ends.</summary>
internal sealed class SqlPieces
{
    private readonly List<SqlPiece> _pieces = [];

    internal int Count => _pieces.Count;

    /// <summary>The piece at a place; one of kind Blank outside the statement.</summary>
    internal SqlPiece this[int at] => at >= 0 && at < _pieces.Count ? _pieces[at] : default;

    /// <summary>Whether the piece is a bare word that can be a keyword here: the part of a name after a point is none.</summary>
    internal bool IsKeyword(int at, string keyword) => this[at].IsWord(keyword) && !this[at - 1].IsSymbol('.');

    /// <summary>Reads a text that must hold one statement.</summary>
    /// <param name="parameters">Values for <c>{name:Identifier}</c>, which stand for names.</param>
    /// <param name="refusal">Why it could not be read, else null.</param>
    internal static SqlPieces Read(ReadOnlySpan<byte> sql, IReadOnlyDictionary<string, string> parameters, out string? refusal)
    {
        var pieces = new SqlPieces();
        var tokenizer = new SqlTokenizer(sql);
        var ended = false;
        refusal = null;
        while (refusal is null && tokenizer.TryNext(out var token))
        {
            if (token.Kind is SqlTokenKind.Blank or SqlTokenKind.Comment)
            {
                continue;
            }
            if (token.Kind == SqlTokenKind.Symbol && sql[token.Start] == (byte)';')
            {
                ended = pieces.Count > 0;
                continue;
            }
            refusal = ended ? "One request holds one statement: text follows the semicolon." : pieces.Add(token, sql);
        }
        refusal ??= pieces.Count == 0 ? "The statement is empty." : pieces.NameParameters(parameters);
        return pieces;
    }

    private string? Add(SqlToken token, ReadOnlySpan<byte> sql)
    {
        var bytes = token.Of(sql);
        if (token.Kind == SqlTokenKind.Unsure)
        {
            var shown = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 12)]);
            return $"The text at byte {token.Start} is not understood: '{shown}' (a quote or comment without an end, or an unusual sign).";
        }
        if (token.Kind == SqlTokenKind.QuotedName && bytes.Contains((byte)'\\'))
        {
            return "A quoted name may not hold a backslash.";
        }
        _pieces.Add(new SqlPiece(token.Kind, token.Start, token.End, Meaning(token.Kind, bytes)));
        return null;
    }

    private static string Meaning(SqlTokenKind kind, ReadOnlySpan<byte> bytes)
    {
        if (kind is not (SqlTokenKind.QuotedName or SqlTokenKind.Text))
        {
            return Encoding.UTF8.GetString(bytes);
        }
        var quote = (char)bytes[0];
        var inside = Encoding.UTF8.GetString(bytes[1..^1]);
        return inside.Replace(new string(quote, 2), quote.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Puts the name that a parameter stands for in its place, so that the rules see what the engine will see.</summary>
    private string? NameParameters(IReadOnlyDictionary<string, string> parameters)
    {
        for (var at = 0; at + 4 < Count; at++)
        {
            var isName = this[at].IsSymbol('{') && this[at + 1].IsName && this[at + 2].IsSymbol(':')
                && this[at + 3].IsNamed("Identifier") && this[at + 4].IsSymbol('}');
            if (!isName)
            {
                continue;
            }
            if (!parameters.TryGetValue(this[at + 1].Text, out var value) || !IsPlain(value))
            {
                return $"The parameter {this[at + 1].Text} stands for a name: its value must be one of letters, digits and underscores.";
            }
            _pieces[at] = new SqlPiece(SqlTokenKind.QuotedName, this[at].Start, this[at + 4].End, value);
            _pieces.RemoveRange(at + 1, 4);
        }
        return null;
    }

    private static bool IsPlain(string name) => name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');
}
