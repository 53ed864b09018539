using System.Collections.Frozen;

namespace TokenStream.Chdb.Gate;

/// <summary>
/// Looks at every place where a table is named: after FROM, JOIN, DESCRIBE, EXISTS, and after the commas of a FROM clause. A table there is
/// ours, one of <c>system</c>, a common table expression or a harmless table function; a text there would be a file's path.
/// </summary>
internal sealed class TableRules
{
    /// <summary>Functions with a FROM inside that names no table: <c>extract(year FROM t)</c>, <c>trim(BOTH ' ' FROM s)</c>.</summary>
    private static readonly FrozenSet<string> FunctionsWithFrom = FrozenSet.ToFrozenSet(
        ["extract", "trim", "ltrim", "rtrim", "substring", "substr", "mid", "overlay"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Keywords that end a FROM clause.</summary>
    private static readonly FrozenSet<string> Enders = FrozenSet.ToFrozenSet(
        [
            "SELECT", "WITH", "WHERE", "PREWHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "WINDOW", "QUALIFY", "UNION", "INTERSECT",
            "FORMAT", "SETTINGS",
        ],
        StringComparer.OrdinalIgnoreCase);

    private readonly SqlPieces _pieces;
    private readonly GateOptions _options;
    private readonly Stack<Level> _outer = new();
    private Level _level = new();

    private TableRules(SqlPieces pieces, GateOptions options)
    {
        _pieces = pieces;
        _options = options;
    }

    internal static string? Refusal(SqlPieces pieces, GateOptions options) => new TableRules(pieces, options).Walk();

    private string? Walk()
    {
        var at = Begin();
        while (at < _pieces.Count)
        {
            var piece = _pieces[at];
            if (piece.Kind == SqlTokenKind.Symbol)
            {
                if (Symbol(at) is { } refusal)
                {
                    return refusal;
                }
                at++;
            }
            else if (_level.ExpectsTable && !piece.IsWord("SELECT") && !piece.IsWord("WITH"))
            {
                if (Table(ref at) is { } refusal)
                {
                    return refusal;
                }
            }
            else
            {
                if (piece.Kind == SqlTokenKind.Word && !_pieces[at - 1].IsSymbol('.'))
                {
                    Word(at);
                }
                at++;
            }
        }
        return _outer.Count > 0 ? "A bracket is not closed." : null;
    }

    /// <summary>DESCRIBE and EXISTS name their table without FROM, and so does SHOW CREATE.</summary>
    private int Begin()
    {
        var at = 1;
        var isCreate = _pieces[0].IsWord("SHOW") && _pieces[1].IsWord("CREATE");
        if (!isCreate && !_pieces[0].IsWord("DESCRIBE") && !_pieces[0].IsWord("DESC") && !_pieces[0].IsWord("EXISTS"))
        {
            return 0;
        }
        at += isCreate ? 1 : 0;
        at += _pieces[at].IsWord("TEMPORARY") ? 1 : 0;
        var isKind = _pieces[at].IsWord("TABLE") || _pieces[at].IsWord("VIEW") || _pieces[at].IsWord("DATABASE") ||
            _pieces[at].IsWord("DICTIONARY");
        _level.ExpectsTable = true;
        return isKind && at + 1 < _pieces.Count ? at + 1 : at;
    }

    private string? Symbol(int at)
    {
        switch (_pieces[at].Text[0])
        {
            case '(' or '[' or '{':
                if (_outer.Count == _options.MostDepth)
                {
                    return $"The statement has more than {_options.MostDepth} brackets within brackets.";
                }
                // Where a table may stand, brackets hold a sub-select or a list of joined tables.
                var holdsTables = _level.ExpectsTable && _pieces[at].IsSymbol('(');
                if (_level.ExpectsTable && !holdsTables)
                {
                    return NotATable(at);
                }
                _level.ExpectsTable = false;
                _outer.Push(_level);
                _level = new Level
                {
                    ExpectsTable = holdsTables,
                    InFrom = holdsTables,
                    Opener = _pieces[at - 1].IsName ? _pieces[at - 1].Text : "",
                };
                return null;
            case ')' or ']' or '}':
                if (!_outer.TryPop(out _level))
                {
                    return "A bracket is closed that was not opened.";
                }
                return null;
            case ',':
                _level.ExpectsTable = _level.InFrom;
                return null;
            default:
                return _level.ExpectsTable ? NotATable(at) : null;
        }
    }

    private void Word(int at)
    {
        var piece = _pieces[at];
        if (piece.IsWord("FROM"))
        {
            var isDistinctFrom = _pieces[at - 1].IsWord("DISTINCT") && (_pieces[at - 2].IsWord("IS") || _pieces[at - 2].IsWord("NOT"));
            var isFillFrom = _pieces[at - 1].IsWord("FILL") && _pieces[at - 2].IsWord("WITH");
            var isArgument = !_level.SawSelect && FunctionsWithFrom.Contains(_level.Opener);
            _level.InFrom = _level.ExpectsTable = !isDistinctFrom && !isFillFrom && !isArgument;
        }
        else if (piece.IsWord("JOIN"))
        {
            _level.InFrom = _level.ExpectsTable = !_pieces[at - 1].IsWord("ARRAY");
        }
        else if (Enders.Contains(piece.Text))
        {
            _level.InFrom = _level.ExpectsTable = false;
            _level.SawSelect |= piece.IsWord("SELECT");
        }
    }

    /// <summary>Checks the name that begins here and goes behind it.</summary>
    private string? Table(ref int at)
    {
        var first = _pieces[at];
        if (!first.IsName)
        {
            return NotATable(at);
        }
        var last = first;
        var parts = 1;
        at++;
        while (_pieces[at].IsSymbol('.'))
        {
            last = _pieces[at + 1];
            if (!last.IsName)
            {
                return NotATable(at);
            }
            parts++;
            at += 2;
        }
        _level.ExpectsTable = false;
        if (_pieces[at].IsSymbol('(') && parts == 1)
        {
            return NameRules.ReadableTableFunctions.Contains(first.Text) ? null : $"Readers may not use the table function {first.Text}.";
        }
        if (first.Text.AsSpan().ContainsAny("./:\\") || last.Text.AsSpan().ContainsAny("./:\\"))
        {
            return $"The quoted name '{first.Text}' looks like a path; write `database`.`table`.";
        }
        var isOurs = parts == 1 || (parts == 2 && (first.Text == _options.Database || first.IsNamed("system")));
        return isOurs ? null : $"Readers have the tables and views of {_options.Database}, not those of {first.Text}.";
    }

    private string NotATable(int at) => $"The name of a table is expected at byte {_pieces[at].Start}, not '{_pieces[at].Text}'.";

    /// <summary>What is known within one pair of brackets.</summary>
    private struct Level
    {
        internal bool InFrom;
        internal bool ExpectsTable;
        internal bool SawSelect;
        internal string Opener;

        public Level() => Opener = "";
    }
}
