using BenchmarkDotNet.Attributes;
using TokenStream.Events;

namespace TokenStream.Benchmarks;

/// <summary>Decoding alone: a thousand events of each layout, nanoseconds an event; the baseline counts the same bytes' newlines.</summary>
[MemoryDiagnoser]
public class DecodeBenchmarks
{
    private const int Events = 1024;

    private readonly EventDecoder _decoder = new([]);
    private byte[][] _records = [];
    private byte[] _bytes = [];
    private UsageEvent _event;

    [Params(EventLayout.Usual, EventLayout.Reordered, EventLayout.Blanks, EventLayout.Escapes)]
    public EventLayout Layout { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        _records = SampleEvents.Create(Layout, Events);
        _bytes = [.. _records.SelectMany(record => record.Append((byte)'\n'))];
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Events)]
    public int CountNewlines()
    {
        var count = 0;
        for (ReadOnlySpan<byte> rest = _bytes; rest.IndexOf((byte)'\n') is var at and >= 0; rest = rest[(at + 1)..])
        {
            count++;
        }

        return count;
    }

    [Benchmark(OperationsPerInvoke = Events)]
    public long Decode()
    {
        var sum = 0L;
        foreach (var record in _records)
        {
            sum += _decoder.TryDecode(record, ref _event, out _) ? _event.TokensIn : throw new InvalidOperationException("A sample was refused.");
        }

        return sum;
    }
}
