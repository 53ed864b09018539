using System.Globalization;
using System.Text;

namespace TokenStream.Broker.Log;

/// <summary>What a partition must know that its segments do not say, in the small file <c>state</c>.</summary>
/// <param name="LogStart">Least offset that may be read, where records were deleted within a segment.</param>
/// <param name="CompactedThrough">Offset before which every record was compared with all later ones up to there.</param>
internal readonly record struct PartitionState(long LogStart, long CompactedThrough)
{
    private const string FileName = "state";

    public void Write(string directory)
        => DurableFile.Replace(
            Path.Combine(directory, FileName),
            Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"1\nlog-start {LogStart}\ncompacted-through {CompactedThrough}\n")));

    /// <exception cref="LogStoreException">The file is there and is not one of these.</exception>
    public static PartitionState Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return default;
        }

        string[] lines = File.ReadAllLines(path);
        if (lines is ["1", _, _] && TryValue(lines[1], "log-start ", out long start) &&
            TryValue(lines[2], "compacted-through ", out long through))
        {
            return new PartitionState(start, through);
        }

        throw new LogStoreException($"{path} cannot be understood; restore it, or delete it to read everything its partition still holds.");
    }

    private static bool TryValue(string line, string name, out long value)
    {
        value = 0;
        return line.StartsWith(name, StringComparison.Ordinal)
            && long.TryParse(line.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
