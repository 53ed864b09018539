using System.Buffers.Binary;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.ProviderUsage;

/// <summary>
/// Reads a provider's answer for its usage while it passes, in pieces cut anywhere: JSON, server-sent events, or Amazon's event stream. Its
/// memory is bounded whatever the answer's length, and nothing of what was written by the model is kept. One scanner reads one answer.
/// </summary>
public sealed class ProviderUsageScanner
{
    private const int MostText = 256;

    /// <summary>Length of a frame, length of its headers, and the checksum of both.</summary>
    private const int FrameHead = 12;

    /// <summary>The checksum behind a frame's payload.</summary>
    private const int FrameTail = 4;

    private static readonly ProviderPaths Paths = new();

    private readonly string _path;
    private readonly JsonCondenser _piece = new(Paths.Names, Paths.CacheDetails);
    private readonly JsonPathReader _values = new(Paths.Names);
    private readonly ProviderAnswer _answer;
    private readonly byte[] _head = new byte[FrameHead];
    private Framing _framing;
    private Line _line;
    private int _headLength;
    private long _frameLeft;
    private long _frameHeadersLeft;
    private bool _isRefused;
    private (string? Model, string? Tier, string? Region, string? Error) _texts;

    /// <param name="path">The path that was asked: errors of providers resemble each other.</param>
    /// <param name="isAmazonStream">Whether the answer is <c>application/vnd.amazon.eventstream</c>.</param>
    public ProviderUsageScanner(string path, bool isAmazonStream = false)
    {
        (_path, _framing) = (path, isAmazonStream ? Framing.Frames : Framing.Unknown);
        _answer = new ProviderAnswer(Paths, _values);
    }

    private enum Framing : byte
    {
        Unknown,
        Whole,
        Elements,
        Lines,
        Frames,
    }

    private enum Line : byte
    {
        Name,
        Data,
        Other,
    }

    /// <summary>Events, elements or frames that were seen: a stream writes about a token in each.</summary>
    public long Pieces { get; private set; }

    /// <summary>Whether the answer said that it is at its end.</summary>
    public bool IsEnded => _answer.IsEnded;

    /// <summary>Takes the bytes that come next.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var read = _framing switch
            {
                Framing.Unknown => Begin(bytes),
                Framing.Whole => _piece.Take(bytes),
                Framing.Elements => TakeElement(bytes),
                Framing.Lines => TakeLine(bytes),
                _ => TakeFrame(bytes),
            };
            if (_framing == Framing.Whole && (_piece.IsDone || _piece.IsFailed))
            {
                return;
            }

            bytes = bytes[read..];
        }
    }

    /// <summary>Says that the answer's body came to its end.</summary>
    public void End()
    {
        if (_framing == Framing.Whole && _piece.IsDone)
        {
            TakePiece();
            _answer.End();
        }
        else if (_framing == Framing.Lines && _line == Line.Data)
        {
            EndLine();
        }
        else if (_framing == Framing.Frames && _answer.Usage is { IsEmpty: false } && _frameLeft == 0)
        {
            // The usage is the last that such a stream says.
            _answer.End();
        }
    }

    /// <summary>What was said so far.</summary>
    /// <param name="provider">Who serves, where it may not be the provider whose shape the answer has; empty where it is.</param>
    public ProviderReading Read(string provider = "")
    {
        var reading = new ProviderReading
        {
            Shape = _answer.Shape,
            IsEnded = _answer.IsEnded,
            IsError = _answer.IsError,
            IsCancelled = _answer.IsCancelled,
            Standing = Standing.Unknown,
            Model = _texts.Model,
            ServiceTier = _texts.Tier,
            Region = _texts.Region,
            ErrorType = _texts.Error,
        };
        if (_isRefused || _answer.Shape == ProviderShape.None || !_answer.TryUsage(provider, out var convention, out var usage))
        {
            return reading;
        }

        return reading with
        {
            Standing = usage.Standing,
            Convention = Encoding.UTF8.GetString(convention.Name(usage.Standing)),
            TokensIn = Known(usage.TokensIn),
            TokensOut = Known(usage.TokensOut),
            TokensCached = Known(usage.Cached),
            TokensCacheWrite5m = Known(usage.CacheWrite5m),
            TokensCacheWrite1h = Known(usage.CacheWrite1h),
            TokensReasoning = Known(usage.Reasoning),
            WebSearches = Known(_answer.Searches),
        };
    }

    private static long? Known(TokenCount count) => count.IsKnown ? count.OrZero : null;

    private int Begin(ReadOnlySpan<byte> bytes)
    {
        var first = bytes[0];
        if (first is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            return 1;
        }

        // Gemini streams an array of pieces where nobody asks it for server-sent events.
        _framing = first == '{' ? Framing.Whole : first == '[' ? Framing.Elements : Framing.Lines;
        _headLength = 0;
        return _framing == Framing.Elements ? 1 : 0;
    }

    private int TakeElement(ReadOnlySpan<byte> bytes)
    {
        if (_headLength == 0)
        {
            // Between two elements; the first byte of one begins it.
            var isElement = bytes[0] == '{';
            _headLength = isElement ? 1 : 0;
            _piece.Clear();
            if (bytes[0] == ']')
            {
                _answer.End();
            }

            return isElement ? 0 : 1;
        }

        var read = _piece.Take(bytes);
        if (_piece.IsDone)
        {
            TakePiece();
            _headLength = 0;
        }

        return _piece.IsFailed ? bytes.Length : read;
    }

    private int TakeLine(ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOf((byte)'\n');
        var part = length < 0 ? bytes : bytes[..length];
        foreach (var letter in _line == Line.Name ? part : default)
        {
            // Up to here the line can still become one of data.
            part = part[1..];
            if (letter != "data:"u8[_headLength])
            {
                _line = Line.Other;
                break;
            }

            if (++_headLength == "data:"u8.Length)
            {
                (_line, _headLength) = (Line.Data, 0);
                _piece.Clear();
                break;
            }
        }

        if (_line == Line.Data)
        {
            foreach (var letter in part[..Math.Min(part.Length, FrameHead)])
            {
                if (letter is not ((byte)' ' or (byte)'\r') && _headLength < FrameHead)
                {
                    _head[_headLength++] = letter;
                }
            }

            _piece.Take(part);
        }

        if (length < 0)
        {
            return bytes.Length;
        }

        if (_line == Line.Data)
        {
            EndLine();
        }

        (_line, _headLength) = (Line.Name, 0);
        return length + 1;
    }

    private void EndLine()
    {
        if (_head.AsSpan(0, _headLength).SequenceEqual("[DONE]"u8))
        {
            _answer.End();
        }
        else if (_headLength > 0)
        {
            _piece.End();
            Pieces++;
            if (_piece.IsDone)
            {
                TakePiece();
            }
        }
    }

    /// <summary>Frames of Amazon's event stream: a head, headers that are passed over, a payload of JSON, a checksum.</summary>
    private int TakeFrame(ReadOnlySpan<byte> bytes)
    {
        if (_frameLeft == 0)
        {
            var taken = Math.Min(bytes.Length, FrameHead - _headLength);
            bytes[..taken].CopyTo(_head.AsSpan(_headLength));
            _headLength += taken;
            if (_headLength < FrameHead)
            {
                return taken;
            }

            _headLength = 0;
            _frameHeadersLeft = BinaryPrimitives.ReadUInt32BigEndian(_head.AsSpan(4));
            _frameLeft = BinaryPrimitives.ReadUInt32BigEndian(_head) - (long)FrameHead;
            if (_frameLeft < _frameHeadersLeft + FrameTail)
            {
                // What follows cannot be told apart any more.
                (_frameLeft, _frameHeadersLeft, _isRefused) = (long.MaxValue, long.MaxValue, true);
            }

            _piece.Clear();
            return taken;
        }

        var isHeaders = _frameHeadersLeft > 0;
        var left = isHeaders ? _frameHeadersLeft : _frameLeft > FrameTail ? _frameLeft - FrameTail : _frameLeft;
        var read = (int)Math.Min(bytes.Length, left);
        if (isHeaders)
        {
            _frameHeadersLeft -= read;
        }
        else if (_frameLeft > FrameTail)
        {
            _piece.Take(bytes[..read]);
        }

        _frameLeft -= read;
        if (_frameLeft == 0)
        {
            Pieces++;
            if (_piece.IsDone)
            {
                TakePiece();
            }
        }

        return read;
    }

    private void TakePiece()
    {
        var kept = _piece.Kept;
        var scanner = new JsonScanner(kept);
        if (_isRefused || !_values.TryRead(ref scanner, 0, out var duplicate) || duplicate >= 0)
        {
            _isRefused = true;
            return;
        }

        _isRefused = _answer.Take(kept, _path).Reason != MappingReason.None;
        _texts = (Last(_texts.Model, Paths.Model, kept), Last(_texts.Tier, Paths.Tier, kept), Last(_texts.Region, Paths.Region, kept),
            _answer.IsError ? Last(_texts.Error, [Paths.ErrorType, Paths.ErrorStatus], kept) : null);
    }

    /// <summary>The text that a piece says last, where an event can carry it.</summary>
    private string? Last(string? before, int[] candidates, ReadOnlySpan<byte> kept)
    {
        var node = _values.FirstWithValue(candidates);
        if (node == 0 || !_values[node].IsText)
        {
            return before;
        }

        Span<byte> undone = stackalloc byte[MostText];
        return TextEscapes.Undo(_values[node].Of(kept), undone, strict: true, out var length) == DecodeReason.None
            ? Encoding.UTF8.GetString(undone[..length])
            : before;
    }
}
