using System.Runtime.InteropServices;

namespace TokenStream.Service.Detecting;

/// <summary>The rows of a file of series, in the order they stood there.</summary>
internal sealed class SeriesTable
{
    private readonly List<int> _series = [];
    private readonly List<long> _times = [];
    private readonly List<double> _values = [];

    /// <summary>Names of the series in the order of their first rows.</summary>
    public List<string> Names { get; } = [];

    /// <summary>Whether times were written as ISO 8601, so that results say them the same way.</summary>
    public bool HasIsoTimes { get; set; }

    public int Count => _series.Count;

    /// <summary>Of each row the number of its series.</summary>
    public ReadOnlySpan<int> Series => CollectionsMarshal.AsSpan(_series);

    /// <summary>Of each row its time, seconds since the Unix epoch.</summary>
    public ReadOnlySpan<long> Times => CollectionsMarshal.AsSpan(_times);

    /// <summary>Of each row its value; NaN where it has none.</summary>
    public ReadOnlySpan<double> Values => CollectionsMarshal.AsSpan(_values);

    public void Add(int series, long time, double value)
    {
        _series.Add(series);
        _times.Add(time);
        _values.Add(value);
    }

    /// <summary>The rows of every series in the order of time, each on the step it belongs to.</summary>
    public IReadOnlyList<SeriesGrid> Grids()
    {
        var rows = new int[Names.Count][];
        var counts = new int[Names.Count];
        foreach (var series in Series)
        {
            counts[series]++;
        }

        for (var series = 0; series < rows.Length; series++)
        {
            rows[series] = new int[counts[series]];
        }

        Array.Clear(counts);
        var at = Series;
        for (var row = 0; row < at.Length; row++)
        {
            rows[at[row]][counts[at[row]]++] = row;
        }

        return [.. rows.Select((own, series) => SeriesGrid.Of(Names[series], own, Times))];
    }
}
