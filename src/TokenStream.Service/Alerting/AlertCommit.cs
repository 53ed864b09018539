using System.Globalization;
using System.Text;

namespace TokenStream.Service.Alerting;

/// <summary>
/// The metadata of the delivery's offset commits: <c>1;NAME=OFFSET;..</c>, for each receiver the offset up to which it was told everything.
/// The committed offset itself is the oldest record that an alert is made of, so that a successor reads every alert from its beginning.
/// </summary>
internal static class AlertCommit
{
    private const string Format = "1";

    public static string Write(IEnumerable<(string Receiver, long ToldThrough)> receivers)
    {
        var text = new StringBuilder(Format);
        foreach (var (receiver, told) in receivers)
        {
            text.Append(CultureInfo.InvariantCulture, $";{receiver}={told}");
        }

        return text.ToString();
    }

    /// <summary>By receiver. Of metadata that is not of this format nothing is known: everything that lasts is told once more.</summary>
    public static IReadOnlyDictionary<string, long> Read(string? metadata)
    {
        var told = new Dictionary<string, long>(StringComparer.Ordinal);
        if (metadata?.Split(';') is not [Format, .. var parts])
        {
            return told;
        }

        foreach (var part in parts)
        {
            if (part.Split('=') is [var name, var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            {
                told[name] = offset;
            }
        }

        return told;
    }
}
