using System.IO.Compression;

namespace TokenStream.Chdb.Codecs;

/// <summary>Passes another stream on and breaks off when it gives more than it may: a small body can decode to terabytes.</summary>
internal sealed class LimitedStream(Stream source, long mostBytes) : Stream
{
    private long _given;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Counted(source.Read(buffer));
        }
        catch (IOException failure) when (IsZlibs(failure))
        {
            throw Broken(failure);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Counted(await source.ReadAsync(buffer, cancellationToken));
        }
        catch (IOException failure) when (IsZlibs(failure))
        {
            throw Broken(failure);
        }
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Some bodies that are no zlib streams (one that asks for a dictionary, say) are told apart by this error only.</summary>
    private static InvalidDataException Broken(IOException failure) => new("The body is not what its Content-Encoding says.", failure);

    /// <summary>The library's own exception is not public; those of the body's source come from elsewhere.</summary>
    private static bool IsZlibs(IOException failure) => failure.GetType().Assembly == typeof(ZLibStream).Assembly;

    private int Counted(int read)
    {
        _given += read;
        return _given <= mostBytes
            ? read
            : throw new InvalidDataException($"The body decodes to more than the {mostBytes} bytes allowed: send it in several requests.");
    }
}
