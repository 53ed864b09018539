using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenStream.Runtime;

/// <summary>
/// What a spend partition's offset commit says: the offset from which spend is read on top of the snapshot that it names, and the version that
/// commands have reached. ASCII, under 200 bytes.
/// </summary>
/// <param name="Offset">Where the snapshot ends; without one, where the partition began.</param>
/// <param name="Epoch">Raised by every owner before it does anything.</param>
/// <param name="Counter">No command of the epoch has a higher one.</param>
/// <param name="Snapshot">The valid snapshot on the ledger's topic; empty for none.</param>
internal sealed partial record GovernCommit(long Offset, long Epoch, long Counter, string Snapshot)
{
    public string ToMetadata() => string.Create(CultureInfo.InvariantCulture, $"tg1 e={Epoch} c={Counter} s={Snapshot}");

    /// <summary>Reads a commit back.</summary>
    /// <exception cref="FormatException">The metadata is not of this format: another program commits to the same group.</exception>
    public static GovernCommit Parse(long offset, string metadata)
    {
        var match = Pattern().Match(metadata);
        if (!match.Success ||
            !long.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out var epoch) ||
            !long.TryParse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture, out var counter))
        {
            throw new FormatException($"the committed metadata '{metadata}' is not of format tg1: does another program use this consumer group?");
        }

        return new GovernCommit(offset, epoch, counter, match.Groups[3].Value);
    }

    [GeneratedRegex(@"^tg1 e=(\d{1,19}) c=(\d{1,19}) s=([0-9-]*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
