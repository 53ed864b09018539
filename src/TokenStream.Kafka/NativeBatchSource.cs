using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using TokenStream.Kafka.Native;
using TokenStream.Runtime;
using TopicPartition = TokenStream.Runtime.TopicPartition;

namespace TokenStream.Kafka;

/// <summary>
/// A member of a consumer group that takes records in the library's own batches: the managed consumer keeps the membership, and no object
/// is made for a record (measured: a third of the CPU time of the managed reading, and no garbage).
/// </summary>
public sealed unsafe class NativeBatchSource : IRecordSource
{
    /// <summary>Records a call into the library, at most.</summary>
    public const int MaxBatch = 4096;

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(50);

    private readonly string _clientId;
    private readonly IReadOnlyList<string> _topics;
    private readonly KafkaOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly IConsumer<byte[], byte[]> _consumer;
    private readonly BrokerLiveness _liveness;
    private readonly SourceAssignment _assignment;
    private readonly nint _client;
    private readonly nint _queue;
    private readonly NativeCommits _commits;
    private readonly NativeRecordHeaders _headers = new();
    private readonly NativeMessage** _messages = (NativeMessage**)NativeMemory.Alloc(MaxBatch, (nuint)sizeof(NativeMessage*));
    private Error? _fatal;
    private string? _lastError;
    private long _call;
    private bool _callMayBeOlder;
    private bool _mustSeek;
    private bool _mustRejoin;
    private bool _disposed;

    /// <summary>Joins the group when first polled.</summary>
    public NativeBatchSource(
        KafkaOptions options, string group, IReadOnlyList<string> topics, string clientId, TimeProvider clock, ILogger logger)
    {
        _options = options;
        _clientId = clientId;
        _topics = topics;
        _clock = clock;
        _logger = logger;
        _liveness = new BrokerLiveness(clock);
        _assignment = new SourceAssignment(clientId, logger);
        _consumer = new ConsumerBuilder<byte[], byte[]>(ClientProperties.Member(options, group, clientId))
            .SetErrorHandler((_, error) => OnError(error))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .SetStatisticsHandler((_, statistics) => _liveness.Read(statistics))
            .SetPartitionsAssignedHandler((_, partitions) => _assignment.Assign(partitions, _callMayBeOlder ? _call : -1))
            .SetPartitionsRevokedHandler((consumer, partitions) => _assignment.Remove(consumer, partitions, lost: false))
            .SetPartitionsLostHandler((consumer, partitions) => _assignment.Remove(consumer, partitions, lost: true))
            .Build();
        _client = NativeHandle(_consumer.Handle);
        _queue = LibRdKafka.rd_kafka_queue_get_consumer(_client);
        _commits = new NativeCommits(_client, options.Patience, clock);
        KafkaLog.Opened(logger, clientId, Library.VersionString, options.BootstrapServers);
        _consumer.Subscribe(topics);
    }

    public void Poll(TimeSpan wait, IAssignmentHandler handler)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _assignment.Handler = handler;
        RejoinWhereUncertain();
        // A batch call returns when its batch is full or its time is over. So: what is there, at once; else wait for one, then what came
        // with it.
        if (Take(TimeSpan.Zero, MaxBatch) == 0 && wait > TimeSpan.Zero && Take(wait, 1) != 0)
        {
            Take(TimeSpan.Zero, MaxBatch);
        }
    }

    public ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var (outcome, reason) = Commit(commits);
        if (outcome != CommitOutcome.Taken)
        {
            KafkaLog.CommitRefused(_logger, _clientId, reason);
        }

        if (outcome == CommitOutcome.Unknown)
        {
            _assignment.EndCommits();
            _mustRejoin = true;
        }

        return new(outcome == CommitOutcome.Taken);
    }

    public OffsetCommit? Committed(TopicPartition partition)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return NativeOffsets.Committed(_client, partition, _options.AnswerTimeout);
    }

    public void Seek(TopicPartition partition, long offset)
    {
        var state = Assigned(partition);
        state.Next = offset;
        state.EndReached = -1;
        state.VoidCall = _call;
        state.MustSeek = true;
        if (!state.Paused)
        {
            SeekNow(state);
        }
    }

    public void SetPaused(TopicPartition partition, bool paused)
    {
        var state = Assigned(partition);
        if (state.Paused == paused)
        {
            return;
        }

        state.Paused = paused;
        state.EndReached = -1;
        if (paused)
        {
            _consumer.Pause([Theirs(partition)]);
            return;
        }

        _consumer.Resume([Theirs(partition)]);
        if (state.MustSeek)
        {
            state.VoidCall = _call;
            SeekNow(state);
        }
    }

    public (long Start, long End) Watermarks(TopicPartition partition)
    {
        if (_assignment.Find(partition) is not { Paused: false } state || !_liveness.IsAlive(partition))
        {
            return (-1, -1);
        }

        var (low, high) = Cached(state);
        return high < 0 ? (-1, -1) : (Math.Max(low, -1), high);
    }

    public bool IsAtEnd(TopicPartition partition) =>
        _assignment.Find(partition) is { EndReached: >= 0 } state && Cached(state).High == state.EndReached && _liveness.IsAlive(partition);

    public (long Start, long End) QueryWatermarks(TopicPartition partition)
    {
        try
        {
            var answer = _consumer.QueryWatermarkOffsets(Theirs(partition), _options.AnswerTimeout);
            return (answer.Low.Value, answer.High.Value);
        }
        catch (KafkaException failure)
        {
            throw new SourceFailedException(
                $"start and end of {partition} could not be read from {_options.BootstrapServers}: {failure.Error.Reason}", failure);
        }
    }

    /// <summary>Leaves the group, after the handler was told of every partition that goes. Gives that up where it takes too long.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        var (began, before) = (_clock.GetTimestamp(), _assignment.Failure);
        // The library waits without end for what it has in flight. Given up, it keeps its thread and its memory: better than a stop that
        // hangs.
        var closing = new Thread(() => Close(began)) { IsBackground = true, Name = $"{_clientId} closing" };
        closing.Start();
        var isClosed = closing.Join(Left(began));
        _disposed = true;
        if (!isClosed)
        {
            _assignment.Abandon();
            KafkaLog.NotLeft(_logger, _clientId, _options.Patience.TotalSeconds);
            return;
        }

        if (before is null && _assignment.Failure is { } late)
        {
            // Nobody polls any more who could throw it; what was not finished starts again from what is committed.
            KafkaLog.ClientError(_logger, _clientId, late.SourceException.Message);
        }

        _commits.Dispose();
        _assignment.Dispose();
        NativeMemory.Free(_messages);
    }

    /// <summary>The managed client's own handle: internal there, and the one thing that has to be reached by reflection.</summary>
    private static nint NativeHandle(Handle handle)
    {
        var property = typeof(Handle).GetProperty("LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic);
        return property?.GetValue(handle) is SafeHandle native
            ? native.DangerousGetHandle()
            : throw new InvalidOperationException(
                "This version of Confluent.Kafka keeps its native handle elsewhere; 2.15.1 is the one that fits.");
    }

    /// <summary>
    /// Ends the membership while its changes are still served one after the other. A close that comes upon an assignment which was not
    /// served yet serves that and the revocation at once; the group is then gone before the second, which waits for it for ever.
    /// </summary>
    private void GiveBack(long began)
    {
        _consumer.Unsubscribe();
        while ((_consumer.Subscription.Count > 0 || _assignment.Partitions.Count > 0) && Left(began) > TimeSpan.Zero)
        {
            var count = (int)LibRdKafka.rd_kafka_consume_batch_queue(_queue, (int)Turn.TotalMilliseconds, _messages, 1);
            for (var i = 0; i < count; i++)
            {
                LibRdKafka.rd_kafka_message_destroy(_messages[i]);
            }
        }
    }

    private TimeSpan Left(long began)
    {
        var left = _options.Patience - _clock.GetElapsedTime(began);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Close(long began)
    {
        try
        {
            GiveBack(began);
            LibRdKafka.rd_kafka_queue_destroy(_queue);
            _consumer.Close();
        }
        catch (KafkaException failure)
        {
            KafkaLog.ClientError(_logger, _clientId, failure.Error.Reason);
        }
    }

    private static Confluent.Kafka.TopicPartition Theirs(TopicPartition partition) => new(partition.Topic, partition.Partition);

    private (CommitOutcome Outcome, string Reason) Commit(IReadOnlyList<OffsetCommit> commits)
    {
        foreach (var commit in commits)
        {
            if (_assignment.Find(commit.Partition) is not { CommitsEnded: false })
            {
                return (CommitOutcome.Refused, $"{commit.Partition} is not assigned");
            }
        }

        // The library looks at this only for commits without explicit offsets; between its loss and our hearing of it, a commit could roll
        // back a successor's.
        return LibRdKafka.rd_kafka_assignment_lost(_client) != 0
            ? (CommitOutcome.Refused, "the assignment is lost")
            : _commits.Commit(commits);
    }

    /// <summary>
    /// A commit without an answer may be taken later, over a newer one. The group takes it from a present member only: so the member leaves
    /// and comes back as another, and commits nothing in between.
    /// </summary>
    private void RejoinWhereUncertain()
    {
        if (_mustRejoin)
        {
            _mustRejoin = false;
            _consumer.Unsubscribe();
            _consumer.Subscribe(_topics);
        }
    }

    private SourcePartition Assigned(TopicPartition partition)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _assignment.Find(partition) ?? throw new InvalidOperationException($"{partition} is not assigned");
    }

    private (long Low, long High) Cached(SourcePartition state)
    {
        long low, high;
        var error = LibRdKafka.rd_kafka_get_watermark_offsets(_client, state.NativeTopic, state.Partition.Partition, &low, &high);
        return error == NativeError.None ? (low, high) : (-1, -1);
    }

    /// <summary>Takes one batch and hands it over. Returns how many messages it had.</summary>
    private int Take(TimeSpan wait, int capacity)
    {
        _call++;
        // A call that ends at its first message cannot have taken that before a change of the assignment.
        _callMayBeOlder = capacity > 1;
        var count = (int)LibRdKafka.rd_kafka_consume_batch_queue(_queue, (int)wait.TotalMilliseconds, _messages, (nuint)capacity);
        var handed = 0;
        try
        {
            ThrowIfFailed();
            for (; handed < count; handed++)
            {
                HandOver(_messages[handed]);
                LibRdKafka.rd_kafka_message_destroy(_messages[handed]);
            }
        }
        finally
        {
            for (; handed < count; handed++)
            {
                LibRdKafka.rd_kafka_message_destroy(_messages[handed]);
            }
        }

        SeekWhereSkipped();
        return Math.Max(count, 0);
    }

    private void HandOver(NativeMessage* message)
    {
        var state = _assignment.Find(message);
        if (message->Error != NativeError.None)
        {
            OnMessageError(message, state);
            return;
        }

        if (state is null || message->Offset < state.Next || state.VoidCall == _call)
        {
            return;
        }

        if (state.Paused || state.BornInCall == _call)
        {
            // Taken from the client and not handed over: it has to be fetched again.
            state.MustSeek = true;
            _mustSeek = true;
            return;
        }

        int timestampType;
        var timestampMs = LibRdKafka.rd_kafka_message_timestamp(message, &timestampType);
        state.Next = message->Offset + 1;
        state.EndReached = -1;
        _headers.Message = message;
        var record = new Record(
            message->Offset,
            timestampMs,
            new ReadOnlySpan<byte>(message->Key, checked((int)message->KeyLength)),
            new ReadOnlySpan<byte>(message->Value, checked((int)message->ValueLength)),
            _headers);
        state.Reader.Read(in record);
    }

    private void OnMessageError(NativeMessage* message, SourcePartition? state)
    {
        switch (message->Error)
        {
            case NativeError.PartitionEof:
                if (state is { Paused: false } && state.VoidCall != _call && state.BornInCall != _call && message->Offset >= state.Next)
                {
                    state.EndReached = message->Offset;
                }

                break;
            case NativeError.AutoOffsetReset or NativeError.OffsetOutOfRange:
                throw new SourceFailedException(
                    $"{state?.Partition.ToString() ?? "a partition"} has no record at offset {state?.Next}: {message->ErrorText}. "
                    + "Records that are still needed were deleted; a longer retention of the topic prevents it");
            case NativeError.TopicAuthorizationFailed:
            case NativeError.GroupAuthorizationFailed:
            case NativeError.SaslAuthenticationFailed:
            case NativeError.Authentication:
            case NativeError.Fatal:
                throw new SourceFailedException(
                    $"Kafka at {_options.BootstrapServers} refused to be read by {_clientId}: {message->ErrorText}");
            default:
                // The library goes on by itself after every other error.
                KafkaLog.ClientError(_logger, _clientId, message->ErrorText);
                break;
        }
    }

    private void OnError(Error error)
    {
        if (error.IsFatal)
        {
            _fatal = error;
        }
        else if (error.Reason != _lastError && (error.Code != ErrorCode.Local_AllBrokersDown || _lastError is null))
        {
            // A broker that is away is reported at each attempt; once is enough.
            _lastError = error.Reason;
            KafkaLog.ClientError(_logger, _clientId, error.Reason);
        }
    }

    private void ThrowIfFailed()
    {
        _assignment.Failure?.Throw();
        if (_fatal is { } fatal)
        {
            throw new SourceFailedException($"the Kafka client {_clientId} cannot go on: {fatal.Reason}");
        }
    }

    private void SeekWhereSkipped()
    {
        if (!_mustSeek)
        {
            return;
        }

        _mustSeek = false;
        foreach (var state in _assignment.Partitions)
        {
            if (state is { MustSeek: true, Paused: false })
            {
                SeekNow(state);
            }
        }
    }

    /// <summary>Moves the client to where the partition's reading stands.</summary>
    private void SeekNow(SourcePartition state)
    {
        var target = new TopicPartitionOffset(Theirs(state.Partition), new Offset(state.Next));
        state.MustSeek = false;
        try
        {
            _consumer.Seek(target);
        }
        catch (KafkaException failure) when (failure.Error.Code is ErrorCode.Local_State or ErrorCode.Local_InProgress)
        {
            // Not fetching yet, just after its assignment: assigning it again begins at the right place too.
            _consumer.IncrementalUnassign([target.TopicPartition]);
            _consumer.IncrementalAssign([target]);
        }
    }
}
