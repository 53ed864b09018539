using System.Globalization;
using System.Text;

namespace TokenStream.Windowing;

/// <summary>
/// What an input partition's offset commit says: the committed offset and, as its metadata, the decision it stands for. A fixed number of
/// fields, ASCII, under 320 bytes, whatever is open.
/// </summary>
/// <param name="Offset">The lowest input offset that anything unpublished still needs.</param>
/// <param name="Epoch">Epoch of the identities published.</param>
/// <param name="Decision">Number of the last decision, pending or published; 0 before the first.</param>
/// <param name="Position">Input offset up to which (exclusive) the decision had read.</param>
/// <param name="Before">Position of the decision before; equals <paramref name="Position"/> once published.</param>
/// <param name="ClosedThroughMs">Every window that ends at or before this is closed by a published decision.</param>
/// <param name="ClosesThroughMs">While the decision is pending, what it closes through; null once it is published.</param>
/// <param name="StreamTimeMs">Stream time at the decision.</param>
/// <param name="IdsFrom">Offset from which event ids were remembered at <paramref name="Offset"/>: a successor skims from here.</param>
/// <param name="RulesVersion">Version of the rules the decision was computed under.</param>
/// <param name="LastTimestampMs">Broker timestamp of the last record read.</param>
public sealed record AggregateCommit(
    long Offset,
    int Epoch,
    long Decision,
    long Position,
    long Before,
    long ClosedThroughMs,
    long? ClosesThroughMs,
    long StreamTimeMs,
    long IdsFrom,
    long RulesVersion,
    long LastTimestampMs)
{
    /// <summary>Earlier than every time an event can have.</summary>
    public const long Never = long.MinValue / 4;

    private const string Format = "ts1";

    public bool IsPending => ClosesThroughMs is not null;

    /// <summary>The first commit of a partition: nothing read, nothing closed.</summary>
    public static AggregateCommit First(long offset, int epoch, long rulesVersion) =>
        new(offset, epoch, 0, offset, offset, Never, null, Never, offset, rulesVersion, Never);

    public string ToMetadata()
    {
        var text = new StringBuilder(Format, 256);
        Append(text, 'e', Epoch);
        Append(text, 'n', Decision);
        Append(text, 'p', Position);
        Append(text, 'b', Before);
        Append(text, 'c', ClosedThroughMs);
        if (ClosesThroughMs is { } closes)
        {
            Append(text, 't', closes);
        }

        Append(text, 's', StreamTimeMs);
        Append(text, 'i', IdsFrom);
        Append(text, 'r', RulesVersion);
        Append(text, 'l', LastTimestampMs);
        return text.ToString();
    }

    /// <summary>Reads a commit back.</summary>
    /// <exception cref="FormatException">The metadata is not of this format: another program commits to the same group.</exception>
    public static AggregateCommit Parse(long offset, string metadata)
    {
        var parts = metadata.Split(' ');
        if (parts[0] != Format)
        {
            throw new FormatException(
                $"the committed metadata '{metadata}' is not of format {Format}: does another program use this consumer group?");
        }

        var fields = new Dictionary<char, long>();
        foreach (var part in parts.AsSpan(1))
        {
            if (part.Length < 3 || part[1] != '=' ||
                !long.TryParse(part.AsSpan(2), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ||
                    !fields.TryAdd(part[0], value))
            {
                throw new FormatException($"the committed metadata '{metadata}' is damaged at '{part}'");
            }
        }

        long Field(char name) => fields.TryGetValue(name, out var value)
            ? value
            : throw new FormatException($"the committed metadata '{metadata}' lacks '{name}'");

        int Epoch() => Field('e') is >= int.MinValue and <= int.MaxValue and var epoch
            ? (int)epoch
            : throw new FormatException($"the committed metadata '{metadata}' has an epoch that does not fit 32 bits");

        return new AggregateCommit(
            offset,
            Epoch(),
            Field('n'),
            Field('p'),
            Field('b'),
            Field('c'),
            fields.TryGetValue('t', out var closes) ? closes : null,
            Field('s'),
            Field('i'),
            Field('r'),
            Field('l'));
    }

    private static void Append(StringBuilder text, char name, long value) =>
        text.Append(' ').Append(name).Append('=').Append(value.ToString(CultureInfo.InvariantCulture));
}
