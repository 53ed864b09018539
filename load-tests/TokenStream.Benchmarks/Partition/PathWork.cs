namespace TokenStream.Benchmarks.Partition;

/// <summary>How much of the stream's work a run does; each contains the one before.</summary>
public enum PathWork
{
    /// <summary>Counts the newlines, nothing else: the yardstick of what touching the bytes costs.</summary>
    Newlines,

    /// <summary>Decodes, prices and adds counts, tokens and cost.</summary>
    Sums,

    /// <summary>And the histograms (latency, time to first token, tokens) and unique users.</summary>
    Full,

    /// <summary>And each event id once.</summary>
    Dedup,
}
