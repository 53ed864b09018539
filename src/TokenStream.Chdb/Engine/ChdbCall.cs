using System.Text;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// The engine's calls in terms of spans and handles, with errors as exceptions. Everything here blocks: call it on a
/// <see cref="ChdbThread"/>.
/// </summary>
internal static unsafe class ChdbCall
{
    /// <summary>Connects; 0 where the engine refused, whose reason it tells stderr only.</summary>
    internal static nint Connect(IReadOnlyList<string> arguments)
    {
        using var texts = new Utf8Arguments(["tokenstream", .. arguments]);
        return (nint)ChdbNative.Connect(texts.Count, texts.Texts);
    }

    internal static void Close(nint connection) => ChdbNative.Close((nint*)connection);

    /// <summary>Runs one statement to its end.</summary>
    internal static nint Query(nint connection, ReadOnlySpan<byte> sql, string format, Utf8Arguments names, Utf8Arguments values)
    {
        var formatBytes = Encoding.UTF8.GetBytes(format);
        fixed (byte* text = NotEmpty(sql), name = formatBytes)
        {
            var result = ChdbNative.Query(
                *(nint*)connection, text, (nuint)sql.Length, name, (nuint)formatBytes.Length,
                names.Texts, names.Lengths, values.Texts, values.Lengths, (nuint)names.Count);
            return Checked(result);
        }
    }

    /// <summary>Opens one SELECT, whose blocks <see cref="Fetch"/> gives one by one.</summary>
    internal static nint OpenStream(nint connection, ReadOnlySpan<byte> sql, string format, Utf8Arguments names, Utf8Arguments values)
    {
        var formatBytes = Encoding.UTF8.GetBytes(format);
        fixed (byte* text = NotEmpty(sql), name = formatBytes)
        {
            var result = ChdbNative.StreamQuery(
                *(nint*)connection, text, (nuint)sql.Length, name, (nuint)formatBytes.Length,
                names.Texts, names.Lengths, values.Texts, values.Lengths, (nuint)names.Count);
            return Checked(result);
        }
    }

    /// <summary>The next block; a length of 0 is the end.</summary>
    internal static nint Fetch(nint connection, nint stream) => Checked(ChdbNative.StreamFetch(*(nint*)connection, stream));

    internal static void CloseStream(nint connection, nint stream, bool ended)
    {
        if (!ended)
        {
            ChdbNative.StreamCancel(*(nint*)connection, stream);
        }
        ChdbNative.DestroyResult(stream);
    }

    /// <summary>Opens a streaming insert: the head without FORMAT, the format apart.</summary>
    internal static nint OpenInsert(nint connection, ReadOnlySpan<byte> head, string format)
    {
        var formatBytes = Encoding.UTF8.GetBytes(format);
        fixed (byte* text = NotEmpty(head), name = formatBytes)
        {
            var insert = ChdbNative.InsertOpen(*(nint*)connection, text, (nuint)head.Length, name, (nuint)formatBytes.Length);
            return insert != 0 ? insert : throw ChdbException.Parse("The insert could not be opened.");
        }
    }

    /// <summary>Hands bytes to the insert, which copies them; blocks while the engine is behind.</summary>
    internal static void Append(nint insert, ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
        {
            if (data.Length > 0 && ChdbNative.InsertAppend(insert, bytes, (nuint)data.Length) != 0)
            {
                throw ChdbException.Parse(Text(ChdbNative.InsertError(insert)) ?? "The insert failed without a reason.");
            }
        }
    }

    /// <summary>Commits the insert; its result holds the rows written.</summary>
    internal static nint Complete(nint insert) => Checked(ChdbNative.InsertDone(insert));

    internal static void CloseInsert(nint insert, bool ended)
    {
        if (!ended)
        {
            ChdbNative.InsertCancel(insert);
        }
        ChdbNative.InsertDestroy(insert);
    }

    /// <summary>How many statements the text holds, and their class; (0, Unknown) for text that does not parse.</summary>
    internal static (uint Statements, ChdbClass Class) Classify(nint connection, ReadOnlySpan<byte> sql, string database)
    {
        var databaseBytes = Encoding.UTF8.GetBytes(database);
        var answer = stackalloc uint[4];
        answer[0] = 4 * sizeof(uint);
        fixed (byte* text = NotEmpty(sql), name = databaseBytes)
        {
            var status = ChdbNative.Classify(
                *(nint*)connection, text, (nuint)sql.Length, name, (nuint)databaseBytes.Length, answer);
            return status == 0 ? (answer[1], (ChdbClass)answer[3]) : (0, ChdbClass.Unknown);
        }
    }

    private static nint Checked(nint result)
    {
        if (result == 0)
        {
            throw ChdbException.Parse("The engine gave no result.");
        }
        if (Text(ChdbNative.ResultError(result)) is not { } error)
        {
            return result;
        }
        ChdbNative.DestroyResult(result);
        throw ChdbException.Parse(error);
    }

    private static string? Text(byte* text) => text == null ? null : Encoding.UTF8.GetString(new ReadOnlySpan<byte>(text, Length(text)));

    private static int Length(byte* text)
    {
        var length = 0;
        while (text[length] != 0)
        {
            length++;
        }
        return length;
    }

    /// <summary>An empty span has no address, and the engine wants one.</summary>
    private static ReadOnlySpan<byte> NotEmpty(ReadOnlySpan<byte> text) => text.IsEmpty ? " "u8 : text;
}
