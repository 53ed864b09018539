using TokenStream.Runtime;

namespace TokenStream.Tests.Runtime;

/// <summary>Topics, offsets and commits of one partition each, in memory, with an owner's source, sink and readers over them.</summary>
internal sealed class MemoryLog
{
    public Dictionary<string, List<(byte[] Key, byte[]? Value)>> Topics { get; } = [];

    public OffsetCommit? Commit { get; set; }

    /// <summary>Every commit that was done, in order.</summary>
    public List<OffsetCommit> Commits { get; } = [];

    /// <summary>Whether the group takes no commit any more: another owner has the partition.</summary>
    public MemorySource? Owner { get; set; }

    public List<(byte[] Key, byte[]? Value)> Topic(string name) => Topics.TryGetValue(name, out var records) ? records : Topics[name] = [];

    public MemorySource NewOwner(string spendTopic) => Owner = new MemorySource(this, new TopicPartition(spendTopic, 0));

    internal sealed class MemorySource(MemoryLog log, TopicPartition partition) : IRecordSource
    {
        private IPartitionReader? _reader;
        private long _position;

        private List<(byte[] Key, byte[]? Value)> Records => log.Topic(partition.Topic);

        /// <summary>Whether the next commit is done, but not answered.</summary>
        public bool LosesAnswer { get; set; }

        public void Poll(TimeSpan wait, IAssignmentHandler handler)
        {
            if (_reader is null)
            {
                (_position, _reader) = handler.Assigned(partition);
            }

            for (; _position < Records.Count; _position++)
            {
                var (key, value) = Records[(int)_position];
                _reader.Read(new Record(_position, 0, key, value));
            }
        }

        public ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits)
        {
            if (log.Owner != this)
            {
                return ValueTask.FromResult(false);
            }

            log.Commit = commits.Single();
            log.Commits.Add(log.Commit);
            var isAnswered = !LosesAnswer;
            LosesAnswer = false;
            return ValueTask.FromResult(isAnswered);
        }

        public OffsetCommit? Committed(TopicPartition topicPartition) => log.Commit;

        public void Seek(TopicPartition topicPartition, long offset) => _position = offset;

        public void SetPaused(TopicPartition topicPartition, bool paused)
        {
        }

        public (long Start, long End) Watermarks(TopicPartition topicPartition) => (0, Records.Count);

        public bool IsAtEnd(TopicPartition topicPartition) => _position == Records.Count;

        public (long Start, long End) QueryWatermarks(TopicPartition topicPartition) => (0, Records.Count);

        public void Dispose()
        {
        }
    }
}

/// <summary>Writes to a memory log when it is flushed.</summary>
internal sealed class MemorySink(MemoryLog log) : IRecordSink
{
    private readonly List<(string Topic, byte[] Key, byte[]? Value)> _buffer = [];

    /// <summary>Whether the next flush is not answered, and nothing of it arrives.</summary>
    public bool Fails { get; set; }

    public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null) =>
        _buffer.Add((partition.Topic, key.ToArray(), value.ToArray()));

    public void Delete(TopicPartition partition, ReadOnlySpan<byte> key) => _buffer.Add((partition.Topic, key.ToArray(), null));

    public ValueTask FlushAsync()
    {
        if (Fails)
        {
            Fails = false;
            _buffer.Clear();
            throw new PublishFailedException("the test's broker did not answer");
        }

        foreach (var (topic, key, value) in _buffer)
        {
            log.Topic(topic).Add((key, value));
        }

        _buffer.Clear();
        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
    }
}

/// <summary>Reads a topic of a memory log.</summary>
internal sealed class MemoryCompactedLog(MemoryLog log, string topic) : ICompactedLog
{
    private int _position;

    public void ReadAll(int partition, CompactedRecordReader read) => Hand(0, read);

    public void Follow(CompactedRecordReader read)
    {
        Hand(_position, read);
        _position = log.Topic(topic).Count;
    }

    public void Dispose()
    {
    }

    private void Hand(int from, CompactedRecordReader read)
    {
        for (var offset = from; offset < log.Topic(topic).Count; offset++)
        {
            var (key, value) = log.Topic(topic)[offset];
            read(0, offset, key, value ?? [], value is null);
        }
    }
}
