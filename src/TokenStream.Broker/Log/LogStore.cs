using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>All topics of one data directory, and the background passes that flush, delete and compact. Safe from any thread.</summary>
public sealed class LogStore : IAsyncDisposable
{
    private const long ProducerIdBlock = 1_000;

    private readonly Lock _gate = new();
    private readonly LogStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly FileStream _lockFile;
    private readonly OpenFiles _files;
    private readonly BackgroundPasses _passes;
    private volatile ImmutableDictionary<string, Topic> _topics;
    private Catalogue _catalogue;
    private long _nextProducerId;
    private bool _isDisposed;

    private LogStore(
        LogStoreOptions options, TimeProvider time, ILogger logger, FileStream lockFile, Catalogue catalogue, OpenFiles files,
        IEnumerable<Topic> topics)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _lockFile = lockFile;
        _catalogue = catalogue;
        _files = files;
        _nextProducerId = catalogue.ProducerIdsReserved;
        _topics = topics.ToImmutableDictionary(t => t.Name);
        _passes = new BackgroundPasses(this, options, files, time, logger);
    }

    /// <summary>Identity of this store, made at its first opening (Metadata's cluster id).</summary>
    public string ClusterId => _catalogue.ClusterId;

    /// <summary>All topics at this moment, in no particular order.</summary>
    public IReadOnlyCollection<Topic> Topics => [.. _topics.Values];

    /// <summary>Opens or creates the store, cuts torn tails, and starts the background passes.</summary>
    /// <exception cref="LogStoreException">Another process holds the directory, or the catalogue cannot be read; one sentence that names
    /// it.</exception>
    public static LogStore Open(LogStoreOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        long started = time.GetTimestamp();
        FileStream lockFile = StoreDirectory.TakeLock(options.DataDirectory);
        try
        {
            Catalogue catalogue = StoreDirectory.LoadCatalogue(options.DataDirectory);
            var files = new OpenFiles(options.MaxOpenSealedSegments);
            Topic[] topics = OpenTopics(catalogue, options, files, time, logger);
            StoreDirectory.ReportStrays(catalogue, options.DataDirectory, logger);
            var store = new LogStore(options, time, logger, lockFile, catalogue, files, topics);
            logger.Opened(
                options.DataDirectory,
                topics.Length,
                topics.Sum(t => t.Partitions.Length),
                (long)time.GetElapsedTime(started).TotalMilliseconds);
            return store;
        }
        catch (Exception e)
        {
            lockFile.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new LogStoreException($"The data directory {options.DataDirectory} cannot be read: {e.Message}", e);
            }

            throw;
        }
    }

    /// <summary>The topic of that name, or null.</summary>
    public Topic? Find(string name) => _topics.GetValueOrDefault(name);

    /// <summary>The topic of that id, or null.</summary>
    public Topic? Find(Guid id) => _topics.Values.FirstOrDefault(t => t.Id == id);

    /// <summary>Creates a topic; durable when it returns.</summary>
    /// <returns>InvalidTopic, TopicAlreadyExists, InvalidPartitions (below 1), PolicyViolation (bounds of the options),
    /// StorageError.</returns>
    public TopicResult Create(string name, int partitions, TopicConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (TopicName.Fault(name) is { } fault)
        {
            return TopicResult.Failed(LogError.InvalidTopic, fault);
        }

        lock (_gate)
        {
            if (_topics.ContainsKey(name))
            {
                return TopicResult.Failed(LogError.TopicAlreadyExists, $"Topic {name} exists already.");
            }

            if (_topics.Count >= _options.MaxTopics)
            {
                return TopicResult.Failed(
                    LogError.PolicyViolation,
                    $"There are {_topics.Count} topics, the bound is {_options.MaxTopics}; delete some or raise it.");
            }

            if (PartitionsFault(0, partitions) is { } refused)
            {
                return refused;
            }

            return Guarded(() => CreateLocked(name, partitions, config));
        }
    }

    /// <summary>Forgets the topic and deletes its files. Readers holding slices finish.</summary>
    public TopicResult Delete(string name)
    {
        lock (_gate)
        {
            if (!_topics.TryGetValue(name, out Topic? topic))
            {
                return Unknown(name);
            }

            return Guarded(() =>
            {
                CatalogueTopic entry = Entry(topic);
                Save(_catalogue with
                {
                    Topics = [.. _catalogue.Topics.Where(t => t.Id != topic.Id)],
                    Removing = [.. _catalogue.Removing, entry.Directory],
                });
                _topics = _topics.Remove(name);
                foreach (PartitionLog partition in topic.Partitions)
                {
                    partition.Close(deleted: true);
                }

                Directory.Delete(StoreDirectory.TopicPath(_options.DataDirectory, entry.Directory), recursive: true);
                Save(_catalogue with { Removing = [.. _catalogue.Removing.Where(d => d != entry.Directory)] });
                _logger.TopicDeleted(name);
                return topic;
            });
        }
    }

    /// <summary>Raises the number of partitions to <paramref name="total"/>.</summary>
    /// <returns>InvalidPartitions when that is not more than there are.</returns>
    public TopicResult AddPartitions(string name, int total)
    {
        lock (_gate)
        {
            if (!_topics.TryGetValue(name, out Topic? topic))
            {
                return Unknown(name);
            }

            if (PartitionsFault(topic.Partitions.Length, total) is { } refused)
            {
                return refused;
            }

            return Guarded(() =>
            {
                CatalogueTopic entry = Entry(topic);
                ImmutableArray<PartitionLog> added = OpenPartitions(
                    entry, topic.Config, topic.Partitions.Length, total, _options, _files, _time, _logger);
                Save(entry with { Partitions = total });
                topic.Change(topic.Config, topic.Partitions.AddRange(added));
                return topic;
            });
        }
    }

    /// <summary>Puts another configuration in force, for new appends and the next background passes.</summary>
    public TopicResult AlterConfig(string name, TopicConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        lock (_gate)
        {
            if (!_topics.TryGetValue(name, out Topic? topic))
            {
                return Unknown(name);
            }

            return Guarded(() =>
            {
                Save(Entry(topic) with { Config = Overrides(config) });
                topic.Change(config, topic.Partitions);
                foreach (PartitionLog partition in topic.Partitions)
                {
                    partition.Config = config;
                }

                return topic;
            });
        }
    }

    /// <summary>A producer id that was never given before, over restarts and crashes.</summary>
    /// <exception cref="IOException">The reservation could not be written.</exception>
    public long NextProducerId()
    {
        lock (_gate)
        {
            if (_nextProducerId == _catalogue.ProducerIdsReserved)
            {
                Save(_catalogue with { ProducerIdsReserved = _nextProducerId + ProducerIdBlock });
            }

            return _nextProducerId++;
        }
    }

    /// <summary>Flushes everything (fsync) and gives the directory up. Appends after it are refused with StorageError.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        await _passes.DisposeAsync().ConfigureAwait(false);
        foreach (Topic topic in _topics.Values)
        {
            foreach (PartitionLog partition in topic.Partitions)
            {
                try
                {
                    partition.Close(deleted: false);
                }
                catch (IOException e)
                {
                    // The others are still to be flushed; the next start reads this one back.
                    _logger.FlushFailed(partition.Directory, e.Message);
                }
            }
        }

        await _lockFile.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>One retention pass over everything, as the timer does it.</summary>
    internal void RunRetention() => _passes.Retain();

    /// <summary>One compaction pass over everything; <paramref name="force"/> compacts whatever the dirty ratio is.</summary>
    internal void RunCompaction(bool force = false) => _passes.Compact(force);

    /// <summary>One flush of everything, as the timer does it.</summary>
    internal void RunFlush() => _passes.Flush();

    private static Topic[] OpenTopics(Catalogue catalogue, LogStoreOptions options, OpenFiles files, TimeProvider time, ILogger logger)
    {
        var topics = new Topic[catalogue.Topics.Count];
        try
        {
            Parallel.For(0, topics.Length, i =>
            {
                CatalogueTopic entry = catalogue.Topics[i];
                if (!TopicConfig.Default.TryWith(
                    entry.Config.Select(c => KeyValuePair.Create(c.Key, (string?)c.Value)), out TopicConfig config, out string? error))
                {
                    throw new LogStoreException(
                        $"The catalogue of {options.DataDirectory} has a setting of topic {entry.Name} that is not known: {error}");
                }

                topics[i] = new Topic(
                    entry.Name, entry.Id, config, OpenPartitions(entry, config, 0, entry.Partitions, options, files, time, logger));
            });
        }
        catch (AggregateException e)
        {
            throw e.InnerException is LogStoreException inner
                ? inner
                : new LogStoreException($"{options.DataDirectory} cannot be opened: {e.InnerException?.Message}", e);
        }

        return topics;
    }

    private static ImmutableArray<PartitionLog> OpenPartitions(
        CatalogueTopic entry, TopicConfig config, int from, int to, LogStoreOptions options, OpenFiles files, TimeProvider time,
        ILogger logger)
    {
        string path = StoreDirectory.TopicPath(options.DataDirectory, entry.Directory);
        var partitions = ImmutableArray.CreateBuilder<PartitionLog>(to - from);
        for (int number = from; number < to; number++)
        {
            string directory = Path.Combine(path, number.ToString(System.Globalization.CultureInfo.InvariantCulture));
            partitions.Add(PartitionLog.Open(number, directory, config, options, files, time, logger));
        }

        DurableFile.FlushDirectory(path);
        return partitions.MoveToImmutable();
    }

    private static Dictionary<string, string> Overrides(TopicConfig config)
        => config.Describe().Where(e => !e.IsDefault).ToDictionary(e => e.Name, e => e.Value);

    private static TopicResult Unknown(string name) => TopicResult.Failed(LogError.UnknownTopicOrPartition, $"There is no topic {name}.");

    private Topic CreateLocked(string name, int partitions, TopicConfig config)
    {
        var id = Guid.NewGuid();
        // The id keeps a topic created again apart from the files of the one before; a name alone may be as long as a file name can be.
        string directory = $"{name[..Math.Min(name.Length, 200)]}.{id:N}";
        var entry = new CatalogueTopic(name, id, directory, partitions, Overrides(config));
        var topic = new Topic(name, id, config, OpenPartitions(entry, config, 0, partitions, _options, _files, _time, _logger));
        StoreDirectory.FlushTopics(_options.DataDirectory);
        Save(_catalogue with { Topics = [.. _catalogue.Topics, entry] });
        _topics = _topics.Add(name, topic);
        _logger.TopicCreated(name, partitions);
        return topic;
    }

    private TopicResult? PartitionsFault(int present, int wanted)
    {
        if (wanted < 1 || wanted <= present)
        {
            return TopicResult.Failed(
                LogError.InvalidPartitions,
                present == 0 ? "A topic has at least one partition." : $"The topic has {present} partitions; their number only grows.");
        }

        long total = (long)_topics.Values.Sum(t => t.Partitions.Length) + wanted - present;
        return total > _options.MaxPartitions
            ? TopicResult.Failed(
                LogError.PolicyViolation,
                $"There would be {total} partitions, the bound is {_options.MaxPartitions}; ask for fewer or raise it.")
            : null;
    }

    private CatalogueTopic Entry(Topic topic) => _catalogue.Topics.First(t => t.Id == topic.Id);

    private void Save(CatalogueTopic entry) =>
        Save(_catalogue with { Topics = [.. _catalogue.Topics.Select(t => t.Id == entry.Id ? entry : t)] });

    private void Save(Catalogue catalogue)
    {
        catalogue.Write(_options.DataDirectory);
        _catalogue = catalogue;
    }

    private TopicResult Guarded(Func<Topic> change)
    {
        if (_isDisposed)
        {
            return TopicResult.Failed(LogError.StorageError, "The log is closed.");
        }

        try
        {
            return new TopicResult(LogError.None, null, change());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.WriteFailed(_options.DataDirectory, e.Message);
            return TopicResult.Failed(LogError.StorageError, $"The log cannot be written: {e.Message}");
        }
    }
}
