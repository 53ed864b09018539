using System.Text;

namespace TokenStream.Events;

/// <summary>A line that was refused.</summary>
/// <param name="Line">Number of the line, from 1.</param>
/// <param name="Column">Number of the character in the line, from 1, that the reason concerns.</param>
public sealed record RefusedLine(long Line, int Column, DecodeError Error);

/// <summary>What a file of events holds. Blank lines are not counted.</summary>
/// <param name="Refused">Refused lines by reason, in the reasons' order.</param>
public sealed record CheckedLines(long Requests, long Adjustments, long Ticks, IReadOnlyList<(DecodeReason Reason, long Lines)> Refused)
{
    public long RefusedLines => Refused.Sum(reason => reason.Lines);
}

/// <summary>Checks lines of JSON, one event each, with the decoder that the stream uses.</summary>
public sealed class EventChecker(IReadOnlyList<string> labelKeys)
{
    private readonly EventDecoder _decoder = new(labelKeys);

    /// <summary>
    /// Reads the stream to its end and reports every line that would be refused. A line longer than a record may be is read past.
    /// </summary>
    public CheckedLines Check(Stream stream, Action<RefusedLine> report)
    {
        var kinds = new long[3];
        var refused = new long[DecodeReasons.Count];
        var lines = new LineReader(stream);
        UsageEvent e = default;
        while (lines.TryRead(out var line))
        {
            if (line.Trim(" \t\r"u8).IsEmpty)
            {
                continue;
            }

            if (_decoder.TryDecode(line, ref e, out var error))
            {
                kinds[(int)e.Kind]++;
                continue;
            }

            refused[(int)error.Reason]++;
            report(new RefusedLine(lines.Number, Encoding.UTF8.GetCharCount(line[..error.Offset]) + 1, error));
        }

        var reasons = Enumerable.Range(0, refused.Length).Where(reason => refused[reason] > 0);
        return new CheckedLines(kinds[0], kinds[1], kinds[2], [.. reasons.Select(reason => ((DecodeReason)reason, refused[reason]))]);
    }

    /// <summary>Lines of at most a record's bytes and one more, so that a longer one is still seen to be too long.</summary>
    private sealed class LineReader(Stream stream)
    {
        private const int MaxLine = EventLimits.RecordBytes + 1;

        private readonly byte[] _buffer = new byte[2 * MaxLine];
        private int _start;
        private int _end;
        private bool _ended;

        public long Number { get; private set; }

        /// <summary>The next line without its end; valid until the next call.</summary>
        public bool TryRead(out ReadOnlySpan<byte> line)
        {
            var length = FindEnd();
            line = _buffer.AsSpan(_start, Math.Min(length, MaxLine));
            if (_start + length == _end && _ended && length == 0)
            {
                return false;
            }

            _start += length;
            Number++;
            SkipToEnd();
            return true;
        }

        /// <summary>Bytes up to the line's end, the stream's end, or as many as a line may have.</summary>
        private int FindEnd()
        {
            while (true)
            {
                var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
                if (end >= 0 || _end - _start >= MaxLine || _ended)
                {
                    return end >= 0 ? end : _end - _start;
                }

                Fill();
            }
        }

        private void SkipToEnd()
        {
            while (_start == _end && !_ended)
            {
                (_start, _end) = (0, 0);
                Fill();
            }

            while (_start < _end && _buffer[_start] != '\n')
            {
                var end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
                _start = end >= 0 ? _start + end : _end;
                if (end < 0 && !_ended)
                {
                    (_start, _end) = (0, 0);
                    Fill();
                }
            }

            _start += _start < _end ? 1 : 0;
        }

        private void Fill()
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            var read = stream.Read(_buffer.AsSpan(_end));
            _end += read;
            _ended = read == 0;
        }
    }
}
