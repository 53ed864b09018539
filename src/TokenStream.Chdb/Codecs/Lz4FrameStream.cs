using System.Buffers.Binary;

namespace TokenStream.Chdb.Codecs;

/// <summary>
/// Decodes LZ4 frames, one after the other. Format: lz4_Frame_format.md of the LZ4 project, version 1: linked and independent blocks of up
/// to
/// 4 MiB, stored blocks, all checksums, content size, skippable frames. Dictionaries and the legacy frame are refused.
/// </summary>
internal sealed class Lz4FrameStream(Stream source) : DecodingStream(source)
{
    private const uint FrameMagic = 0x184D2204;
    private const uint SkippableMagic = 0x184D2A50;

    /// <summary>How far back a match may reach, hence what is kept of linked blocks.</summary>
    private const int HistoryBytes = 64 << 10;

    private byte[] _part = new byte[64];
    private int _partLength;
    private int _partWanted = 4;
    private State _state = State.Magic;
    private uint _skip;
    private byte[] _window = [];
    private int _windowStart;
    private int _windowEnd;
    private int _mostBlockBytes;
    private Flags _flags;
    private long _contentSize;
    private long _contentLength;
    private uint _blockHeader;
    private XxHash32 _contentHash = new();

    private enum State
    {
        Magic,
        SkipSize,
        Skip,
        Descriptor,
        DescriptorRest,
        BlockSize,
        Block,
        ContentChecksum,
    }

    /// <summary>The frame descriptor's first byte.</summary>
    [Flags]
    private enum Flags
    {
        Dictionary = 1,
        Reserved = 2,
        ContentChecksum = 4,
        ContentSize = 8,
        BlockChecksum = 16,
        IndependentBlocks = 32,
    }

    protected override bool IsComplete() => _state == State.Magic && _partLength == 0;

    protected override void Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        consumed = 0;
        written = 0;
        while (true)
        {
            var ready = Math.Min(_windowEnd - _windowStart, output.Length - written);
            _window.AsSpan(_windowStart, ready).CopyTo(output[written..]);
            _windowStart += ready;
            written += ready;
            if (_windowStart < _windowEnd || consumed == input.Length)
            {
                return;
            }
            consumed += _state == State.Skip ? Skip(input.Length - consumed) : Collect(input[consumed..]);
        }
    }

    private int Skip(int available)
    {
        var skipped = (int)Math.Min(_skip, (uint)available);
        _skip -= (uint)skipped;
        if (_skip == 0)
        {
            Expect(State.Magic, 4);
        }
        return skipped;
    }

    /// <summary>Collects the current part and acts on it once it is whole.</summary>
    private int Collect(ReadOnlySpan<byte> input)
    {
        var taken = Math.Min(_partWanted - _partLength, input.Length);
        input[..taken].CopyTo(_part.AsSpan(_partLength));
        _partLength += taken;
        if (_partLength == _partWanted)
        {
            Act(_part.AsSpan(0, _partLength));
        }
        return taken;
    }

    private void Act(ReadOnlySpan<byte> part)
    {
        switch (_state)
        {
            case State.Magic:
                Begin(BinaryPrimitives.ReadUInt32LittleEndian(part));
                break;
            case State.SkipSize:
                _skip = BinaryPrimitives.ReadUInt32LittleEndian(part);
                Expect(_skip == 0 ? State.Magic : State.Skip, 4);
                break;
            case State.Descriptor:
                // The checksum is over all of the descriptor, so its first two bytes stay in front.
                ReadFlags(part);
                var rest = (_flags.HasFlag(Flags.ContentSize) ? 8 : 0) + 1;
                _state = State.DescriptorRest;
                _partWanted = part.Length + rest;
                break;
            case State.DescriptorRest:
                Describe(part);
                Expect(State.BlockSize, 4);
                break;
            case State.BlockSize:
                MeetBlock(BinaryPrimitives.ReadUInt32LittleEndian(part));
                break;
            case State.Block:
                TakeBlock(part);
                Expect(State.BlockSize, 4);
                break;
            default:
                Check(BinaryPrimitives.ReadUInt32LittleEndian(part) == _contentHash.Current(), "content");
                Expect(State.Magic, 4);
                break;
        }
    }

    private void Begin(uint magic)
    {
        if (magic == FrameMagic)
        {
            Expect(State.Descriptor, 2);
        }
        else if ((magic & 0xFFFFFFF0) == SkippableMagic)
        {
            Expect(State.SkipSize, 4);
        }
        else
        {
            throw new InvalidDataException("The body is not an LZ4 frame.");
        }
    }

    private void ReadFlags(ReadOnlySpan<byte> descriptor)
    {
        var version = descriptor[0] >> 6;
        _flags = (Flags)(descriptor[0] & 0x3F);
        var sizeCode = (descriptor[1] >> 4) & 7;
        if (version != 1 || _flags.HasFlag(Flags.Reserved) || (descriptor[1] & 0x8F) != 0 || sizeCode < 4)
        {
            throw new InvalidDataException("The LZ4 frame's descriptor is not of version 1.");
        }
        if (_flags.HasFlag(Flags.Dictionary))
        {
            throw new InvalidDataException("The LZ4 frame needs a dictionary, which is not supported.");
        }
        _mostBlockBytes = 1 << (8 + (2 * sizeCode));
    }

    private void Describe(ReadOnlySpan<byte> descriptor)
    {
        Check(descriptor[^1] == ((XxHash32.Of(descriptor[..^1]) >> 8) & 0xFF), "header");
        _contentSize = _flags.HasFlag(Flags.ContentSize) ? BinaryPrimitives.ReadInt64LittleEndian(descriptor[2..]) : -1;
        _contentLength = 0;
        _contentHash = new XxHash32();
        _windowStart = _windowEnd = 0;
        if (_window.Length < HistoryBytes + _mostBlockBytes)
        {
            _window = new byte[HistoryBytes + _mostBlockBytes];
            _part = new byte[_mostBlockBytes + 4];
        }
    }

    /// <summary>The highest bit marks a stored block, zero the end of the blocks.</summary>
    private void MeetBlock(uint header)
    {
        if (header == 0)
        {
            if (_contentSize >= 0 && _contentSize != _contentLength)
            {
                throw new InvalidDataException($"The LZ4 frame announces {_contentSize} bytes and holds {_contentLength}.");
            }
            Expect(_flags.HasFlag(Flags.ContentChecksum) ? State.ContentChecksum : State.Magic, 4);
            return;
        }
        _blockHeader = header;
        var size = header & 0x7FFFFFFF;
        if (size > (uint)_mostBlockBytes)
        {
            throw new InvalidDataException("An LZ4 block is larger than its frame allows.");
        }
        Expect(State.Block, (int)size + (_flags.HasFlag(Flags.BlockChecksum) ? 4 : 0));
    }

    private void TakeBlock(ReadOnlySpan<byte> part)
    {
        var block = part;
        if (_flags.HasFlag(Flags.BlockChecksum))
        {
            block = part[..^4];
            Check(BinaryPrimitives.ReadUInt32LittleEndian(part[^4..]) == XxHash32.Of(block), "block");
        }
        KeepHistory();
        var room = _window.AsSpan(0, _windowEnd + _mostBlockBytes);
        var start = _windowEnd;
        if (_blockHeader >> 31 == 1)
        {
            block.CopyTo(room[start..]);
            _windowEnd += block.Length;
        }
        else
        {
            _windowEnd = Lz4Block.Decode(block, room, start);
        }
        _windowStart = start;
        var decoded = _window.AsSpan(start, _windowEnd - start);
        _contentLength += decoded.Length;
        if (_flags.HasFlag(Flags.ContentChecksum))
        {
            _contentHash.Append(decoded);
        }
    }

    /// <summary>Moves to the front what matches of the next block may reach; all of it has been handed out.</summary>
    private void KeepHistory()
    {
        var kept = _flags.HasFlag(Flags.IndependentBlocks) ? 0 : Math.Min(_windowEnd, HistoryBytes);
        _window.AsSpan(_windowEnd - kept, kept).CopyTo(_window);
        _windowStart = _windowEnd = kept;
    }

    private void Expect(State state, int bytes)
    {
        _state = state;
        _partLength = 0;
        _partWanted = bytes;
    }

    private static void Check(bool isRight, string what)
    {
        if (!isRight)
        {
            throw new InvalidDataException($"The LZ4 frame's {what} checksum does not match.");
        }
    }
}
