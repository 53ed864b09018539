using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>ClickHouse's HTTP interface: one request, one statement, one answer.</summary>
internal sealed class ClickHouseEndpoint(ChdbEngine engine, Callers callers, ReaderPolicy readers, ChdbServerOptions server, ILogger log)
{
    /// <summary>Bytes of rows handed to the engine at a time.</summary>
    private const int AppendBytes = 1 << 20;

    internal async Task HandleAsync(HttpContext context)
    {
        RequestOptions? options = null;
        try
        {
            if (await AnsweredWithoutEngineAsync(context))
            {
                return;
            }
            var caller = callers.Identify(context.Request);
            options = RequestOptions.Of(context.Request);
            await AnswerAsync(context, caller, options);
        }
        catch (ChdbException error)
        {
            await FailAsync(context, options, error);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            ChdbLog.ClientGone(log, options?.QueryId ?? "");
        }
        catch (BadHttpRequestException error)
        {
            await FailAsync(context, options, ChdbException.Of(1002, "UNKNOWN_EXCEPTION", error.Message), error.StatusCode);
        }
        catch (InvalidDataException error)
        {
            await FailAsync(
                context,
                options,
                ChdbException.Of(354, "ZLIB_INFLATE_FAILED", $"The body's Content-Encoding is broken: {error.Message}"),
                400);
        }
        catch (IOException)
        {
            ChdbLog.ClientGone(log, options?.QueryId ?? "");
        }
        catch (Exception error) when (error is not BrokenAnswerException)
        {
            ChdbLog.Failed(log, options?.QueryId ?? "", error);
            await FailAsync(context, options, ChdbException.Of(1002, "UNKNOWN_EXCEPTION", "The store failed; its log says why."));
        }
    }

    private async Task<bool> AnsweredWithoutEngineAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        if (isRead && (path is "/ping" or "/replicas_status" || (path == "/" && !context.Request.Query.ContainsKey("query"))))
        {
            ResponseHeaders.Write(context.Response, null, engine);
            context.Response.ContentType = "text/html; charset=UTF-8";
            await context.Response.WriteAsync("Ok.\n", context.RequestAborted);
            return true;
        }
        if (path == "/" && (isRead || HttpMethods.IsPost(context.Request.Method)))
        {
            return false;
        }
        context.Response.StatusCode = path == "/" ? StatusCodes.Status405MethodNotAllowed : StatusCodes.Status404NotFound;
        context.Response.ContentType = "text/plain; charset=UTF-8";
        await context.Response.WriteAsync(
            "There is no such handle. Use GET or POST /?query=, /ping or /replicas_status.\n", context.RequestAborted);
        return true;
    }

    private async Task AnswerAsync(HttpContext context, Caller caller, RequestOptions options)
    {
        var cancellation = context.RequestAborted;
        await using var text = await RequestText.ReadAsync(context.Request, cancellation);
        if (text.Insert is { } insert)
        {
            if (caller.Role != ChdbRole.Owner || !HttpMethods.IsPost(context.Request.Method))
            {
                throw ReaderPolicy.Denied(caller, "this user and method can only read");
            }
            await InsertAsync(context, options, insert, text);
            return;
        }
        await RunAsync(context, caller, text.Statement, options);
    }

    private async Task RunAsync(HttpContext context, Caller caller, byte[] sql, RequestOptions options)
    {
        var cancellation = context.RequestAborted;
        var isReader = caller.Role == ChdbRole.Reader;
        var statement = Statement.Of(isReader ? readers.Admit(caller, sql, options) : sql, options);
        if (isReader)
        {
            readers.Limit(statement);
        }
        await using var session = isReader
            ? await engine.OpenSessionAsync(ChdbWork.Read, ChdbRole.Reader, null, options.Settings, cancellation)
            : await OpenOwnersAsync(statement, HttpMethods.IsPost(context.Request.Method), cancellation);
        var (statements, kind) = await session.ClassifyAsync(statement.Sql, server.Database, cancellation);
        if (statements > 1)
        {
            throw ChdbException.Of(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed): send one statement a request.");
        }
        if (isReader && statements == 1 && kind != ChdbClass.ReadOnly)
        {
            throw ReaderPolicy.Denied(caller, "the engine does not count this statement among those that only read");
        }
        var answer = new Answer(context, options, engine, statement.Format);
        try
        {
            await statement.RunAsync(session, answer, statements == 1, cancellation);
            await answer.CompleteAsync(cancellation);
        }
        catch (ChdbException error) when (answer.Started)
        {
            ChdbLog.AnswerBroken(log, options.QueryId, error.Message);
            await answer.BreakAsync(error, cancellation);
            throw new BrokenAnswerException(error);
        }
    }

    private Task<ChdbSession> OpenOwnersAsync(Statement statement, bool isPost, CancellationToken cancellation)
    {
        // As in ClickHouse, GET never writes, whoever asks.
        if (!isPost)
        {
            statement.Options.Settings["readonly"] = "2";
        }
        var work = statement.Kind.IsLong ? ChdbWork.Maintain : ChdbWork.Owner;
        return engine.OpenSessionAsync(
            work, ChdbRole.Owner, statement.Options.Database ?? "default", statement.Options.Settings, cancellation);
    }

    private async Task InsertAsync(HttpContext context, RequestOptions options, InsertHead insert, RequestText text)
    {
        var cancellation = context.RequestAborted;
        var body = text.Body!;
        // A thread is taken only once a good part of the rows is here, so that a slow sender does not hold it for nothing.
        var first = await body.ReadAtLeastAsync(AppendBytes, cancellation);
        body.AdvanceTo(first.Buffer.Start);
        await using var session = await engine.OpenSessionAsync(
            ChdbWork.Insert, ChdbRole.Owner, options.Database ?? "default", options.Settings, cancellation);
        await session.OpenInsertAsync(insert.Statement, insert.Format, cancellation);
        if (text.InsertPrefix.Length > 0)
        {
            await session.AppendAsync(new ReadOnlySequence<byte>(text.InsertPrefix), cancellation);
        }
        while (true)
        {
            var read = await body.ReadAtLeastAsync(AppendBytes, cancellation);
            try
            {
                await session.AppendAsync(read.Buffer, cancellation);
            }
            finally
            {
                // Also where the rows were refused: the server reads what is left of the body, and cannot while a read is open.
                body.AdvanceTo(read.Buffer.End);
            }
            if (read.IsCompleted)
            {
                break;
            }
        }
        var counts = new AnswerCounts();
        counts.Add(await session.CompleteInsertAsync(cancellation));
        ResponseHeaders.Write(context.Response, options, engine);
        context.Response.Headers["X-ClickHouse-Summary"] = counts.ToJson();
        context.Response.ContentType = "text/plain; charset=UTF-8";
        context.Response.ContentLength = 0;
    }

    private async Task FailAsync(HttpContext context, RequestOptions? options, ChdbException error, int? status = null)
    {
        if (context.Response.HasStarted)
        {
            throw new BrokenAnswerException(error);
        }
        var response = context.Response;
        response.Clear();
        response.StatusCode = status ?? HttpStatus.Of(error.Code);
        ResponseHeaders.Write(response, options, engine);
        response.Headers["X-ClickHouse-Exception-Code"] = error.Code.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (response.StatusCode == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Basic realm=\"ClickHouse server HTTP API\"";
        }
        response.ContentType = "text/plain; charset=UTF-8";
        var body = Encoding.UTF8.GetBytes($"{error.Message} (version {engine.Version})\n");
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
