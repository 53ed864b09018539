using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

/// <summary>A store in a directory of its own, with a clock that stands, and what it logged.</summary>
internal sealed class LogFixture : IAsyncDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), "tokenstream-log-" + Guid.NewGuid().ToString("N"));

    public LogFixture()
    {
        DirectoryPath = Path.Combine(_root, "data");
        Options = new LogStoreOptions { DataDirectory = DirectoryPath };
    }

    public string DirectoryPath { get; private set; }

    public ManualTime Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));

    public RecordingLogger Logger { get; } = new();

    public LogStoreOptions Options { get; init; }

    public LogStore Store { get; private set; } = null!;

    public static LogFixture Open(Func<string, LogStoreOptions>? options = null)
    {
        var fixture = new LogFixture();
        if (options is not null)
        {
            fixture = new LogFixture { DirectoryPath = fixture.DirectoryPath, Options = options(fixture.DirectoryPath) };
        }

        fixture.Store = LogStore.Open(fixture.Options, fixture.Time, fixture.Logger);
        return fixture;
    }

    /// <summary>Closes cleanly and opens again.</summary>
    public async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = LogStore.Open(Options, Time, Logger);
    }

    /// <summary>What a process would find that starts now, this one having been killed: a store on a copy of the files as they are.</summary>
    public LogStore OpenCopy(Action<string>? damage = null)
    {
        string copy = Path.Combine(_root, "copy-" + Guid.NewGuid().ToString("N"));
        CopyDirectory(DirectoryPath, copy);
        damage?.Invoke(copy);
        return LogStore.Open(new LogStoreOptions { DataDirectory = copy }, Time, Logger);
    }

    public PartitionLog CreatePartition(string name = "t", TopicConfig? config = null)
    {
        TopicResult created = Store.Create(name, 1, config ?? TopicConfig.Default);
        Assert.Equal(LogError.None, created.Error);
        return created.Topic!.Partitions[0];
    }

    public PartitionLog Partition(string name = "t") => Store.Find(name)!.Partitions[0];

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    private static void CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        // A passing name may be gone before it is copied; a start would delete it anyway.
        foreach (string file in Directory.GetFiles(from).Where(f => Path.GetFileName(f) != "lock" && !f.EndsWith(".tmp", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (string directory in Directory.GetDirectories(from))
        {
            CopyDirectory(directory, Path.Combine(to, Path.GetFileName(directory)));
        }
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    public ConcurrentQueue<(LogLevel Level, int Id, string Text)> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => Lines.Enqueue((logLevel, eventId.Id, formatter(state, exception)));
}

/// <summary>Makes batches and reads records back, as a producer and a consumer would.</summary>
internal static class Batches
{
    public static byte[] Of(params (string? Key, string? Value)[] records) => At(1_000, records);

    public static byte[] At(long timestampMs, params (string? Key, string? Value)[] records)
    {
        var builder = new RecordBatchBuilder();
        foreach ((string? key, string? value) in records)
        {
            builder.Add(timestampMs, Bytes(key), Bytes(value));
        }

        return builder.Build();
    }

    public static byte[] OfProducer(long producerId, short epoch, int sequence, int count)
    {
        var builder = new RecordBatchBuilder();
        for (int i = 0; i < count; i++)
        {
            builder.Add(1_000, null, Bytes($"{producerId}/{epoch}/{(long)sequence + i}"));
        }

        return builder.Build(producerId, epoch, sequence);
    }

    public static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    /// <summary>Everything from an offset to the high watermark, as a consumer would read it.</summary>
    public static List<StoredRecord> ReadAll(PartitionLog log, long from = -1, int maxBytes = 1 << 20)
    {
        var records = new List<StoredRecord>();
        long offset = from < 0 ? log.LogStart : from;
        while (true)
        {
            Assert.Equal(LogError.None, log.TryLocate(offset, maxBytes, out LogSlice slice));
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            slice.Dispose();
            if (bytes.Length == 0)
            {
                return records;
            }

            long next = Read(bytes, records, offset);
            Assert.True(next > offset, "the reader must get on");
            offset = next;
        }
    }

    /// <summary>Reads whole batches; fails on anything else.</summary>
    public static long Read(ReadOnlySpan<byte> bytes, List<StoredRecord> into, long from = 0)
    {
        long next = from;
        while (!bytes.IsEmpty)
        {
            var batch = new RecordBatch(bytes);
            Assert.True(batch.Size <= bytes.Length, "a batch must be whole");
            ReadOnlySpan<byte> whole = bytes[..(int)batch.Size];
            batch = new RecordBatch(whole);
            Assert.True(batch.IsIntact, "the checksum must hold");
            using DecodedRecords decoded = BatchCodec.Decode(batch.Codec, batch.Records);
            var reader = new RecordReader(decoded.Span, batch.Count);
            int count = 0;
            while (reader.MoveNext())
            {
                count++;
                long offset = batch.BaseOffset + reader.OffsetDelta;
                if (offset >= from)
                {
                    into.Add(new StoredRecord(
                        offset,
                        batch.HasLogAppendTime ? batch.MaxTimestamp : batch.BaseTimestamp + reader.TimestampDelta,
                        reader.HasKey ? Encoding.UTF8.GetString(reader.Key) : null,
                        reader.HasValue ? Encoding.UTF8.GetString(reader.Value) : null));
                }
            }

            Assert.Equal(batch.Count, count);
            next = batch.NextOffset;
            bytes = bytes[(int)batch.Size..];
        }

        return next;
    }
}

/// <summary>A record as a consumer sees it.</summary>
internal readonly record struct StoredRecord(long Offset, long TimestampMs, string? Key, string? Value);
