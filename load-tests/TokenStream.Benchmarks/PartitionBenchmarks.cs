using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using TokenStream.Benchmarks.Partition;
using TokenStream.Pricing;

namespace TokenStream.Benchmarks;

/// <summary>The headline: decode, price and windows together, nanoseconds an event, beside counting the newlines of the same bytes.</summary>
[MemoryDiagnoser]
public unsafe class PartitionBenchmarks : IDisposable
{
    private const int Events = 100_000;

    private byte* _bytes;
    private long _length;
    private PartitionPath? _path;

    [Params(PathWork.Newlines, PathWork.Sums, PathWork.Full, PathWork.Dedup)]
    public PathWork Work { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        byte[] lines = [.. SampleEvents.Create(EventLayout.Usual, Events).SelectMany(record => record.Append((byte)'\n'))];
        _length = lines.Length;
        _bytes = (byte*)NativeMemory.Alloc((nuint)_length);
        lines.CopyTo(new Span<byte>(_bytes, lines.Length));
        _path = new PartitionPath(DefaultPriceBook.Book, Work, SampleScopes.Of(0));
        _path.Run(_bytes, _length);
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public long Run() => _path!.Run(_bytes, _length).Records;

    [GlobalCleanup]
    public void Dispose()
    {
        _path?.Dispose();
        NativeMemory.Free(_bytes);
        _bytes = null;
        GC.SuppressFinalize(this);
    }
}
