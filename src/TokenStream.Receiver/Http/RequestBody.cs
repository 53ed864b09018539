using System.Buffers;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using TokenStream.Mapping;
using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Http;

/// <summary>How the reading of a body ended.</summary>
internal enum BodyOutcome
{
    Read,

    /// <summary>More bytes than a payload may have, packed or unpacked.</summary>
    TooLarge,

    /// <summary>All memory for payloads is taken.</summary>
    NoRoom,

    /// <summary>Packed in a way that is not undone.</summary>
    UnknownEncoding,

    /// <summary>Not what its encoding says, or cut.</summary>
    Damaged,
}

/// <summary>
/// A request's body, unpacked. It takes memory as bytes come, not as they are announced, and never more than a payload may have: what a few
/// packed bytes would grow to is found out before it is there.
/// </summary>
internal sealed class RequestBody(InFlightShare share) : IDisposable
{
    /// <summary>Most bytes, unpacked.</summary>
    public const int MostBytes = MappingLimits.PayloadBytes;

    private const int FirstBytes = 16 << 10;

    private byte[] _bytes = [];
    private int _length;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public async Task<BodyOutcome> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > MostBytes)
        {
            return BodyOutcome.TooLarge;
        }

        var encoding = request.Headers.ContentEncoding.ToString();
        var isPacked = encoding.Equals("gzip", StringComparison.OrdinalIgnoreCase);
        if (!isPacked && encoding.Length > 0 && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return BodyOutcome.UnknownEncoding;
        }

        try
        {
            await using var unpacked = isPacked ? new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true) : null;
            return await ReadAsync(unpacked ?? request.Body, cancellation);
        }
        catch (InvalidDataException)
        {
            return BodyOutcome.Damaged;
        }
        catch (BadHttpRequestException failure)
        {
            return failure.StatusCode == StatusCodes.Status413PayloadTooLarge ? BodyOutcome.TooLarge : BodyOutcome.Damaged;
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            share.Release(_bytes.Length);
            ArrayPool<byte>.Shared.Return(_bytes);
            (_bytes, _length) = ([], 0);
        }
    }

    private async Task<BodyOutcome> ReadAsync(Stream body, CancellationToken cancellation)
    {
        while (true)
        {
            if (_length == _bytes.Length && !TryGrow())
            {
                return BodyOutcome.NoRoom;
            }

            var read = await body.ReadAsync(_bytes.AsMemory(_length), cancellation);
            if (read == 0)
            {
                return BodyOutcome.Read;
            }

            _length += read;
            if (_length > MostBytes)
            {
                return BodyOutcome.TooLarge;
            }
        }
    }

    private bool TryGrow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Clamp(_length * 2, FirstBytes, MostBytes + 1));
        if (!share.TryTake(larger.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }

        _bytes.AsSpan(0, _length).CopyTo(larger);
        var filled = _length;
        Dispose();
        (_bytes, _length) = (larger, filled);
        return true;
    }
}
