using System.Text;

namespace TokenStream.Pricing;

/// <summary>The units of one price book by number: <see cref="TokenUnits"/> first, then those of the book that stand alone.</summary>
public sealed class UnitTable
{
    /// <summary>Most units a book may name, token units included: rows hold an array of this many rates at most.</summary>
    public const int MaxUnits = 64;

    /// <summary>The number of a name that the book does not know.</summary>
    public const int Unknown = -1;

    private readonly byte[][] _names;

    public UnitTable(IEnumerable<string> standalone)
    {
        Names = [.. TokenUnits.Names, .. standalone.Except(TokenUnits.Names).Order(StringComparer.Ordinal)];
        if (Names.Count > MaxUnits)
        {
            throw new ArgumentException(
                $"A price book can name at most {MaxUnits} units, this one names {Names.Count}.", nameof(standalone));
        }

        _names = [.. Names.Select(Encoding.UTF8.GetBytes)];
    }

    public IReadOnlyList<string> Names { get; }

    /// <summary>
    /// The number of a unit by its UTF-8 name, or <see cref="Unknown"/>. A walk over a dozen names that compares lengths first is as fast
    /// as a hash for so few, and most events have no units at all.
    /// </summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        for (var unit = 0; unit < _names.Length; unit++)
        {
            if (_names[unit].Length == name.Length && name.SequenceEqual(_names[unit]))
            {
                return unit;
            }
        }

        return Unknown;
    }

    public int Find(string name) => Find(Encoding.UTF8.GetBytes(name));
}
