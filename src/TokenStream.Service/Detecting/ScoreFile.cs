using System.Globalization;
using System.IO.Compression;

namespace TokenStream.Service.Detecting;

/// <summary>Writes a score for every row of a table, in the order of its rows: <c>series_id,timestamp,score,is_anomaly</c>.</summary>
internal static class ScoreFile
{
    /// <summary>Whole or not at all: it gets its name when it is complete.</summary>
    /// <param name="path">Gzipped where it ends in .gz.</param>
    /// <param name="table">The rows.</param>
    /// <param name="scores">Of each row; NaN where it has none.</param>
    /// <param name="threshold">From which score on a row is an anomaly.</param>
    /// <param name="fromSeconds">Rows before are left out.</param>
    /// <param name="cancellation">Ends the writing.</param>
    public static void Write(
        string path, SeriesTable table, ReadOnlySpan<double> scores, double threshold, long fromSeconds, CancellationToken cancellation)
    {
        var part = path + ".part";
        try
        {
            using (var file = File.Create(part))
            using (Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionLevel.Fastest) : file)
            using (var writer = new StreamWriter(stream, bufferSize: 1 << 16))
            {
                Write(writer, table, scores, threshold, fromSeconds, cancellation);
            }

            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    private static void Write(
        TextWriter writer, SeriesTable table, ReadOnlySpan<double> scores, double threshold, long fromSeconds, CancellationToken cancellation)
    {
        writer.Write("series_id,timestamp,score,is_anomaly\n");
        Span<char> number = stackalloc char[40];
        var names = table.Names.Select(Quoted).ToArray();
        for (var row = 0; row < table.Count; row++)
        {
            if (row % 65_536 == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            if (table.Times[row] < fromSeconds)
            {
                continue;
            }

            writer.Write(names[table.Series[row]]);
            writer.Write(',');
            writer.Write(Time(table.Times[row], table.HasIsoTimes, number));
            writer.Write(',');
            if (!double.IsNaN(scores[row]))
            {
                scores[row].TryFormat(number, out var written, default, CultureInfo.InvariantCulture);
                writer.Write(number[..written]);
            }

            writer.Write(scores[row] >= threshold ? ",1\n" : ",0\n");
        }
    }

    public static ReadOnlySpan<char> Time(long seconds, bool iso, Span<char> buffer)
    {
        int written;
        if (iso)
        {
            DateTimeOffset.FromUnixTimeSeconds(seconds).TryFormat(buffer, out written, "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        }
        else
        {
            seconds.TryFormat(buffer, out written, default, CultureInfo.InvariantCulture);
        }

        return buffer[..written];
    }

    /// <summary>A name as the file had it: what was between its quotes still has its doubled ones.</summary>
    public static string Quoted(string name) => name.AsSpan().ContainsAny(',', '"') ? $"\"{name}\"" : name;
}
