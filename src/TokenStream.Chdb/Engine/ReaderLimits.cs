namespace TokenStream.Chdb.Engine;

/// <summary>What a reader's statement may take; a request may ask for less, never for more.</summary>
public sealed class ReaderLimits
{
    /// <summary>Seconds a statement may run (error 159).</summary>
    public int MaxExecutionSeconds { get; init; } = 60;

    /// <summary>Bytes a statement may hold (error 241).</summary>
    public long MaxMemoryBytes { get; init; } = 1L << 30;

    /// <summary>Rows of an answer (error 396).</summary>
    public long MaxResultRows { get; init; } = 10_000_000;

    /// <summary>
    /// Bytes of an answer, counted before formatting, in formats that cannot be streamed and are therefore held whole (error 396).
    /// </summary>
    public long MaxWholeAnswerBytes { get; init; } = 256L << 20;

    /// <summary>Processor threads of a statement.</summary>
    public int MaxThreads { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);
}
