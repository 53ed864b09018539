namespace TokenStream.Service.Detecting;

/// <summary>The series of a file as the trainer takes them.</summary>
internal static class TrainingSeries
{
    /// <summary>More steps in a row without a value part a series: a longer gap would be a long constant that never was.</summary>
    private const int LongestGap = 10;

    /// <summary>Every series on its steps, a missing point with the value before it, as the detector does.</summary>
    public static IEnumerable<double[]> Of(SeriesTable table)
    {
        foreach (var grid in table.Grids())
        {
            var values = new List<double>(grid.Rows.Length);
            var before = 0L;
            for (var i = 0; i < grid.Rows.Length; i++)
            {
                var value = table.Values[grid.Rows[i]];
                if (grid.Steps[i] == SeriesGrid.Repeated || !double.IsFinite(value))
                {
                    continue;
                }

                var gap = values.Count == 0 ? 0 : grid.Steps[i] - before - 1;
                if (gap > LongestGap)
                {
                    yield return [.. values];
                    values.Clear();
                    gap = 0;
                }

                for (; gap > 0; gap--)
                {
                    values.Add(values[^1]);
                }

                values.Add(value);
                before = grid.Steps[i];
            }

            yield return [.. values];
        }
    }
}
