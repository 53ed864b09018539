using System.Runtime.InteropServices;

namespace TokenStream.Chdb.Codecs;

/// <summary>Decodes Zstandard frames, one after the other, with Debian's libzstd.</summary>
internal sealed unsafe class ZstdStream : DecodingStream
{
    /// <summary>
    /// Binary logarithm of the bytes a frame may make us remember: 8 MiB, what RFC 9659 lets a sender of <c>Content-Encoding: zstd</c> use.
    /// </summary>
    private const int MostWindowLog = 23;

    private readonly ZstdHandle _stream;
    private nuint _wanted;

    internal ZstdStream(Stream source)
        : base(source)
    {
        _stream = ZstdNative.Create();
        if (_stream.IsInvalid || ZstdNative.IsError(ZstdNative.SetParameter(_stream, ZstdNative.WindowLogMost, MostWindowLog)) != 0)
        {
            _stream.Dispose();
            throw new InvalidOperationException("libzstd gave no decoder.");
        }
    }

    /// <summary>The library's last answer was 0: a frame is whole and handed out. Before the first frame that is true as well.</summary>
    protected override bool IsComplete() => _wanted == 0;

    protected override void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        consumed = 0;
        written = 0;
        fixed (byte* from = input, to = output)
        {
            var source = new ZstdNative.InBuffer { Bytes = from, Size = (nuint)input.Length };
            var target = new ZstdNative.OutBuffer { Bytes = to, Size = (nuint)output.Length };
            // Without input it is called too: the library may hold bytes that did not fit before. At a frame's end that would begin
            // another.
            while (target.Position < target.Size && (source.Position < source.Size || (_wanted != 0 && input.Length == 0)))
            {
                var before = source.Position + target.Position;
                _wanted = ZstdNative.Decompress(_stream, &target, &source);
                if (ZstdNative.IsError(_wanted) != 0)
                {
                    throw new InvalidDataException($"The zstd body is broken: {Marshal.PtrToStringUTF8(ZstdNative.ErrorName(_wanted))}.");
                }
                if (source.Position + target.Position == before)
                {
                    break;
                }
            }
            consumed = (int)source.Position;
            written = (int)target.Position;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }
        base.Dispose(disposing);
    }
}
