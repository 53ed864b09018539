using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenStream.Runtime;

/// <summary>
/// What a rollups partition's offset commit of the detect stage says: the offset at which the snapshot stands that it names. ASCII, under 200
/// bytes.
/// </summary>
/// <param name="Offset">Where reading goes on; without a snapshot, where the log began.</param>
/// <param name="Epoch">Raised by every owner before it does anything: names of snapshots are its own.</param>
/// <param name="HistoryEnd">What lies below was there before detection began: it is learnt from, and brings no anomaly.</param>
/// <param name="HistoryFromMs">Records of history with an older timestamp are passed over.</param>
/// <param name="Snapshot">The valid snapshot on the series' topic; empty for none.</param>
internal sealed partial record DetectCommit(long Offset, long Epoch, long HistoryEnd, long HistoryFromMs, string Snapshot)
{
    public string ToMetadata() => string.Create(CultureInfo.InvariantCulture, $"td1 e={Epoch} h={HistoryEnd} f={HistoryFromMs} s={Snapshot}");

    /// <summary>Reads a commit back.</summary>
    /// <exception cref="FormatException">The metadata is not of this format: another program commits to the same group.</exception>
    public static DetectCommit Parse(long offset, string metadata)
    {
        var match = Pattern().Match(metadata);
        if (!match.Success ||
            !long.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var epoch) ||
            !long.TryParse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture, out var historyEnd) ||
            !long.TryParse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture, out var historyFromMs))
        {
            throw new FormatException($"the committed metadata '{metadata}' is not of format td1: does another program use this consumer group?");
        }

        return new DetectCommit(offset, epoch, historyEnd, historyFromMs, match.Groups[4].Value);
    }

    [GeneratedRegex(@"^td1 e=(\d{1,19}) h=(\d{1,19}) f=(-?\d{1,19}) s=([0-9-]*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
