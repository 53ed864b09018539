namespace TokenStream.Chdb.Gate;

/// <summary>Finds FORMAT, and takes SETTINGS out.</summary>
internal static class TrailingClauses
{
    /// <summary>The name behind the last FORMAT, or null. A function <c>format(..)</c> and a name after a point are none.</summary>
    internal static string? Format(SqlPieces pieces)
    {
        for (var at = pieces.Count - 2; at > 0; at--)
        {
            if (pieces.IsKeyword(at, "FORMAT") && pieces[at + 1].IsName)
            {
                return at + 2 == pieces.Count || pieces[at + 2].IsWord("SETTINGS") ? pieces[at + 1].Text : null;
            }
        }
        return null;
    }

    /// <summary>Collects what SETTINGS clauses say and where they stand.</summary>
    /// <returns>Why a clause is refused, else null.</returns>
    internal static string? Settings(
        SqlPieces pieces, GateOptions options, List<KeyValuePair<string, string>> settings, List<(int Start, int End)> places)
    {
        // SHOW SETTINGS and SHOW CHANGED SETTINGS have the word as their second or third.
        for (var at = pieces[0].IsWord("SHOW") ? 3 : 1; at < pieces.Count; at++)
        {
            if (!pieces.IsKeyword(at, "SETTINGS"))
            {
                continue;
            }
            var start = pieces[at].Start;
            do
            {
                if (!TryValue(pieces, at + 1, out var value, out var next))
                {
                    return "A SETTINGS clause must be a list of name = value (quote the word where it is a name).";
                }
                var name = pieces[at + 1].Text;
                if (!options.IsSettingAllowed(name))
                {
                    return $"Readers may not set {name}.";
                }
                settings.Add(new(name, value));
                at = next;
            }
            while (pieces[at].IsSymbol(','));
            at--;
            places.Add((start, pieces[at].End));
        }
        return null;
    }

    /// <summary>Reads <c>name = value</c>, the value a text without escapes, a word or a number with sign and fraction.</summary>
    private static bool TryValue(SqlPieces pieces, int at, out string value, out int next)
    {
        value = "";
        next = at + 2;
        if (!pieces[at].IsName || !pieces[at + 1].IsSymbol('='))
        {
            return false;
        }
        if (pieces[next].Kind is SqlTokenKind.Text or SqlTokenKind.Word)
        {
            value = pieces[next++].Text;
            return !value.Contains('\\', StringComparison.Ordinal);
        }
        if (pieces[next].IsSymbol('-'))
        {
            value = "-";
            next++;
        }
        if (pieces[next].Kind != SqlTokenKind.Number)
        {
            return false;
        }
        value += pieces[next++].Text;
        if (pieces[next].IsSymbol('.') && pieces[next + 1].Kind == SqlTokenKind.Number)
        {
            value += "." + pieces[next + 1].Text;
            next += 2;
        }
        return true;
    }
}
