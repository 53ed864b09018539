using System.Diagnostics.CodeAnalysis;

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

    /// <summary>Finds whole batches from an offset on, in the first segment that has some.</summary>
    /// <param name="slice">What was found; empty where nothing lies between the offset and the end.</param>
    /// <param name="damaged">The segment that is damaged at the offset, else null.</param>
    /// <returns>False where a segment was deleted or rewritten since the list was taken: try again with the new one.</returns>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The slice passes to the caller.")]
    public static bool TryLocate(OpenFiles files, Segment[] segments, long offset, int maxBytes, out LogSlice slice, out Segment? damaged)
    {
        slice = default;
        damaged = null;
        for (int i = Floor(segments, offset); i < segments.Length; i++)
        {
            Segment segment = segments[i];
            if (!files.TryAcquire(segment.File))
            {
                return false;
            }

            LocateOutcome outcome = LocateOutcome.Beyond;
            try
            {
                outcome = segment.Locate(offset, maxBytes, out long position, out int length);
                slice = outcome == LocateOutcome.Found ? new LogSlice(files, segment.File, position, length) : default;
            }
            finally
            {
                if (outcome != LocateOutcome.Found)
                {
                    files.Release(segment.File);
                }
            }

            if (outcome != LocateOutcome.Beyond)
            {
                damaged = outcome == LocateOutcome.Damaged ? segment : null;
                return true;
            }
        }

        return true;
    }
}
