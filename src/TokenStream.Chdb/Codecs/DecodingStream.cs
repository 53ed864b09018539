namespace TokenStream.Chdb.Codecs;

/// <summary>A stream that decodes another one while it is read, in bounded memory.</summary>
internal abstract class DecodingStream(Stream source) : BodyStream(source)
{
    private const int InputBytes = 64 << 10;

    private readonly byte[] _input = new byte[InputBytes];
    private int _start;
    private int _end;
    private bool _ended;

    public override int Read(Span<byte> buffer)
    {
        int written;
        while (!TryDecode(buffer, out written))
        {
            Filled(Source.Read(_input));
        }
        return written;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int written;
        while (!TryDecode(buffer.Span, out written))
        {
            Filled(await Source.ReadAsync(_input, cancellationToken));
        }
        return written;
    }

    /// <summary>Decodes what it can: it stops only when all input is taken or the output is full.</summary>
    /// <exception cref="InvalidDataException">The input is broken.</exception>
    protected abstract void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written);

    /// <summary>Whether the input may end here.</summary>
    protected abstract bool IsComplete();

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
