using System.Globalization;

namespace TokenStream.Service.Detecting;

/// <summary>The rows of one series in the order of time, on a regular grid of steps: the most frequent distance of two rows.</summary>
internal sealed class SeriesGrid
{
    /// <summary>Of a series of one row, where nothing tells.</summary>
    private const int StepOfOneRow = 60;

    private const int LongestStep = 366 * 86_400;

    /// <summary>Instead of the step of a row that came after another one of the same step: it is not scored.</summary>
    public const long Repeated = long.MinValue;

    private SeriesGrid(string name, int stepSeconds, int[] rows, long[] steps)
    {
        Name = name;
        StepSeconds = stepSeconds;
        Rows = rows;
        Steps = steps;
    }

    public string Name { get; }

    public int StepSeconds { get; }

    /// <summary>Numbers of the rows in the table, in the order of time.</summary>
    public int[] Rows { get; }

    /// <summary>Of each of them its step, counted from the Unix epoch; or <see cref="Repeated"/>.</summary>
    public long[] Steps { get; }

    public int RepeatedRows => Steps.Count(step => step == Repeated);

    /// <exception cref="FormatException">The series has no step a detector knows.</exception>
    public static SeriesGrid Of(string name, int[] rows, ReadOnlySpan<long> times)
    {
        var own = new long[rows.Length];
        var ordered = true;
        for (var i = 0; i < rows.Length; i++)
        {
            own[i] = times[rows[i]];
            ordered = ordered && (i == 0 || own[i] >= own[i - 1]);
        }

        if (!ordered)
        {
            // Rows of one time keep the order of the file: a sort by keys alone would not promise that.
            var order = Enumerable.Range(0, rows.Length).OrderBy(i => own[i]).ToArray();
            rows = [.. order.Select(i => rows[i])];
            own = [.. order.Select(i => own[i])];
        }

        var step = StepOf(name, own);
        var steps = new long[own.Length];
        var first = (long)Math.Floor((double)own[0] / step);
        var before = Repeated;
        for (var i = 0; i < own.Length; i++)
        {
            var index = first + ((own[i] - own[0] + (step / 2)) / step);
            steps[i] = index == before ? Repeated : index;
            before = index;
        }

        return new SeriesGrid(name, step, rows, steps);
    }

    private static int StepOf(string name, long[] times)
    {
        var distances = new Dictionary<long, int>();
        for (var i = 1; i < times.Length; i++)
        {
            if (times[i] > times[i - 1])
            {
                var distance = times[i] - times[i - 1];
                distances[distance] = distances.GetValueOrDefault(distance) + 1;
            }
        }

        var best = distances.Count == 0
            ? StepOfOneRow
            : distances.OrderByDescending(found => found.Value).ThenBy(found => found.Key).First().Key;
        return best <= LongestStep
            ? (int)best
            : throw new FormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"The rows of series '{name}' are mostly {best} seconds apart: more than a year. Timestamps are epoch seconds or ISO 8601."));
    }
}
