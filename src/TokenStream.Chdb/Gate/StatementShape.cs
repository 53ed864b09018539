using System.Collections.Frozen;

namespace TokenStream.Chdb.Gate;

/// <summary>Which statements readers have: those that only read, by their first words.</summary>
internal static class StatementShape
{
    /// <summary>What SHOW may show. PROCESSLIST, GRANTS, USERS, CLUSTERS, caches and the rest are nobody's business.</summary>
    private static readonly FrozenSet<string> Shown = FrozenSet.ToFrozenSet(
        ["TABLES", "DATABASES", "COLUMNS", "FIELDS", "INDEX", "INDEXES", "INDICES", "KEYS", "SETTINGS", "FUNCTIONS"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Explained = FrozenSet.ToFrozenSet(
        ["AST", "SYNTAX", "QUERY", "TREE", "PLAN", "PIPELINE", "ESTIMATE"], StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Words that no reading statement has. INTO is here beside OUTFILE since an INSERT can hide behind WITH and EXPLAIN, and
    /// <c>EXPLAIN PIPELINE INSERT INTO FUNCTION file(..)</c> creates the file.
    /// </summary>
    private static readonly FrozenSet<string> NeverRead = FrozenSet.ToFrozenSet(
        ["OUTFILE", "INFILE", "INTO", "PARALLEL"], StringComparer.OrdinalIgnoreCase);

    internal static string? Refusal(SqlPieces pieces)
    {
        for (var at = 0; at < pieces.Count; at++)
        {
            if (pieces[at].Kind == SqlTokenKind.Word && NeverRead.Contains(pieces[at].Text))
            {
                return $"Readers may not write: the word {pieces[at].Text} is refused (quote it where it is a name).";
            }
        }
        var first = 0;
        while (pieces[first].IsSymbol('('))
        {
            first++;
        }
        var word = pieces[first].Kind == SqlTokenKind.Word ? pieces[first].Text.ToUpperInvariant() : "";
        return word switch
        {
            "SELECT" or "WITH" => null,
            "DESCRIBE" or "DESC" or "EXISTS" when first == 0 => Described(pieces),
            "SHOW" when first == 0 => Show(pieces),
            "EXPLAIN" when first == 0 => Explain(pieces),
            _ => "Readers have SELECT, WITH, SHOW, DESCRIBE, EXISTS and EXPLAIN; the statement begins with something else.",
        };
    }

    private static string? Described(SqlPieces pieces)
    {
        var isKnown = pieces[1].IsName || pieces[1].IsSymbol('(');
        return isKnown && !pieces[1].IsWord("FILESYSTEM") && !pieces[1].IsWord("CACHE") && !pieces[1].IsWord("USER")
            ? null
            : "Readers may describe tables, views and queries.";
    }

    private static string? Show(SqlPieces pieces)
    {
        var at = 1;
        while (pieces[at].IsWord("FULL") || pieces[at].IsWord("EXTENDED") || pieces[at].IsWord("CHANGED"))
        {
            at++;
        }
        if (pieces[at].Kind == SqlTokenKind.Word && Shown.Contains(pieces[at].Text))
        {
            return null;
        }
        var isCreate = at == 1 && pieces[1].IsWord("CREATE") && (pieces[2].IsWord("TABLE") || pieces[2].IsWord("VIEW")) && pieces[3].IsName;
        return isCreate ? null : "Readers may SHOW tables, databases, columns, indexes, settings, functions, CREATE TABLE and CREATE VIEW.";
    }

    /// <summary>Between EXPLAIN and the query stand its kind and options of the form <c>name = number</c>.</summary>
    private static string? Explain(SqlPieces pieces)
    {
        var at = 1;
        while (pieces[at].Kind == SqlTokenKind.Word && Explained.Contains(pieces[at].Text))
        {
            at++;
        }
        while (pieces[at].Kind == SqlTokenKind.Word && pieces[at + 1].IsSymbol('=') && pieces[at + 2].Kind == SqlTokenKind.Number)
        {
            at += 3;
            at += pieces[at].IsSymbol(',') ? 1 : 0;
        }
        while (pieces[at].IsSymbol('('))
        {
            at++;
        }
        return pieces[at].IsWord("SELECT") || pieces[at].IsWord("WITH") ? null : "Readers may EXPLAIN queries only.";
    }
}
