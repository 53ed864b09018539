namespace TokenStream.Chdb.Engine;

/// <summary>Where the engine keeps its data and what it may take.</summary>
internal sealed class ChdbEngineOptions
{
    /// <summary>The directory; created where it does not exist.</summary>
    internal required string DataDirectory { get; init; }

    /// <summary>Bytes the whole engine may take; above it statements fail with 241 MEMORY_LIMIT_EXCEEDED.</summary>
    internal required long MaxMemoryBytes { get; init; }

    /// <summary>The database that readers see; created at start.</summary>
    internal required string Database { get; init; }

    /// <summary>Readers' statements at once.</summary>
    internal required int ReaderThreads { get; init; }

    /// <summary>What each reader's statement may take.</summary>
    internal required ReaderLimits ReaderLimits { get; init; }
}
