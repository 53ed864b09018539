using System.Text;

namespace TokenStream.Service.Replay;

/// <summary>Reads comma-separated values with a header line (RFC 4180: quotes, doubled quotes, line breaks within quotes).</summary>
internal sealed class CsvReader(TextReader text)
{
    private readonly StringBuilder _field = new();
    private int _linesRead;

    /// <summary>Number of the line that the last row began on; the header is line 1.</summary>
    public int Line { get; private set; }

    /// <summary>The next row's fields; null at the end.</summary>
    public List<string>? Read()
    {
        var line = text.ReadLine();
        Line = ++_linesRead;
        if (line is null)
        {
            return null;
        }

        var (fields, quoted) = (new List<string>(), false);
        _field.Clear();
        while (true)
        {
            quoted = Split(line, fields, quoted);
            if (!quoted)
            {
                fields.Add(_field.ToString());
                return fields;
            }

            // The line break belongs to a quoted field.
            _field.Append('\n');
            _linesRead++;
            line = text.ReadLine() ?? throw new FormatException($"line {Line}: a quote is never closed");
        }
    }

    private bool Split(string line, List<string> fields, bool quoted)
    {
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"')
            {
                _field.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                fields.Add(_field.ToString());
                _field.Clear();
            }
            else
            {
                _field.Append(c);
            }
        }

        return quoted;
    }
}
