using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>All topics of one data directory, and the background passes that flush, delete and compact. Safe from any thread.</summary>
public sealed class LogStore : IAsyncDisposable
{
    /// <summary>Identity of this store, made at its first opening (Metadata's cluster id).</summary>
    public string ClusterId => throw new NotImplementedException();

    /// <summary>All topics at this moment, in no particular order.</summary>
    public IReadOnlyCollection<Topic> Topics => throw new NotImplementedException();

    /// <summary>Opens or creates the store, cuts torn tails, and starts the background passes.</summary>
    /// <exception cref="LogStoreException">Another process holds the directory, or the catalogue cannot be read; one sentence that names it.</exception>
    public static LogStore Open(LogStoreOptions options, TimeProvider time, ILogger logger) => throw new NotImplementedException();

    /// <summary>The topic of that name, or null.</summary>
    public Topic? Find(string name) => throw new NotImplementedException();

    /// <summary>The topic of that id, or null.</summary>
    public Topic? Find(Guid id) => throw new NotImplementedException();

    /// <summary>Creates a topic; durable when it returns.</summary>
    /// <returns>InvalidTopic, TopicAlreadyExists, InvalidPartitions (below 1), PolicyViolation (bounds of the options), StorageError.</returns>
    public TopicResult Create(string name, int partitions, TopicConfig config) => throw new NotImplementedException();

    /// <summary>Forgets the topic and deletes its files. Readers holding slices finish.</summary>
    public TopicResult Delete(string name) => throw new NotImplementedException();

    /// <summary>Raises the number of partitions to <paramref name="total"/>.</summary>
    /// <returns>InvalidPartitions when that is not more than there are.</returns>
    public TopicResult AddPartitions(string name, int total) => throw new NotImplementedException();

    /// <summary>Puts another configuration in force, for new appends and the next background passes.</summary>
    public TopicResult AlterConfig(string name, TopicConfig config) => throw new NotImplementedException();

    /// <summary>A producer id that was never given before, over restarts and crashes.</summary>
    /// <exception cref="IOException">The reservation could not be written.</exception>
    public long NextProducerId() => throw new NotImplementedException();

    /// <summary>Flushes everything (fsync) and gives the directory up. Appends after it are refused with StorageError.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
