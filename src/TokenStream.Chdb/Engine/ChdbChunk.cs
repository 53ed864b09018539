namespace TokenStream.Chdb.Engine;

/// <summary>Bytes of an answer in the engine's memory, and what it counted. Valid until the session goes on or is disposed.</summary>
internal sealed unsafe class ChdbChunk
{
    private readonly byte* _data;

    private ChdbChunk(nint result)
    {
        _data = ChdbNative.ResultBuffer(result);
        Length = _data == null ? 0 : (long)ChdbNative.ResultLength(result);
        ResultRows = (long)ChdbNative.ResultRows(result);
        ReadRows = (long)ChdbNative.ResultStorageRows(result);
        ReadBytes = (long)ChdbNative.ResultStorageBytes(result);
        WrittenRows = (long)ChdbNative.ResultRowsWritten(result);
        WrittenBytes = (long)ChdbNative.ResultBytesWritten(result);
    }

    internal long Length { get; }

    /// <summary>Rows of the answer.</summary>
    internal long ResultRows { get; }

    /// <summary>Rows scanned for it.</summary>
    internal long ReadRows { get; }

    internal long ReadBytes { get; }

    internal long WrittenRows { get; }

    internal long WrittenBytes { get; }

    /// <summary>Reads the engine's answer; call it on the session's thread.</summary>
    internal static ChdbChunk Of(nint result) => new(result);

    /// <summary>Up to <paramref name="most"/> bytes from <paramref name="offset"/> on.</summary>
    internal ReadOnlySpan<byte> Slice(long offset, int most) => new(_data + offset, (int)Math.Min(most, Length - offset));
}
