using System.Globalization;
using TokenStream.Windowing;

namespace TokenStream.Detection.Causes;

/// <summary>What a feature's usage is told apart by.</summary>
/// <param name="AboveTokens">The band of context that the price was of: its exclusive lower bound, -1 for the lowest.</param>
internal readonly record struct CauseCellKey(string Provider, string Model, long AboveTokens, string PromptVersion)
{
    private const string Above = "|above=";

    public static CauseCellKey Other => new(RollupKey.Other, RollupKey.Other, -1, RollupKey.Other);

    public static CauseCellKey Of(UsageCell cell) => new(cell.Provider, cell.Model, BandOf(cell.PriceCell), cell.PromptVersion);

    /// <summary>The band is all that is wanted of the text, a thousand times a minute: nothing else is read.</summary>
    private static long BandOf(string priceCell)
    {
        var at = priceCell.IndexOf(Above, StringComparison.Ordinal);
        if (at < 0)
        {
            return -1;
        }

        var rest = priceCell.AsSpan(at + Above.Length);
        var end = rest.IndexOf('|');
        return long.TryParse(end < 0 ? rest : rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) ? tokens : -1;
    }

    public void Write(BlockBuffer to)
    {
        to.Text(Provider);
        to.Text(Model);
        to.Signed(AboveTokens);
        to.Text(PromptVersion);
    }

    public static CauseCellKey Read(ref BlockReader from) => new(from.Text(), from.Text(), from.Long(), from.Text());
}

/// <summary>The usage of a combination: in one minute, over an episode, or as a baseline.</summary>
internal struct CauseCell
{
    public CauseCellKey Key;

    /// <summary>0 where it is of more than a minute.</summary>
    public long MinuteMs;

    /// <summary>An episode lasted: a baseline does not learn it.</summary>
    public bool IsHeld;

    /// <summary>Exact, picodollars.</summary>
    public Int128 Cost;

    public UsageSums Sums;

    public readonly void Write(BlockBuffer to)
    {
        Key.Write(to);
        to.Signed(MinuteMs);
        to.Byte(IsHeld ? (byte)1 : (byte)0);
        to.Signed(Cost);
        Sums.Write(to);
    }

    public static CauseCell Read(ref BlockReader from) => new()
    {
        Key = CauseCellKey.Read(ref from), MinuteMs = from.Long(), IsHeld = from.Byte() != 0, Cost = from.Signed(), Sums = UsageSums.Read(ref from),
    };
}
