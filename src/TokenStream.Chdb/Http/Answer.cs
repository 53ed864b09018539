using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>
/// An answer on its way out. It is held back until it is whole or longer than the limit, so that a statement which fails early gets an
/// error's status; one that fails later gets the error in its body, in the form that ClickHouse's clients look for, and a connection that
/// ends without the body's end.
/// </summary>
internal sealed class Answer(HttpContext context, RequestOptions options, ChdbEngine engine, AnswerFormat format) : IAsyncDisposable
{
    /// <summary>Bytes held back to be able to answer with a status still.</summary>
    private const int HeldBack = 1 << 20;

    /// <summary>The same where the client asked for the whole answer or an error; a longer one is streamed all the same.</summary>
    private const int HeldBackOnRequest = 32 << 20;

    /// <summary>Bytes handed to the connection at a time.</summary>
    private const int Portion = 64 << 10;

    private readonly ArrayBufferWriter<byte> _held = new();
    private readonly string _tag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private Stream? _gzip;
    private PipeWriter? _output;

    internal bool Started => _output is not null;

    internal AnswerCounts Counts { get; } = new();

    internal async Task WriteAsync(ChdbChunk chunk, CancellationToken cancellation)
    {
        Counts.Add(chunk);
        if (!Started && _held.WrittenCount + chunk.Length > (options.WaitForEnd ? HeldBackOnRequest : HeldBack))
        {
            await StartAsync(whole: false, cancellation);
        }
        for (long offset = 0; offset < chunk.Length; offset += Portion)
        {
            if (_output is null)
            {
                _held.Write(chunk.Slice(offset, Portion));
            }
            else
            {
                _output.Write(chunk.Slice(offset, Portion));
                await FlushAsync(cancellation);
            }
        }
    }

    internal async Task CompleteAsync(CancellationToken cancellation)
    {
        if (!Started)
        {
            await StartAsync(whole: true, cancellation);
        }
        await _output!.FlushAsync(cancellation);
        if (_gzip is not null)
        {
            await _output.CompleteAsync();
            await _gzip.DisposeAsync();
            _gzip = null;
        }
    }

    /// <summary>Tells of an error within the body, after which the connection must end without the body's end.</summary>
    internal async Task BreakAsync(ChdbException error, CancellationToken cancellation)
    {
        var text = $"{error.Message} (version {engine.Version})\n";
        var length = Encoding.UTF8.GetByteCount(text);
        var block = string.Create(CultureInfo.InvariantCulture, $"\r\n__exception__\r\n{_tag}\r\n{text}{length} {_tag}\r\n__exception__\r\n");
        _output!.Write(Encoding.UTF8.GetBytes(block));
        await FlushAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_gzip is not null)
        {
            // What is left in it belongs to a broken answer: it must not end the body properly.
            _gzip = null;
            await Task.CompletedTask;
        }
    }

    private async Task StartAsync(bool whole, CancellationToken cancellation)
    {
        var response = context.Response;
        ResponseHeaders.Write(response, options, engine);
        response.Headers["X-ClickHouse-Format"] = format.Name;
        response.Headers["X-ClickHouse-Summary"] = Counts.ToJson();
        response.ContentType = format.ContentType;
        if (!whole)
        {
            response.Headers["X-ClickHouse-Exception-Tag"] = _tag;
        }
        if (options.AcceptsGzip)
        {
            response.Headers.ContentEncoding = "gzip";
            _gzip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            _output = PipeWriter.Create(_gzip, new StreamPipeWriterOptions(leaveOpen: true));
        }
        else
        {
            response.ContentLength = whole ? _held.WrittenCount : null;
            _output = response.BodyWriter;
        }
        for (var offset = 0; offset < _held.WrittenCount; offset += Portion)
        {
            _output.Write(_held.WrittenSpan.Slice(offset, Math.Min(Portion, _held.WrittenCount - offset)));
            await FlushAsync(cancellation);
        }
        _held.ResetWrittenCount();
    }

    private async Task FlushAsync(CancellationToken cancellation)
    {
        await _output!.FlushAsync(cancellation);
        if (_gzip is not null)
        {
            await _gzip.FlushAsync(cancellation);
        }
    }
}
