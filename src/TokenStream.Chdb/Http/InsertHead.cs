using System.Text;

namespace TokenStream.Chdb.Http;

/// <summary>What a text begins with, as to inserting.</summary>
internal enum InsertKind
{
    /// <summary>Not an INSERT that brings its own data: a statement like any other (INSERT .. SELECT too).</summary>
    None,

    /// <summary>An INSERT whose data follows the head.</summary>
    WithData,

    /// <summary>Perhaps an INSERT with data; more of the text is needed to tell.</summary>
    Unfinished,
}

/// <summary>
/// The head of an INSERT, split from its data. Data must never reach the engine within the text: there it ends at the first empty line, and
/// what follows would run as SQL.
/// </summary>
/// <param name="Statement">The INSERT without FORMAT or VALUES.</param>
/// <param name="Format">The data's format, as written.</param>
/// <param name="DataStart">Where in the text the data begins.</param>
internal readonly record struct InsertHead(byte[] Statement, string Format, int DataStart)
{
    /// <summary>Finds the head in the beginning of a text. Unless <paramref name="whole"/>, what it ends in may go on.</summary>
    internal static InsertKind Find(ReadOnlySpan<byte> text, bool whole, out InsertHead head)
    {
        head = default;
        var scanner = new SqlScanner(text);
        var token = scanner.Next();
        if (Cut(token, ref scanner, text, whole))
        {
            return InsertKind.Unfinished;
        }
        if (token != SqlToken.Word || !scanner.Is("INSERT"u8))
        {
            return InsertKind.None;
        }
        var depth = 0;
        var tokens = 0;
        while (true)
        {
            var before = scanner.End;
            token = scanner.Next();
            if (Cut(token, ref scanner, text, whole))
            {
                return InsertKind.Unfinished;
            }
            tokens++;
            if (token is SqlToken.End or SqlToken.Unfinished)
            {
                return InsertKind.None;
            }
            if (token == SqlToken.Other)
            {
                depth += scanner.Current[0] switch { (byte)'(' => 1, (byte)')' => -1, _ => 0 };
            }
            // INTO and the table's name come first, and a table may be called anything.
            if (token != SqlToken.Word || depth != 0 || tokens < 3 || text[before - 1] == (byte)'.' || IsFollowedByDot(text, scanner.End))
            {
                continue;
            }
            if (scanner.Is("SELECT"u8) || scanner.Is("WITH"u8) || scanner.Is("EXPLAIN"u8))
            {
                return InsertKind.None;
            }
            if (scanner.Is("VALUES"u8))
            {
                head = new InsertHead(text[..before].ToArray(), "Values", scanner.End);
                return InsertKind.WithData;
            }
            if (scanner.Is("FORMAT"u8))
            {
                return FindFormat(text, whole, before, ref scanner, out head);
            }
        }
    }

    private static InsertKind FindFormat(ReadOnlySpan<byte> text, bool whole, int statementEnd, ref SqlScanner scanner, out InsertHead head)
    {
        head = default;
        var token = scanner.Next();
        if (Cut(token, ref scanner, text, whole))
        {
            return InsertKind.Unfinished;
        }
        if (token != SqlToken.Word)
        {
            return InsertKind.None;
        }
        // One blank belongs to the head, a line break as a pair or alone; all after it is data, whatever its bytes.
        var dataStart = scanner.End;
        if (dataStart < text.Length && text[dataStart] == (byte)'\r' && dataStart + 1 < text.Length && text[dataStart + 1] == (byte)'\n')
        {
            dataStart += 2;
        }
        else if (dataStart < text.Length && text[dataStart] is (byte)' ' or (byte)'\n' or (byte)'\t' or (byte)'\r' or (byte)';')
        {
            dataStart++;
        }
        head = new InsertHead(text[..statementEnd].ToArray(), Encoding.UTF8.GetString(scanner.Current), dataStart);
        return InsertKind.WithData;
    }

    /// <summary>A token at the very end of a part may be the beginning of a longer one.</summary>
    private static bool Cut(SqlToken token, ref SqlScanner scanner, ReadOnlySpan<byte> text, bool whole) =>
        !whole && (token is SqlToken.End or SqlToken.Unfinished || scanner.End >= text.Length - 1);

    private static bool IsFollowedByDot(ReadOnlySpan<byte> text, int end) => end < text.Length && text[end] == (byte)'.';
}
