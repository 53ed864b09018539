namespace TokenStream.Broker.Log;

/// <summary>Search in a partition's list of segments.</summary>
internal static class SegmentSearch
{
    /// <summary>Number of the last segment that begins at or before the offset; 0 where none does.</summary>
    public static int Floor(Segment[] segments, long offset)
    {
        int low = 0, high = segments.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (segments[middle].BaseOffset <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return Math.Max(0, low - 1);
    }
}
