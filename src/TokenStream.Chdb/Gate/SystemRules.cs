using System.Collections.Frozen;

namespace TokenStream.Chdb.Gate;

/// <summary>What of the engine's own tables readers see: the schema and the vocabulary, no path, no other's query.</summary>
internal static class SystemRules
{
    private static readonly FrozenSet<string> Tables = FrozenSet.ToFrozenSet(
        ["tables", "columns", "databases", "parts", "settings", "functions", "formats", "one", "numbers"], StringComparer.Ordinal);

    /// <summary>Tables with columns that tell where files lie; a query over them must name its columns.</summary>
    private static readonly FrozenSet<string> TablesWithPaths = FrozenSet.ToFrozenSet(
        ["tables", "databases", "parts"], StringComparer.Ordinal);

    private static readonly FrozenSet<string> Paths = FrozenSet.ToFrozenSet(
        ["data_path", "data_paths", "metadata_path", "path"], StringComparer.OrdinalIgnoreCase);

    internal static string? Refusal(SqlPieces pieces)
    {
        var hasPaths = false;
        for (var at = 0; at < pieces.Count; at++)
        {
            if (!pieces[at + 1].IsSymbol('.'))
            {
                continue;
            }
            if (pieces[at].IsNamed("information_schema"))
            {
                return "Readers may not use information_schema; system.tables and system.columns tell the same.";
            }
            if (!pieces[at].IsNamed("system"))
            {
                continue;
            }
            var table = pieces[at + 2];
            if (!table.IsName || !Tables.Contains(table.Text))
            {
                return $"Readers may not use system.{table.Text}; of system they have {string.Join(", ", Tables.Order())}.";
            }
            hasPaths |= TablesWithPaths.Contains(table.Text);
        }
        return hasPaths ? PathRefusal(pieces) : null;
    }

    private static string? PathRefusal(SqlPieces pieces)
    {
        for (var at = 0; at < pieces.Count; at++)
        {
            var isCount = pieces[at - 1].IsSymbol('(') && pieces[at - 2].IsNamed("count");
            if ((pieces[at].IsSymbol('*') && !isCount) || (pieces[at].IsNamed("COLUMNS") && pieces[at + 1].IsSymbol('(')))
            {
                return "Over system.tables, system.databases and system.parts readers name the columns they want; * is refused.";
            }
            if (pieces[at].IsName && Paths.Contains(pieces[at].Text))
            {
                return $"Readers may not see {pieces[at].Text}: it tells where files lie.";
            }
        }
        return null;
    }
}
