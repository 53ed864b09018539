using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Detection;

/// <summary>Ids of anomalies: of what opened them and when, so that a replay gives the same.</summary>
internal static class AnomalyId
{
    /// <param name="kind">What is named: empty for a series' own episode; tells apart what began with the same series in the same minute.</param>
    /// <param name="path">The series that opened it.</param>
    /// <param name="measure">The series' measure.</param>
    /// <param name="openedMs">Start of the first minute.</param>
    public static string Of(string kind, SeriesPath path, SeriesMeasure measure, long openedMs)
    {
        Span<byte> numbers = stackalloc byte[sizeof(long) + 1];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, openedMs);
        numbers[^1] = (byte)measure;
        var hash = StableHash.Hash(numbers);
        foreach (var text in (ReadOnlySpan<string?>)[kind, path.Environment, path.Tenant, path.Feature, path.Model, path.Provider])
        {
            // A place that is summed over and one without a name are two.
            hash = StableHash.Hash(hash, text is null ? [0] : Encoding.UTF8.GetBytes(text + "\u0001"));
        }

        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
