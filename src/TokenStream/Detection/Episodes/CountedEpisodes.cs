using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>
/// Which of an alert's episodes the calibration has counted as false ones, so that those a person confirms can leave it. The oldest are
/// forgotten first.
/// </summary>
internal sealed class CountedEpisodes
{
    private const int Most = 10_000;

    private readonly LinkedList<Counted> _counted = new();

    public void Add(string alertId, SeriesMeasure measure, double level, long countedMs)
    {
        if (_counted.Count == Most)
        {
            _counted.RemoveFirst();
        }

        _counted.AddLast(new Counted(alertId, measure, level, countedMs));
    }

    /// <summary>Takes an alert's episodes out of the histograms; how many there were.</summary>
    public int Forget(string alertId, ThresholdCalibrator[] calibrators)
    {
        var forgotten = 0;
        for (var node = _counted.First; node is not null;)
        {
            var (next, counted) = (node.Next, node.Value);
            if (counted.AlertId == alertId)
            {
                calibrators[(int)counted.Measure].Forget(counted.Level, counted.CountedMs);
                _counted.Remove(node);
                forgotten++;
            }

            node = next;
        }

        return forgotten;
    }

    public void Write(BlockBuffer to)
    {
        to.Unsigned((UInt128)_counted.Count);
        foreach (var counted in _counted)
        {
            to.Text(counted.AlertId);
            to.Byte((byte)counted.Measure);
            to.Double(counted.Level);
            to.Signed(counted.CountedMs);
        }
    }

    public static CountedEpisodes Read(ref BlockReader from)
    {
        var counted = new CountedEpisodes();
        for (var left = from.Count(); left > 0; left--)
        {
            counted.Add(from.Text(), from.Measure(), from.Double(), from.Long());
        }

        return counted;
    }

    private readonly record struct Counted(string AlertId, SeriesMeasure Measure, double Level, long CountedMs);
}
