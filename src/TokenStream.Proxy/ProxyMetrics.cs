using System.Diagnostics.Metrics;

namespace TokenStream.Proxy;

/// <summary>The proxy's instruments, on the meter <c>TokenStream.Proxy</c>.</summary>
internal sealed class ProxyMetrics : IDisposable
{
    public const string MeterName = "TokenStream.Proxy";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _requests;
    private readonly Counter<long> _usage;
    private readonly Histogram<double> _firstByte;
    private int _running;
    private long _held;

    public ProxyMetrics()
    {
        _requests = _meter.CreateCounter<long>("tokenstream.proxy.requests", "{request}", "Requests by upstream and what became of them");
        _usage = _meter.CreateCounter<long>("tokenstream.proxy.usage", "{event}", "Usage events by how sure their counts are");
        _firstByte = _meter.CreateHistogram<double>(
            "tokenstream.proxy.first_byte", "s", "From a request's arrival to the first byte of its answer's body");
        _meter.CreateObservableGauge("tokenstream.proxy.running", () => Running, "{request}", "Requests that are being served");
        _meter.CreateObservableGauge("tokenstream.proxy.held", () => Held, "By", "Bytes of requests that are held to be looked at");
    }

    public int Running => Volatile.Read(ref _running);

    public long Held => Volatile.Read(ref _held);

    public int Begin() => Interlocked.Increment(ref _running);

    public void End() => Interlocked.Decrement(ref _running);

    public long Hold(long bytes) => Interlocked.Add(ref _held, bytes);

    public void Count(string upstream, string outcome) => _requests.Add(
        1, new KeyValuePair<string, object?>("upstream", upstream), new KeyValuePair<string, object?>("outcome", outcome));

    public void Usage(string standing) => _usage.Add(1, new KeyValuePair<string, object?>("standing", standing));

    public void FirstByte(TimeSpan after, string upstream) =>
        _firstByte.Record(after.TotalSeconds, new KeyValuePair<string, object?>("upstream", upstream));

    public void Dispose() => _meter.Dispose();
}
