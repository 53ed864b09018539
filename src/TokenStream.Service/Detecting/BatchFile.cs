using System.Globalization;
using System.IO.Compression;
using TokenStream.Detection.SpectralResidual;

namespace TokenStream.Service.Detecting;

/// <summary>Writes the figures of batch detection for every row of a table, in the order of its rows.</summary>
internal static class BatchFile
{
    /// <summary>Whole or not at all: it gets its name when it is complete.</summary>
    /// <param name="path">Gzipped where it ends in .gz.</param>
    /// <param name="table">The rows.</param>
    /// <param name="points">Of each row its figures; null where it has none.</param>
    /// <param name="mode">How many figures there are.</param>
    /// <param name="cancellation">Ends the writing.</param>
    public static void Write(string path, SeriesTable table, SrBatchPoint?[] points, SrBatchMode mode, CancellationToken cancellation)
    {
        var part = path + ".part";
        try
        {
            using (var file = File.Create(part))
            using (Stream stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionLevel.Fastest) : file)
            using (var writer = new StreamWriter(stream, bufferSize: 1 << 16))
            {
                Write(writer, table, points, mode, cancellation);
            }

            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    internal static void Write(TextWriter writer, SeriesTable table, SrBatchPoint?[] points, SrBatchMode mode, CancellationToken cancellation)
    {
        string[] columns = mode switch
        {
            SrBatchMode.AnomalyOnly => ["magnitude"],
            SrBatchMode.AnomalyAndExpectedValue => ["magnitude", "expected_value"],
            _ => ["magnitude", "expected_value", "boundary_unit", "upper_boundary", "lower_boundary"],
        };
        writer.Write($"series_id,timestamp,score,is_anomaly,{string.Join(',', columns)}\n");
        Span<char> time = stackalloc char[40];
        for (var row = 0; row < table.Count; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            writer.Write(ScoreFile.Quoted(table.Names[table.Series[row]]));
            writer.Write(',');
            writer.Write(ScoreFile.Time(table.Times[row], table.HasIsoTimes, time));
            writer.Write(',');
            if (points[row] is { } point)
            {
                double[] figures = [point.Magnitude, point.ExpectedValue, point.BoundaryUnit, point.UpperBoundary, point.LowerBoundary];
                writer.Write($"{Number(point.Score)},{(point.IsAnomaly ? 1 : 0)},{string.Join(',', figures.Take(columns.Length).Select(Number))}\n");
            }
            else
            {
                writer.Write($",0{new string(',', columns.Length)}\n");
            }
        }
    }

    private static string Number(double figure) => figure.ToString("R", CultureInfo.InvariantCulture);
}
