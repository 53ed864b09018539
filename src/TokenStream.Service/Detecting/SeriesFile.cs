using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace TokenStream.Service.Detecting;

/// <summary>Reads a CSV file with the columns <c>series_id</c> (or <c>series</c>), <c>timestamp</c> and <c>value</c>, in any order, among
/// others.</summary>
internal sealed class SeriesFile
{
    private const int MostRows = 100_000_000;
    private const int LongestLine = 1 << 20;

    /// <summary>The year 3871: who writes more means milliseconds.</summary>
    private const long LastSecond = 60_000_000_000;

    private readonly SeriesTable _table = new();
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _byName;
    private readonly Action<int> _progress;
    private readonly string _file;
    private int _line;
    private (int Series, int Time, int Value) _columns;
    private byte[] _lastName = [];
    private int _lastNumber = -1;

    private SeriesFile(string file, Action<int> progress)
    {
        _file = file;
        _progress = progress;
        _byName = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <param name="file">Its path; unpacked where it ends in .gz; - for standard input.</param>
    /// <param name="progress">Told the rows read so far, now and then.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="FormatException">A line cannot be read; the message names it.</exception>
    public static SeriesTable Read(string file, Action<int> progress, CancellationToken cancellation)
    {
        using var opened = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
        using var stream = file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? new GZipStream(opened, CompressionMode.Decompress)
            : opened;
        return Read(stream, file, progress, cancellation);
    }

    internal static SeriesTable Read(Stream stream, string file, Action<int> progress, CancellationToken cancellation)
    {
        var reading = new SeriesFile(file, progress);
        reading.ReadLines(stream, cancellation);
        return reading._table.Count > 0 ? reading._table : throw reading.Wrong("the file holds no rows");
    }

    private void ReadLines(Stream stream, CancellationToken cancellation)
    {
        var buffer = new byte[LongestLine];
        var held = 0;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var read = stream.ReadAtLeast(buffer.AsSpan(held), 1, throwOnEndOfStream: false);
            var rest = buffer.AsSpan(0, held + read);
            for (var end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
            {
                TakeLine(rest[..end]);
                rest = rest[(end + 1)..];
            }

            if (read == 0)
            {
                TakeLine(rest);
                return;
            }

            rest.CopyTo(buffer);
            held = rest.Length;
            if (held == buffer.Length)
            {
                _line++;
                throw Wrong("the line is longer than a mebibyte: is this a CSV file?");
            }

            _progress(_table.Count);
        }
    }

    private void TakeLine(ReadOnlySpan<byte> line)
    {
        _line++;
        line = line.TrimEnd((byte)'\r');
        if (_line == 1)
        {
            TakeHeader(line);
        }
        else if (line.Length > 0)
        {
            TakeRow(line);
        }
    }

    private void TakeHeader(ReadOnlySpan<byte> line)
    {
        var text = Encoding.UTF8.GetString(line).TrimStart('\uFEFF');
        var names = text.Split(',').Select(name => name.Trim().Trim('"').ToLowerInvariant()).ToList();
        var series = names.IndexOf("series_id");
        _columns = (series >= 0 ? series : names.IndexOf("series"), names.IndexOf("timestamp"), names.IndexOf("value"));
        if (_columns.Series < 0 || _columns.Time < 0 || _columns.Value < 0)
        {
            throw Wrong("the header must name series_id (or series), timestamp and value, separated by commas");
        }
    }

    private void TakeRow(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> name = default, time = default, value = default;
        var rest = line;
        var last = Math.Max(_columns.Series, Math.Max(_columns.Time, _columns.Value));
        for (var column = 0; column <= last; column++)
        {
            if (column > 0 && !TakeComma(ref rest))
            {
                throw Wrong("the row has fewer fields than the header needs");
            }

            var field = TakeField(ref rest);
            name = column == _columns.Series ? field : name;
            time = column == _columns.Time ? field : time;
            value = column == _columns.Value ? field : value;
        }

        if (_table.Count == MostRows)
        {
            throw Wrong("there are more than 100 million rows: split the file by series");
        }

        _table.Add(NumberOf(name), TimeOf(time), ValueOf(value));
    }

    private static bool TakeComma(scoped ref ReadOnlySpan<byte> rest)
    {
        if (rest is not [(byte)',', ..])
        {
            return false;
        }

        rest = rest[1..];
        return true;
    }

    /// <summary>Takes a field off; of a quoted one what is between the quotes, doubled quotes as they stand.</summary>
    private ReadOnlySpan<byte> TakeField(scoped ref ReadOnlySpan<byte> rest)
    {
        if (rest is [(byte)'"', ..])
        {
            var close = 1;
            while (true)
            {
                var next = rest[close..].IndexOf((byte)'"');
                if (next < 0)
                {
                    throw Wrong("a quote is not closed");
                }

                close += next;
                if (close + 1 >= rest.Length || rest[close + 1] != '"')
                {
                    break;
                }

                close += 2;
            }

            var quoted = rest[1..close];
            rest = rest[(close + 1)..];
            return quoted;
        }

        var end = rest.IndexOf((byte)',');
        var field = end < 0 ? rest : rest[..end];
        rest = rest[field.Length..];
        return field.Trim((byte)' ');
    }

    private int NumberOf(ReadOnlySpan<byte> name)
    {
        // Rows of a series mostly follow each other.
        if (_lastNumber >= 0 && name.SequenceEqual(_lastName))
        {
            return _lastNumber;
        }

        _lastName = name.ToArray();
        var text = Encoding.UTF8.GetString(name);
        if (!_byName.TryGetValue(text, out _lastNumber))
        {
            _lastNumber = _table.Names.Count;
            _table.Names.Add(text);
            _numbers.Add(text, _lastNumber);
        }

        return _lastNumber;
    }

    private long TimeOf(ReadOnlySpan<byte> text)
    {
        if (Utf8Parser.TryParse(text, out double seconds, out var used) && used == text.Length)
        {
            return Math.Abs(seconds) < LastSecond
                ? (long)Math.Floor(seconds)
                : throw Wrong($"the timestamp {Shown(text)} is no time in seconds: milliseconds have to be divided by 1000");
        }

        Span<char> chars = stackalloc char[40];
        if (text.Length <= chars.Length && Ascii.ToUtf16(text, chars, out var written) == OperationStatus.Done &&
            DateTimeOffset.TryParse(
                chars[..written],
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var time))
        {
            _table.HasIsoTimes = true;
            return time.ToUnixTimeSeconds();
        }

        throw Wrong($"the timestamp {Shown(text)} is neither epoch seconds nor ISO 8601 such as 2026-11-22T10:15:00Z");
    }

    private double ValueOf(ReadOnlySpan<byte> text)
    {
        if (text.Length == 0)
        {
            return double.NaN;
        }

        return Utf8Parser.TryParse(text, out double value, out var used) && used == text.Length
            ? value
            : throw Wrong($"the value {Shown(text)} is no number; a missing one is left empty");
    }

    private static string Shown(ReadOnlySpan<byte> text) =>
        text.Length <= 60 ? $"'{Encoding.UTF8.GetString(text)}'" : $"'{Encoding.UTF8.GetString(text[..60])}..'";

    private FormatException Wrong(string what) => new(string.Create(CultureInfo.InvariantCulture, $"{_file}:{_line}: {what}."));
}
