using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>A statement that gives an answer, ready to run.</summary>
/// <param name="Sql">The text for the engine.</param>
/// <param name="Format">Of the answer.</param>
/// <param name="Kind">How to run it.</param>
/// <param name="Options">Of its request.</param>
internal sealed record Statement(byte[] Sql, AnswerFormat Format, StatementKind Kind, RequestOptions Options)
{
    internal static Statement Of(byte[] sql, RequestOptions options) =>
        new(sql, AnswerFormat.Of(AnswerFormat.Named(sql)?.Name ?? options.DefaultFormat), StatementKind.Of(sql), options);

    /// <summary>Runs it and writes the answer, block by block where the format allows.</summary>
    /// <param name="session">Where to run it.</param>
    /// <param name="answer">Where its answer goes.</param>
    /// <param name="isCounted">The engine's parser found one statement in the text. Another text goes the way on which the engine takes one
    /// at most.</param>
    /// <param name="cancellation">The client went away.</param>
    /// <exception cref="ChdbException">The engine's error.</exception>
    internal async Task RunAsync(ChdbSession session, Answer answer, bool isCounted, CancellationToken cancellation)
    {
        if (isCounted && !(Format.CanStream && Kind.CanStream))
        {
            await answer.WriteAsync(await session.QueryAsync(Sql, Format.Name, Options.Parameters, cancellation), 0, cancellation);
            return;
        }
        await session.OpenStreamAsync(Sql, Format.Name, Options.Parameters, cancellation);
        var blocks = 0;
        while (await session.FetchAsync(cancellation) is { } block)
        {
            var head = blocks++ == 0 ? 0 : BlockHeads.Length(Format.Head, block.Slice(0, int.MaxValue));
            await answer.WriteAsync(block, head, cancellation);
        }
        if (blocks == 0 && Format.IsNative)
        {
            await WriteColumnsAsync(session, answer, cancellation);
        }
    }

    private async Task WriteColumnsAsync(ChdbSession session, Answer answer, CancellationToken cancellation)
    {
        // The statement's own FORMAT would beat the one asked for here. It gave no rows, so running it again costs little more than it did.
        var sql = AnswerFormat.Named(Sql) is { } named ? [.. Sql[..named.Start], .. Sql[named.End..]] : Sql;
        var columns = await session.QueryAsync(sql, "RowBinaryWithNamesAndTypes", Options.Parameters, cancellation);
        if (columns.ResultRows == 0 && columns.Length > 0)
        {
            answer.Write(EmptyNative.Block(columns.Slice(0, int.MaxValue)));
        }
    }
}
