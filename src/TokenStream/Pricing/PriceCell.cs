using System.Globalization;
using System.Text;

namespace TokenStream.Pricing;

/// <summary>
/// What identifies the price row that was applied, as text in a rollup's key: <c>openai/gpt-5.4@2026-03-05|tier=batch|above=272000</c>.
/// It is made of the row's place in the book (whose price, since when, where, for which requests) and never of its rates, so a changed
/// price of the same row keeps its cell and history can be costed again.
/// </summary>
public sealed record PriceCell
{
    private const string Ever = "ever";
    private const string DateFormat = "yyyy-MM-dd";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.FFF'Z'";

    public required string Provider { get; init; }

    public required string Model { get; init; }

    /// <summary>Start of the list entry, or of the contract where the list has no entry; <c>long.MinValue</c> for since ever.</summary>
    public long SinceMs { get; init; } = long.MinValue;

    public string Region { get; init; } = string.Empty;

    public string ServiceTier { get; init; } = string.Empty;

    public DailyHours Hours { get; init; }

    /// <summary>Exclusive lower bound of the context band; -1 for the lowest.</summary>
    public long AboveTokens { get; init; } = PriceBand.Everything;

    /// <summary>The tenant whose contract was applied; empty for the list price.</summary>
    public string ContractTenant { get; init; } = string.Empty;

    public long ContractSinceMs { get; init; } = long.MinValue;

    /// <summary>The number of input tokens of some request that this cell is of, for looking up the row of another book.</summary>
    public long ContextTokens => AboveTokens + 1;

    public override string ToString()
    {
        var text = new StringBuilder().Append(Escape(Provider)).Append('/').Append(Escape(Model)).Append('@').Append(Time(SinceMs));
        Append(text, "region", Region);
        Append(text, "tier", ServiceTier);
        Append(text, "hours", Hours.IsWholeDay ? string.Empty : Hours.ToString());
        Append(text, "above", AboveTokens < 0 ? string.Empty : AboveTokens.ToString(CultureInfo.InvariantCulture));
        if (ContractTenant.Length > 0)
        {
            Append(text, "contract", ContractTenant);
            text.Append('@').Append(Time(ContractSinceMs));
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToString"/> writes; false for anything else.</summary>
    public static bool TryParse(string text, out PriceCell? cell)
    {
        cell = null;
        var parts = text.Split('|');
        var slash = parts[0].IndexOf('/', StringComparison.Ordinal);
        var at = parts[0].LastIndexOf('@');
        if (slash <= 0 || at < slash || !TryParseTime(parts[0][(at + 1)..], out var sinceMs))
        {
            return false;
        }

        var parsed = new PriceCell
        {
            Provider = Uri.UnescapeDataString(parts[0][..slash]),
            Model = Uri.UnescapeDataString(parts[0][(slash + 1)..at]),
            SinceMs = sinceMs,
        };
        foreach (var part in parts.AsSpan(1))
        {
            if (!TryParsePart(part, ref parsed))
            {
                return false;
            }
        }

        cell = parsed;
        return true;
    }

    /// <summary>A time as books and cells write it: a date where it is midnight UTC.</summary>
    internal static string Time(long timeMs)
    {
        if (timeMs == long.MinValue)
        {
            return Ever;
        }

        var time = DateTimeOffset.FromUnixTimeMilliseconds(timeMs);
        return time.ToString(time.TimeOfDay == TimeSpan.Zero ? DateFormat : TimeFormat, CultureInfo.InvariantCulture);
    }

    internal static bool TryParseTime(string text, out long timeMs)
    {
        timeMs = long.MinValue;
        if (text == Ever)
        {
            return true;
        }

        var styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!DateTimeOffset.TryParseExact(text, [DateFormat, TimeFormat], CultureInfo.InvariantCulture, styles, out var time))
        {
            return false;
        }

        timeMs = time.ToUnixTimeMilliseconds();
        return true;
    }

    private static bool TryParsePart(string part, ref PriceCell cell)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            return false;
        }

        var value = part[(equals + 1)..];
        switch (part[..equals])
        {
            case "region":
                cell = cell with { Region = Uri.UnescapeDataString(value) };
                return true;
            case "tier":
                cell = cell with { ServiceTier = Uri.UnescapeDataString(value) };
                return true;
            case "hours" when DailyHours.TryParse(value, out var hours):
                cell = cell with { Hours = hours };
                return true;
            case "above" when long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var above):
                cell = cell with { AboveTokens = above };
                return true;
            case "contract" when value.LastIndexOf('@') is > 0 and var at && TryParseTime(value[(at + 1)..], out var sinceMs):
                cell = cell with { ContractTenant = Uri.UnescapeDataString(value[..at]), ContractSinceMs = sinceMs };
                return true;
            default:
                return false;
        }
    }

    private static void Append(StringBuilder text, string name, string value)
    {
        if (value.Length > 0)
        {
            text.Append('|').Append(name).Append('=').Append(Escape(value));
        }
    }

    /// <summary>Only what would end a part is escaped, so that ids stay readable.</summary>
    private static string Escape(string value) =>
        value.IndexOfAny(['|', '@', '%']) < 0
            ? value
            : value.Replace("%", "%25", StringComparison.Ordinal).Replace("|", "%7C", StringComparison.Ordinal)
                .Replace("@", "%40", StringComparison.Ordinal);
}
