using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Network;

/// <summary>
/// Cuts what a connection sends into requests. Small ones are read in the connection's own buffer, several at a time; a large one gets a
/// pooled buffer of its size, once the memory budget has room for it, and is received straight into it.
/// </summary>
internal sealed class FrameReader(Socket socket, BrokerOptions options, MemoryBudget budget) : IDisposable
{
    /// <summary>A connection's own buffer, bytes.</summary>
    public const int BufferBytes = 16 * 1024;

    /// <summary>Nothing is expected of the peer: it waits for memory that others hold.</summary>
    public const int PeerWaits = -1;

    private const int LengthBytes = 4;

    /// <summary>Length prefix, API key, version: enough to know which limit holds.</summary>
    private const int PeekBytes = 8;

    /// <summary>
    /// What handling a request other than Produce may take at most, in sizes of the request: names become strings, counts become arrays.
    /// </summary>
    private const int ControlFactor = 8;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private byte[]? _large;
    private long _reserved;
    private int _start;
    private int _end;

    /// <summary>A look at the socket that is not over yet; it comes before the next receive.</summary>
    public Task Look { get; set; } = Task.CompletedTask;

    /// <summary>Bytes of the frame that is being read, its length prefix aside; 0 between frames.</summary>
    public int FrameBytes { get; private set; }

    /// <summary>Whether the next request has begun to arrive.</summary>
    public bool HasBegun => _end > _start;

    /// <summary>The next request without its length prefix, valid until <see cref="Release"/>; null when the peer has closed.</summary>
    /// <param name="expect">Told how many bytes the peer now has to send, or <see cref="PeerWaits"/> while it waits for room here.</param>
    /// <exception cref="MalformedRequestException">The length is none that a request has.</exception>
    public async ValueTask<Memory<byte>?> ReadAsync(Action<int> expect, CancellationToken cancel)
    {
        while (_end - _start < PeekBytes)
        {
            if (!await ReceiveMoreAsync(cancel).ConfigureAwait(false))
            {
                return null;
            }
        }

        int size = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
        short key = BinaryPrimitives.ReadInt16BigEndian(_buffer.AsSpan(_start + LengthBytes));
        CheckSize(size, key);
        FrameBytes = size;
        bool small = LengthBytes + size <= _buffer.Length;
        expect(small ? size : PeerWaits);
        return small
            ? await ReadSmallAsync(size, cancel).ConfigureAwait(false)
            : await ReadLargeAsync(size, key, expect, cancel).ConfigureAwait(false);
    }

    /// <summary>Gives the memory of the request back.</summary>
    public void Release()
    {
        FrameBytes = 0;
        if (_large is not null)
        {
            ArrayPool<byte>.Shared.Return(_large);
            _large = null;
        }

        if (_reserved > 0)
        {
            budget.Release(_reserved);
            _reserved = 0;
        }
    }

    public void Dispose()
    {
        Release();
        byte[] buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void CheckSize(int size, short key)
    {
        int limit = key == (short)ApiKey.Produce ? options.MaxRequestBytes : options.MaxControlRequestBytes;
        if (size < PeekBytes || size > Math.Min(limit, options.RequestMemoryBytes))
        {
            throw new MalformedRequestException(
                LooksLike(_buffer.AsSpan(_start, PeekBytes))
                    ?? $"it announced a request of {size} bytes (API {key}), where {PeekBytes} to {limit} are taken");
        }
    }

    /// <summary>Names the two other protocols that people point at this port.</summary>
    private static string? LooksLike(ReadOnlySpan<byte> start)
        => start[..2].SequenceEqual("\x16\x03"u8) ? "it speaks TLS, which the embedded log does not"
            : start[..4]
                .SequenceEqual("GET "u8) || start[..4]
                .SequenceEqual("POST"u8) || start[..4]
                .SequenceEqual("HEAD"u8) ? "it speaks HTTP"
            : null;

    private async ValueTask<Memory<byte>?> ReadSmallAsync(int size, CancellationToken cancel)
    {
        while (_end - _start < LengthBytes + size)
        {
            if (!await ReceiveMoreAsync(cancel).ConfigureAwait(false))
            {
                return null;
            }
        }

        Memory<byte> frame = _buffer.AsMemory(_start + LengthBytes, size);
        _start += LengthBytes + size;
        return frame;
    }

    private async ValueTask<Memory<byte>?> ReadLargeAsync(int size, short key, Action<int> expect, CancellationToken cancel)
    {
        long needed = key == (short)ApiKey.Produce ? size : (long)size * ControlFactor;
        await budget.ReserveAsync(needed, cancel).ConfigureAwait(false);
        _reserved = needed;
        expect(size);
        _large = ArrayPool<byte>.Shared.Rent(size);
        int have = _end - _start - LengthBytes;
        _buffer.AsSpan(_start + LengthBytes, have).CopyTo(_large);
        _start = _end = 0;
        while (have < size)
        {
            int received = await ReceiveAsync(_large.AsMemory(have, size - have), cancel).ConfigureAwait(false);
            if (received == 0)
            {
                return null;
            }

            have += received;
        }

        return _large.AsMemory(0, size);
    }

    private async ValueTask<bool> ReceiveMoreAsync(CancellationToken cancel)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        int received = await ReceiveAsync(_buffer.AsMemory(_end), cancel).ConfigureAwait(false);
        _end += received;
        return received > 0;
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationToken cancel)
    {
        await Look.ConfigureAwait(false);
        return await socket.ReceiveAsync(into, cancel).ConfigureAwait(false);
    }
}
