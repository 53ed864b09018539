namespace TokenStream.Broker.Log;

/// <summary>
/// Puts one rewritten segment in the place of several, whole or not at all. The new files are written under a passing name and flushed;
/// renaming them to <c>base-end.swap</c> decides; then the old files go and the new take their name. A start finishes what was decided and
/// removes what was not.
/// </summary>
internal static class SegmentReplacement
{
    /// <summary>Name of files being written; a start deletes them.</summary>
    public const string WritingSuffix = ".writing";

    private const string LogSwap = ".log.swap", IndexSwap = ".index.swap";

    /// <summary>Puts the files written for <paramref name="replacement"/> in the place of all segments from its base to
    /// <paramref name="endOffset"/>. The caller keeps others from using the segments meanwhile.</summary>
    public static void Commit(string directory, Segment replacement, long endOffset)
    {
        string stem = Path.Combine(directory, $"{Segment.Stem(replacement.BaseOffset)}-{Segment.Stem(endOffset)}");
        File.Move(replacement.IndexPath + WritingSuffix, stem + IndexSwap, overwrite: true);
        File.Move(replacement.File.Path + WritingSuffix, stem + LogSwap, overwrite: true);
        DurableFile.FlushDirectory(directory);
        Finish(directory);
    }

    /// <summary>Brings a directory to a state with segments only.</summary>
    public static void Finish(string directory)
    {
        foreach (string path in Directory.GetFiles(directory, "*" + LogSwap))
        {
            Swap(directory, path);
        }

        foreach (string path in Directory.GetFiles(directory))
        {
            bool isStray = path.EndsWith(WritingSuffix, StringComparison.Ordinal)
                || path.EndsWith(IndexSwap, StringComparison.Ordinal)
                || path.EndsWith(".tmp", StringComparison.Ordinal)
                || (
                    path.EndsWith(Segment.IndexSuffix, StringComparison.Ordinal) &&
                        !File.Exists(Path.ChangeExtension(path, Segment.LogSuffix)));
            if (isStray)
            {
                File.Delete(path);
            }
        }
    }

    private static void Swap(string directory, string swapPath)
    {
        string name = Path.GetFileName(swapPath)[..^LogSwap.Length];
        string first = name[..20], end = name[21..];
        foreach (string path in Directory.GetFiles(directory, "*" + Segment.LogSuffix))
        {
            // Twenty digits each, so text order is offset order; the first one is replaced by the renaming below.
            string stem = Path.GetFileNameWithoutExtension(path);
            if (stem.Length == 20 && string.CompareOrdinal(stem, first) > 0 && string.CompareOrdinal(stem, end) < 0)
            {
                File.Delete(path);
                File.Delete(Path.ChangeExtension(path, Segment.IndexSuffix));
            }
        }

        string indexSwap = Path.Combine(directory, name + IndexSwap);
        string target = Path.Combine(directory, first);
        if (File.Exists(indexSwap))
        {
            File.Move(indexSwap, target + Segment.IndexSuffix, overwrite: true);
        }

        File.Move(swapPath, target + Segment.LogSuffix, overwrite: true);
        DurableFile.FlushDirectory(directory);
    }
}
