using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenStream.Chdb.Engine;
using TokenStream.Chdb.Native;

namespace TokenStream.Chdb.Http;

/// <summary>
/// An answer on its way out. It is held back until it is whole or longer than the limit, so that a statement which fails early gets an
/// error's status; one that fails later gets the error in its body, in the form that ClickHouse's clients look for, and a connection that
/// ends without the body's end.
/// </summary>
internal sealed class Answer(HttpContext context, RequestOptions options, ChdbEngine engine, AnswerFormat format)
{
    /// <summary>Bytes held back to be able to answer with a status still.</summary>
    private const int HeldBack = 1 << 20;

    /// <summary>The same where the client asked for the whole answer or an error; a longer one is streamed all the same.</summary>
    private const int HeldBackOnRequest = 32 << 20;

    /// <summary>Bytes handed to the connection at a time.</summary>
    private const int Portion = 64 << 10;

    private readonly ArrayBufferWriter<byte> _held = new();
    private readonly string _tag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly NativeRevision? _rewriter =
        NativeRevision.IsWanted(options.ProtocolVersion, format.Name) ? new NativeRevision() : null;
    private PipeWriter? _output;

    internal bool Started => _output is not null;

    internal AnswerCounts Counts { get; } = new();

    /// <summary>Bytes that are few, before anything else was written.</summary>
    internal void Write(ReadOnlySpan<byte> bytes) => Pass(bytes);

    /// <summary>A block from its byte <paramref name="skip"/> on.</summary>
    internal async Task WriteAsync(ChdbChunk chunk, int skip, CancellationToken cancellation)
    {
        Counts.Add(chunk);
        if (!Started && _held.WrittenCount + chunk.Length > (options.WaitForEnd ? HeldBackOnRequest : HeldBack))
        {
            await StartAsync(whole: false, cancellation);
        }
        for (long offset = skip; offset < chunk.Length; offset += Portion)
        {
            Pass(chunk.Slice(offset, Portion));
            if (Started)
            {
                await FlushAsync(cancellation);
            }
        }
    }

    internal async Task CompleteAsync(CancellationToken cancellation)
    {
        try
        {
            _rewriter?.Complete();
        }
        catch (NativeFormatException error)
        {
            throw NotForThisClient(error);
        }
        if (!Started)
        {
            await StartAsync(whole: true, cancellation);
        }
        await _output!.FlushAsync(cancellation);
        if (options.AcceptsGzip)
        {
            await _output.CompleteAsync();
        }
    }

    /// <summary>
    /// Tells of an error within the body, after which the connection must end without the body's end. The compressor is left as it is,
    /// since disposing it would end the body properly.
    /// </summary>
    internal async Task BreakAsync(ChdbException error, CancellationToken cancellation)
    {
        var text = $"{error.Message} (version {engine.Version})\n";
        var length = Encoding.UTF8.GetByteCount(text);
        var block = string.Create(
            CultureInfo.InvariantCulture, $"\r\n__exception__\r\n{_tag}\r\n{text}{length} {_tag}\r\n__exception__\r\n");
        _output!.Write(Encoding.UTF8.GetBytes(block));
        await FlushAsync(cancellation);
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
            _output = PipeWriter.Create(new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true));
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

    private void Pass(ReadOnlySpan<byte> bytes)
    {
        IBufferWriter<byte> output = _output is null ? _held : _output;
        if (_rewriter is null)
        {
            output.Write(bytes);
            return;
        }
        try
        {
            _rewriter.Append(bytes, output);
        }
        catch (NativeFormatException error)
        {
            throw NotForThisClient(error);
        }
    }

    private static ChdbException NotForThisClient(NativeFormatException error) =>
        ChdbException.Of(
            48, "NOT_IMPLEMENTED", $"The answer cannot be put into the Native revision that this client speaks: {error.Message}");

    private async Task FlushAsync(CancellationToken cancellation) => await _output!.FlushAsync(cancellation);
}
