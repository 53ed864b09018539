using System.Collections.Frozen;
using System.Text;

namespace TokenStream.Chdb.Gate;

/// <summary>
/// Decides whether a reader's statement may go to the engine. The engine's own roles and its read-only mode stand behind this gate, but
/// they leave open, measured: the scalar function <c>file</c> reads any file, INTO OUTFILE writes any, SET ROLE undoes the role, several
/// statements go in one text, and system tables tell where the data lies. What the gate is not sure about it refuses.
/// </summary>
internal static class SqlGate
{
    private static readonly FrozenDictionary<string, string> NoParameters = FrozenDictionary<string, string>.Empty;

    internal static GateResult Check(string sql, GateOptions options) => Check(Encoding.UTF8.GetBytes(sql), options);

    /// <summary>Checks a statement; the bytes of the result are the ones to run, and no others.</summary>
    /// <param name="sql">The statement in UTF-8.</param>
    /// <param name="options">What readers may reach.</param>
    /// <param name="parameters">Values of <c>{name:Type}</c> parameters by name; those of the type Identifier are checked as names.</param>
    internal static GateResult Check(ReadOnlySpan<byte> sql, GateOptions options, IReadOnlyDictionary<string, string>? parameters = null)
    {
        if (sql.Length > options.MostBytes)
        {
            return GateResult.Refused($"The statement has {sql.Length} bytes; readers may send {options.MostBytes}.");
        }
        var pieces = SqlPieces.Read(sql, parameters ?? NoParameters, out var refusal);
        var settings = new List<KeyValuePair<string, string>>();
        var places = new List<(int Start, int End)>();
        refusal ??= StatementShape.Refusal(pieces)
            ?? NameRules.Refusal(pieces)
            ?? SystemRules.Refusal(pieces)
            ?? TableRules.Refusal(pieces, options)
            ?? TrailingClauses.Settings(pieces, options, settings, places);
        return refusal is null
            ? new GateResult(null, Without(sql, places, pieces[pieces.Count - 1].End), settings, TrailingClauses.Format(pieces))
            : GateResult.Refused(refusal);
    }

    /// <summary>The statement up to its end, with a space where a clause was cut out.</summary>
    private static byte[] Without(ReadOnlySpan<byte> sql, List<(int Start, int End)> places, int end)
    {
        var kept = new byte[end + places.Count];
        var written = 0;
        var from = 0;
        foreach (var (start, stop) in places)
        {
            sql[from..start].CopyTo(kept.AsSpan(written));
            written += start - from;
            kept[written++] = (byte)' ';
            from = stop;
        }
        sql[from..end].CopyTo(kept.AsSpan(written));
        return kept[..(written + end - from)];
    }
}
