using System.Buffers;
using System.Text;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// A connection of its own on a thread of its own, for one request: what it sets (role, database, settings, temporary tables) dies with
/// it. One call at a time. Opening and closing take well under 2 ms together, so nothing is shared and nothing has to be reset.
/// </summary>
internal sealed class ChdbSession : IAsyncDisposable
{
    /// <summary>
    /// How long to wait before asking again that a statement be stopped: the first request can come before it is running.
    /// </summary>
    private static readonly TimeSpan KillAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly ChdbEngine _engine;
    private readonly ChdbLane _lane;
    private readonly ChdbThread _thread;
    private readonly nint _connection;
    private nint _result;
    private nint _stream;
    private bool _streamEnded;
    private nint _insert;

    internal ChdbSession(ChdbEngine engine, ChdbLane lane, ChdbThread thread, nint connection, string tag)
    {
        _engine = engine;
        _lane = lane;
        _thread = thread;
        _connection = connection;
        Tag = tag;
    }

    /// <summary>The comment that begins this session's statements, by which the engine's list of running ones finds them.</summary>
    internal string Tag { get; }

    /// <summary>Runs one statement to its end and gives its whole answer.</summary>
    /// <exception cref="ChdbException">The engine's error.</exception>
    internal Task<ChdbChunk> QueryAsync(
        ReadOnlyMemory<byte> sql, string format, ChdbParameters parameters, CancellationToken cancellation) =>
        RunAsync(
            () =>
            {
                Forget();
                using var names = new Utf8Arguments(parameters.Names);
                using var values = new Utf8Arguments(parameters.Values);
                _result = ChdbCall.Query(_connection, Tagged(sql.Span), format, names, values);
                return ChdbChunk.Of(_result);
            },
            cancellation);

    /// <summary>Opens a SELECT of which <see cref="FetchAsync"/> gives block by block; each block is formatted on its own.</summary>
    /// <exception cref="ChdbException">The engine's error; 36 BAD_ARGUMENTS where it does not stream such a statement.</exception>
    internal Task OpenStreamAsync(ReadOnlyMemory<byte> sql, string format, ChdbParameters parameters, CancellationToken cancellation) =>
        RunAsync(
            () =>
            {
                Forget();
                using var names = new Utf8Arguments(parameters.Names);
                using var values = new Utf8Arguments(parameters.Values);
                _stream = ChdbCall.OpenStream(_connection, Tagged(sql.Span), format, names, values);
                _streamEnded = false;
                return true;
            },
            cancellation);

    /// <summary>The next block, or null at the end.</summary>
    internal Task<ChdbChunk?> FetchAsync(CancellationToken cancellation) =>
        RunAsync(
            () =>
            {
                DestroyResult();
                try
                {
                    _result = ChdbCall.Fetch(_connection, _stream);
                }
                catch (ChdbException)
                {
                    _streamEnded = true;
                    throw;
                }
                var chunk = ChdbChunk.Of(_result);
                _streamEnded = chunk.Length == 0;
                return _streamEnded ? null : chunk;
            },
            cancellation);

    /// <summary>Opens a streaming insert; <paramref name="head"/> is the INSERT without its FORMAT.</summary>
    internal Task OpenInsertAsync(ReadOnlyMemory<byte> head, string format, CancellationToken cancellation) =>
        RunAsync(() => _insert = ChdbCall.OpenInsert(_connection, head.Span, format), cancellation);

    /// <summary>Hands rows to the insert; any bytes, cut anywhere.</summary>
    internal Task AppendAsync(ReadOnlySequence<byte> data, CancellationToken cancellation) =>
        RunAsync(
            () =>
            {
                foreach (var segment in data)
                {
                    ChdbCall.Append(_insert, segment.Span);
                }
                return true;
            },
            cancellation);

    /// <summary>Commits the insert: all its rows or none.</summary>
    internal Task<ChdbChunk> CompleteInsertAsync(CancellationToken cancellation) =>
        RunAsync(
            () =>
            {
                _result = ChdbCall.Complete(_insert);
                var chunk = ChdbChunk.Of(_result);
                ChdbCall.CloseInsert(_insert, ended: true);
                _insert = 0;
                return chunk;
            },
            cancellation);

    /// <summary>How many statements a text holds, as the engine's parser sees it; 0 where it does not parse.</summary>
    internal Task<(uint Statements, ChdbClass Class)> ClassifyAsync(
        ReadOnlyMemory<byte> sql, string database, CancellationToken cancellation) =>
        RunAsync(() => ChdbCall.Classify(_connection, sql.Span, database), cancellation);

    /// <summary>Runs a statement of our own, before the request's.</summary>
    internal Task RunAsync(string sql) => QueryAsync(Encoding.UTF8.GetBytes(sql), "Null", ChdbParameters.None, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _thread.RunAsync(() =>
            {
                Forget();
                ChdbCall.Close(_connection);
                return true;
            });
        }
        finally
        {
            _lane.Return(_thread);
        }
    }

    /// <summary>
    /// A cancelled call is stopped by KILL QUERY from another connection, again and again until it has returned: the engine's own
    /// cancelling waits for the running block, which for a GROUP BY is the whole statement.
    /// </summary>
    private async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var call = _thread.RunAsync(work);
        try
        {
            return await call.WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            while (!call.IsCompleted)
            {
                await _engine.KillAsync(Tag);
                await Task.WhenAny(call, Task.Delay(KillAgainAfter, _engine.Time, CancellationToken.None));
            }
            await call.ContinueWith(
                static finished => finished.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw;
        }
    }

    private byte[] Tagged(ReadOnlySpan<byte> sql)
    {
        var text = new byte[Tag.Length + sql.Length];
        Encoding.ASCII.GetBytes(Tag, text);
        sql.CopyTo(text.AsSpan(Tag.Length));
        return text;
    }

    private void Forget()
    {
        DestroyResult();
        if (_stream != 0)
        {
            ChdbCall.CloseStream(_connection, _stream, _streamEnded);
            _stream = 0;
        }
        if (_insert != 0)
        {
            ChdbCall.CloseInsert(_insert, ended: false);
            _insert = 0;
        }
    }

    private void DestroyResult()
    {
        if (_result != 0)
        {
            ChdbNative.DestroyResult(_result);
            _result = 0;
        }
    }
}
