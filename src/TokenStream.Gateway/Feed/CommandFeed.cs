using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Gateway.Leasing;

namespace TokenStream.Gateway.Feed;

/// <summary>
/// Follows the commands topic: all of it from its beginning, then live, on a thread of its own. It belongs to no consumer group, so that
/// every gateway sees everything and commits nothing.
/// </summary>
internal sealed class CommandFeed : IDisposable
{
    /// <summary>Records taken in before decisions see them: the whole topic at a start must not build an index a record.</summary>
    private const int MostAtOnce = 1_000;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TokenStreamGatewayOptions _options;
    private readonly LeaseTable _leases;
    private readonly GatewayClock _clock;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;
    private readonly List<(Command Command, long ReceivedMs, bool IsLive)> _unacknowledged = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private CommandTable? _table;
    private CommandVerifier _verifier;
    private DateTime _keysWritten;
    private long _lookedAtKeys;
    private bool _hasNews;
    private volatile CommandSnapshot _snapshot = CommandSnapshot.Empty;

    public CommandFeed(TokenStreamGatewayOptions options, LeaseTable leases, GatewayClock clock, GatewayMetrics metrics, ILogger logger)
    {
        (_options, _leases, _clock, _metrics, _logger) = (options, leases, clock, metrics, logger);
        Freshness = new FeedFreshness(options.BlindAfter);
        _keysWritten = KeysWritten();
        _verifier = new CommandVerifier(options.ReadKeys());
        _thread = new Thread(Run) { IsBackground = true, Name = "tokenstream commands" };
    }

    /// <summary>Called on the feed's thread once decisions obey a command.</summary>
    public Action<Command, long, bool>? Applied { get; set; }

    /// <summary>Called on the feed's thread after decisions changed.</summary>
    public Action? Changed { get; set; }

    public CommandSnapshot Snapshot => _snapshot;

    public FeedFreshness Freshness { get; }

    /// <summary>Ends when all commands in force were read.</summary>
    public Task Completed => _complete.Task;

    public void Start() => _thread.Start();

    public void Dispose()
    {
        _stop.Cancel();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _stop.Dispose();
    }

    /// <summary>Takes one record in; decisions see it after <see cref="Show"/>.</summary>
    internal RecordVerdict Take(int partition, byte[]? key, byte[]? value)
    {
        var verdict = _table!.Take(_verifier, partition, key, value, out var record, out var refusal);
        switch (verdict)
        {
            case RecordVerdict.Applied:
                TakeIn(record.Command!);
                break;
            case RecordVerdict.Heartbeat:
                var nanoseconds = _clock.Nanoseconds;
                Freshness.Hear(partition, record.Heartbeat!.AtMs, _clock.AtMs(nanoseconds), nanoseconds);
                break;
            case RecordVerdict.Refused or RecordVerdict.WrongPartition or RecordVerdict.Conflicting or RecordVerdict.TableFull:
                GatewayLog.RecordRefused(_logger, _options.CommandsTopic, partition, verdict, refusal);
                break;
        }

        _metrics.Record(verdict, refusal);
        return verdict;
    }

    internal void Begin(int partitions)
    {
        Freshness.Begin(partitions);
        if (_table is null || _table.Partitions != partitions)
        {
            _table = new CommandTable(partitions);
        }
    }

    internal void ReachEnd(int partition)
    {
        Show();
        Freshness.ReachEnd(partition, _clock.Nanoseconds);
        if (Freshness.IsComplete)
        {
            _complete.TrySetResult();
        }
    }

    /// <summary>From here on decisions obey what was taken in.</summary>
    internal void Show()
    {
        if (!_hasNews)
        {
            return;
        }

        _hasNews = false;
        _snapshot = _snapshot.With(_table!.Active(_clock.WallMs), _leases, _clock.Nanoseconds);
        _metrics.ActiveCommands = _snapshot.Index.Count;
        Changed?.Invoke();
        foreach (var (command, receivedMs, isLive) in _unacknowledged)
        {
            Applied?.Invoke(command, receivedMs, isLive);
        }

        _unacknowledged.Clear();
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Follow();
            }
            catch (KafkaException failure)
            {
                GatewayLog.FeedFailed(_logger, _options.CommandsTopic, failure.Error.Reason);
            }

            _stop.Token.WaitHandle.WaitOne(Pause);
        }
    }

    private void Follow()
    {
        var errors = new KafkaErrors(_logger, _clock);
        using var consumer = new ConsumerBuilder<byte[], byte[]>(GatewayKafka.Consumer(_options))
            .SetErrorHandler((_, error) => errors.Tell(error))
            .SetLogHandler((_, line) => GatewayLog.Library(_logger, line.Facility, line.Message))
            .Build();
        var partitions = FindPartitions(consumer);
        Begin(partitions);
        consumer.Assign(Enumerable.Range(0, partitions)
            .Select(partition => new TopicPartitionOffset(_options.CommandsTopic, partition, Offset.Beginning)));
        while (!_stop.IsCancellationRequested)
        {
            var result = consumer.Consume(Turn);
            for (var taken = 0; result is not null; taken++)
            {
                TakeIn(result);
                result = taken < MostAtOnce ? consumer.Consume(TimeSpan.Zero) : null;
            }

            Show();
            if (KeysChanged())
            {
                // What the former keys refused may be believed now: everything is read again, and versions order it.
                consumer.Assign(consumer.Assignment.Select(partition => new TopicPartitionOffset(partition, Offset.Beginning)).ToList());
            }
        }
    }

    /// <summary>
    /// Leases are renewed each second and answered by reports; what they grant is obeyed at once, by what decisions know already.
    /// </summary>
    private void TakeIn(Command command)
    {
        if (command.IsLease)
        {
            _hasNews |= _leases.Take(command);
            return;
        }

        _hasNews = true;
        _unacknowledged.Add((command, _clock.WallMs, Freshness.IsComplete));
    }

    private void TakeIn(ConsumeResult<byte[], byte[]> result)
    {
        if (result.IsPartitionEOF)
        {
            ReachEnd(result.Partition.Value);
        }
        else
        {
            Take(result.Partition.Value, result.Message.Key, result.Message.Value);
        }
    }

    private int FindPartitions(IConsumer<byte[], byte[]> consumer)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var topic = admin.GetMetadata(_options.CommandsTopic, Patience).Topics.Single();
        return topic.Error.IsError || topic.Partitions.Count == 0
            ? throw new KafkaException(topic.Error.IsError ? topic.Error : new Error(ErrorCode.UnknownTopicOrPart))
            : topic.Partitions.Count;
    }

    /// <summary>Once a second: whether the key file was written, and its keys could be read.</summary>
    private bool KeysChanged()
    {
        var now = _clock.Nanoseconds;
        if (_options.PublicKeyFile is null || now - _lookedAtKeys < (long)Pause.TotalNanoseconds)
        {
            return false;
        }

        _lookedAtKeys = now;
        var written = KeysWritten();
        if (written == _keysWritten)
        {
            return false;
        }

        _keysWritten = written;
        try
        {
            _verifier = new CommandVerifier(_options.ReadKeys());
            GatewayLog.KeysRead(_logger, string.Join(", ", _verifier.KeyIds));
            return true;
        }
        catch (FormatException failure)
        {
            GatewayLog.KeysUnreadable(_logger, failure.Message);
            return false;
        }
    }

    private DateTime KeysWritten() => _options.PublicKeyFile is { } file ? File.GetLastWriteTimeUtc(file) : default;
}
