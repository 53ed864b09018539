namespace TokenStream.Chdb.Codecs;

/// <summary>A stream that decodes another one while it is read, in bounded memory.</summary>
internal abstract class DecodingStream(Stream source) : Stream
{
    private const int InputBytes = 64 << 10;

    private readonly byte[] _input = new byte[InputBytes];
    private int _start;
    private int _end;
    private bool _ended;

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
        int written;
        while (!TryDecode(buffer, out written))
        {
            Filled(source.Read(_input));
        }
        return written;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int written;
        while (!TryDecode(buffer.Span, out written))
        {
            Filled(await source.ReadAsync(_input, cancellationToken));
        }
        return written;
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Decodes what it can: it stops only when all input is taken or the output is full.</summary>
    /// <exception cref="InvalidDataException">The input is broken.</exception>
    protected abstract void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written);

    /// <summary>Whether the input may end here.</summary>
    protected abstract bool IsComplete();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>True with bytes, or with none at the end; false where more input is needed.</summary>
    private bool TryDecode(Span<byte> buffer, out int written)
    {
        Decode(_input.AsSpan(_start, _end - _start), buffer, out var consumed, out written);
        _start += consumed;
        if (written > 0 || buffer.Length == 0)
        {
            return true;
        }
        if (!_ended)
        {
            return false;
        }
        return IsComplete() ? true : throw new InvalidDataException("The compressed body ends too early.");
    }

    private void Filled(int count)
    {
        (_start, _end) = (0, count);
        _ended = count == 0;
    }
}
