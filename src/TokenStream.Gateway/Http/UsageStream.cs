namespace TokenStream.Gateway.Http;

/// <summary>
/// A stream of server-sent events on its way to the caller, unchanged. It is watched for the event that holds the usage, and reported at
/// its end; one that ends without it, since a caller left or a kill ended it, is billed all the same and reported as an estimate.
/// </summary>
internal sealed class UsageStream : Stream
{
    /// <summary>A longer line is not looked into; usage is far shorter.</summary>
    private const int MostLineBytes = 256 * 1024;

    private readonly Stream _inner;
    private readonly GovernedCall _call;
    private readonly RunningAnswer _running;
    private readonly MemoryStream _line = new();
    private GatewayUsage? _usage;
    private long _events;
    private bool _isLineTooLong;

    public UsageStream(Stream inner, GovernedCall call)
    {
        (_inner, _call) = (inner, call);
        _running = call.Follow();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _running.Ended);
        try
        {
            either.Token.ThrowIfCancellationRequested();
            var read = await _inner.ReadAsync(buffer, either.Token).ConfigureAwait(false);
            Watch(buffer.Span[..read]);
            return read;
        }
        catch (OperationCanceledException) when (_running.Ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            Finish(UsageResult.Cancelled, "tokenstream_killed");
            throw new IOException("The stream was ended: its scope is killed.");
        }
        catch (IOException)
        {
            Finish(UsageResult.Error, "stream_broken");
            throw;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_running.Ended.IsCancellationRequested)
        {
            Finish(UsageResult.Cancelled, "tokenstream_killed");
            throw new IOException("The stream was ended: its scope is killed.");
        }

        var read = _inner.Read(buffer, offset, count);
        Watch(buffer.AsSpan(offset, read));
        return read;
    }

    public override void Flush() => _inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Finish(UsageResult.Cancelled, "caller_left");
            _running.Dispose();
            _inner.Dispose();
            _line.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Watch(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            EndLine();
            Finish(UsageResult.Ok, null);
            return;
        }

        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Add(bytes[..end]);
            EndLine();
            bytes = bytes[(end + 1)..];
        }

        Add(bytes);
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        _isLineTooLong |= _line.Length + bytes.Length > MostLineBytes;
        if (!_isLineTooLong)
        {
            _line.Write(bytes);
        }
    }

    private void EndLine()
    {
        var line = _line.GetBuffer().AsMemory(0, (int)_line.Length);
        if (!_isLineTooLong && line.Span.StartsWith("data:"u8))
        {
            _events++;
            _call.SeeFirstToken();
            if (line.Span.IndexOf("\"usage\""u8) >= 0 && OpenAiUsage.TryRead(line[5..], out var usage))
            {
                _usage = usage;
            }
        }

        _line.SetLength(0);
        _isLineTooLong = false;
    }

    /// <summary>Reports once; later calls change nothing.</summary>
    private void Finish(UsageResult result, string? errorType) => _call.Report(
        _usage is { } usage
            ? usage with { Result = UsageResult.Ok }
            : new GatewayUsage
            {
                Result = result,
                ErrorType = errorType,
                IsEstimated = true,
                // Streams send about a token an event.
                TokensIn = _call.Request.TokensIn,
                TokensOut = _events,
            });
}
