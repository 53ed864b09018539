using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Broker.Log;

namespace TokenStream.Benchmarks;

/// <summary>One partition of the embedded log: what an append and a read cost by batch size. Divide <see cref="BatchBytes"/> by the time for
/// throughput. The baseline is the least an append can do: one checksum and one write of the same bytes.</summary>
[MemoryDiagnoser]
public class BrokerBenchmarks : IAsyncDisposable
{
    private string _directory = "";
    private LogStore _store = null!;
    private PartitionLog _created = null!;
    private PartitionLog _stamped = null!;
    private PartitionLog _read = null!;
    private FileStream _file = null!;
    private byte[] _batch = [];
    private byte[] _destination = [];
    private long _offset;

    [Params(1_000, 16_000, 256_000)]
    public int BatchBytes { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _directory = Path.Combine(Path.GetTempPath(), "tokenstream-benchmark-" + Guid.NewGuid().ToString("N"));
        _store = LogStore.Open(new LogStoreOptions { DataDirectory = _directory, RetentionIntervalMs = 500 }, TimeProvider.System, NullLogger.Instance);
        // A small retention keeps a long run from filling the disk.
        TopicConfig config = TopicConfig.Default with { RetentionMs = -1, RetentionBytes = 256 << 20 };
        _created = _store.Create("created", 1, config).Topic!.Partitions[0];
        _stamped = _store.Create("stamped", 1, config with { LogAppendTime = true }).Topic!.Partitions[0];
        _read = _store.Create("read", 1, TopicConfig.Default with { RetentionMs = -1 }).Topic!.Partitions[0];
        _file = new FileStream(Path.Combine(_directory, "baseline"), FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var random = new Random(1);
        var builder = new RecordBatchBuilder();
        byte[] value = new byte[480];
        for (int size = 0; size < BatchBytes - 500; size += 500)
        {
            random.NextBytes(value);
            builder.Add(1_700_000_000_000, "tenant"u8.ToArray(), value);
        }

        _batch = builder.Build();
        while (_read.SizeBytes < 100 << 20)
        {
            _read.Append(_batch);
        }

        _destination = new byte[1 << 20];
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        await _file.DisposeAsync();
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public uint ChecksumAndWrite()
    {
        // As the log does, it writes to pages that are not there yet.
        if (_file.Position > 128 << 20)
        {
            _file.SetLength(0);
        }

        uint sum = Crc32C.Compute(_batch);
        _file.Write(_batch);
        return sum;
    }

    [Benchmark]
    public long AppendCreateTime() => _created.Append(_batch).BaseOffset;

    /// <summary>With the checksum computed anew for the broker's time; the batch carries the right one for the next round.</summary>
    [Benchmark]
    public long AppendLogAppendTime() => _stamped.Append(_batch).BaseOffset;

    /// <summary>A fetch of up to 1 MiB, consumer after consumer through 100 MiB in the page cache.</summary>
    [Benchmark]
    public int ReadMebibyte()
    {
        _read.TryLocate(_offset, _destination.Length, out LogSlice slice);
        using (slice)
        {
            slice.CopyTo(_destination);
            int last = 0;
            for (int at = 0; at < slice.Length; at += (int)new RecordBatch(_destination.AsSpan(at)).Size)
            {
                last = at;
            }

            _offset = new RecordBatch(_destination.AsSpan(last)).NextOffset;
            _offset = _offset >= _read.HighWatermark ? 0 : _offset;
            return slice.Length;
        }
    }
}
