namespace TokenStream.Broker.Log;

/// <summary>Whole batches found by <see cref="PartitionLog.TryLocate"/>: a stretch of one segment file, not read yet. It keeps the file open:
/// dispose it once, after the last <see cref="CopyTo"/>. Not for use by two threads at a time. The default value is empty.</summary>
public readonly struct LogSlice : IDisposable
{
    /// <summary>Bytes of the batches; 0 where nothing lies at the asked offset yet.</summary>
    public int Length => throw new NotImplementedException();

    /// <summary>Reads the batches straight into <paramref name="destination"/>, which has at least <see cref="Length"/> bytes.</summary>
    /// <exception cref="IOException">The disk could not give them.</exception>
    public void CopyTo(Span<byte> destination) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
