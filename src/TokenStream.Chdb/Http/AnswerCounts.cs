using System.Globalization;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>What a statement read and wrote, for the header <c>X-ClickHouse-Summary</c>, whose numbers are texts.</summary>
internal sealed class AnswerCounts
{
    private readonly long _started = System.Diagnostics.Stopwatch.GetTimestamp();
    private long _readRows;
    private long _readBytes;
    private long _writtenRows;
    private long _writtenBytes;
    private long _resultRows;
    private long _resultBytes;

    internal void Add(ChdbChunk chunk)
    {
        _readRows += chunk.ReadRows;
        _readBytes += chunk.ReadBytes;
        _writtenRows += chunk.WrittenRows;
        _writtenBytes += chunk.WrittenBytes;
        _resultRows += chunk.ResultRows;
        _resultBytes += chunk.Length;
    }

    internal string ToJson()
    {
        var elapsed = (long)System.Diagnostics.Stopwatch.GetElapsedTime(_started).TotalNanoseconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"read_rows\":\"{_readRows}\",\"read_bytes\":\"{_readBytes}\","
            + $"\"written_rows\":\"{_writtenRows}\",\"written_bytes\":\"{_writtenBytes}\",\"total_rows_to_read\":\"0\","
            + $"\"result_rows\":\"{_resultRows}\",\"result_bytes\":\"{_resultBytes}\",\"elapsed_ns\":\"{elapsed}\"}}");
    }
}
