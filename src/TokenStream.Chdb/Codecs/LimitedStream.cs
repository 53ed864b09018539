using System.IO.Compression;

namespace TokenStream.Chdb.Codecs;

/// <summary>Passes another stream on and breaks off when it gives more than it may: a small body can decode to terabytes.</summary>
internal sealed class LimitedStream(Stream source, long mostBytes) : BodyStream(source)
{
    private long _given;

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Counted(Source.Read(buffer));
        }
        catch (IOException failure) when (IsZlibs(failure))
        {
            throw Broken(failure);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Counted(await Source.ReadAsync(buffer, cancellationToken));
        }
        catch (IOException failure) when (IsZlibs(failure))
        {
            throw Broken(failure);
        }
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
