using System.Globalization;
using System.IO.Compression;

namespace TokenStream.Incidents;

/// <summary>
/// Curves of real clients: a CSV file, gzipped or not, of <c>client,window_start_s,rate_rps,iat_cv</c> and further columns, with a row for
/// each client and window of ten minutes, as ServeGen publishes them. Clients that send in four of five windows and whose busiest window is
/// at most twenty times the mean are used: of the others no minute says what to expect.
/// </summary>
internal sealed class TraceRates : IRateCurves
{
    private const int WindowMinutes = 10;
    private const int WindowsPerDay = FleetCalendar.MinutesPerDay / WindowMinutes;

    /// <summary>Burstier counts than this say nothing from one minute to the next.</summary>
    private const double MostDispersion = 10;

    private readonly List<(double[] Rates, double Dispersion)> _clients;

    private TraceRates(List<(double[] Rates, double Dispersion)> clients) => _clients = clients;

    public int Clients => _clients.Count;

    public static TraceRates Load(string path)
    {
        var (rates, variations) = (new Dictionary<string, SortedDictionary<long, double>>(), new Dictionary<string, List<double>>());
        foreach (var line in Lines(path).Skip(1))
        {
            var fields = line.Split(',');
            if (!rates.TryGetValue(fields[0], out var windows))
            {
                rates.Add(fields[0], windows = []);
                variations.Add(fields[0], []);
            }

            var rate = double.Parse(fields[2], CultureInfo.InvariantCulture);
            windows[long.Parse(fields[1], CultureInfo.InvariantCulture)] = rate;
            if (rate > 0)
            {
                variations[fields[0]].Add(double.Parse(fields[3], CultureInfo.InvariantCulture));
            }
        }

        var usable = rates.Where(client => IsUsable([.. client.Value.Values])).OrderBy(client => client.Key, StringComparer.Ordinal);
        return new TraceRates([.. usable.Select(client =>
            (client.Value.Values.ToArray(), Math.Clamp(Math.Pow(Median(variations[client.Key]), 2), 1, MostDispersion)))]);
    }

    public RateCurve Draw(Draws draws, FleetCalendar calendar, bool hasWeekends)
    {
        var (rates, dispersion) = draws.Pick(_clients);
        var days = (rates.Length / WindowsPerDay) - (calendar.HistoryDays + 1);
        var first = days > 0 ? draws.Below(days + 1) * WindowsPerDay : 0;
        var levels = new double[calendar.Minutes];
        for (var minute = 0; minute < levels.Length; minute++)
        {
            // Between the middles of the windows the rate goes in a line: a step every ten minutes would be the file's, not the client's.
            var at = ((minute + 0.5) / WindowMinutes) - 0.5;
            var window = Math.Clamp((int)Math.Floor(at), 0, rates.Length - 1);
            var (here, next) = (rates[(first + window) % rates.Length], rates[(first + window + 1) % rates.Length]);
            var level = here + ((next - here) * Math.Clamp(at - window, 0, 1));
            levels[minute] = level * (hasWeekends && calendar.IsWeekend(minute) ? 0.4 : 1);
        }

        return new RateCurve(SyntheticRates.Normalized(levels), dispersion);
    }

    private static bool IsUsable(double[] rates) =>
        rates.Length >= 2 * WindowsPerDay && rates.Count(rate => rate > 0) >= 0.8 * rates.Length && rates.Max() <= 20 * rates.Average();

    private static double Median(List<double> values)
    {
        values.Sort();
        return values.Count == 0 ? 1 : values[values.Count / 2];
    }

    private static IEnumerable<string> Lines(string path)
    {
        using Stream file = File.OpenRead(path);
        using var content = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(content);
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
