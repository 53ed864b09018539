using System.Text;
using TokenStream.Scopes;

namespace TokenStream.Windowing;

/// <summary>Reads the values of records on <c>tokenstream.spend</c>. Remembers the scopes it has met; for one thread.</summary>
public sealed class SpendDecoder
{
    /// <summary>Scopes remembered; beyond, all are forgotten and met anew.</summary>
    private const int MaxScopes = 200_000;

    private readonly Dictionary<string, Scope> _scopes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Scope>.AlternateLookup<ReadOnlySpan<char>> _byText;
    private readonly BlockRecord.Body<ScopeSpend> _body;
    private char[] _text = new char[256];

    public SpendDecoder() => (_byText, _body) = (_scopes.GetAlternateLookup<ReadOnlySpan<char>>(), ReadSpends);

    /// <summary>
    /// Reads one record: what its scopes spent is appended to the list, or it is the mark that is returned. Throws
    /// <see cref="FormatException"/> where the bytes are not of the format.
    /// </summary>
    public Mark? Read(ReadOnlySpan<byte> value, List<ScopeSpend> spends) =>
        BlockRecord.Read(value, SpendEncoder.Kind, SpendEncoder.Version, _body, spends);

    private void ReadSpends(ref BlockReader reader, List<ScopeSpend> spends)
    {
        var header = RollupBlockHeader.Read(ref reader);
        var budgets = reader.Long();
        for (var left = reader.Count(); left > 0; left--)
        {
            var scope = ReadScope(ref reader);
            var eventMs = header.WindowStartMs + reader.Long();
            spends.Add(new ScopeSpend(header, scope, ReadMeasures(ref reader)) { BudgetsVersion = budgets, EventMs = eventMs });
        }
    }

    private Scope ReadScope(ref BlockReader reader)
    {
        var bytes = reader.TextBytes();
        if (bytes.Length > _text.Length)
        {
            _text = new char[bytes.Length];
        }

        var text = _text.AsSpan(0, Encoding.UTF8.GetChars(bytes, _text));
        if (_byText.TryGetValue(text, out var known))
        {
            return known;
        }

        if (!Scope.TryParse(text.ToString(), out var scope, out var error))
        {
            throw new FormatException($"'{text}' {error}");
        }

        if (_scopes.Count >= MaxScopes)
        {
            _scopes.Clear();
        }

        _scopes.Add(scope.Text, scope);
        return scope;
    }

    private static SpendMeasures ReadMeasures(ref BlockReader reader)
    {
        Span<Int128> fields = stackalloc Int128[SpendMeasures.FieldCount];
        reader.Fields(fields);
        return SpendMeasures.From(fields);
    }
}
