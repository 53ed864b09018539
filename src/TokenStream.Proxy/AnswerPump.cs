using System.Buffers;
using Microsoft.AspNetCore.Http;
using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Proxy;

/// <summary>
/// Passes an answer on as it comes: each piece that an upstream sends goes to the caller before the next one is waited for. Nothing but
/// that piece is held, so a caller that reads slowly slows its upstream down.
/// </summary>
internal sealed class AnswerPump(HttpContext context, Stream source, TimeSpan silence)
{
    private const int PieceBytes = 16 * 1024;

    private readonly ArrayBufferWriter<byte> _passed = new();
    private uint _last = Boundary;
    private bool _hasBegun;

    private const uint Boundary = 0x0A0A;

    /// <summary>Reads the usage in passing; null where nobody asks for it.</summary>
    public ProviderUsageScanner? Scanner { get; init; }

    /// <summary>Takes out what the caller had not asked for; null for nothing.</summary>
    public ExtraUsageFilter? Filter { get; init; }

    /// <summary>Ends the answer in the middle, since its scope is killed.</summary>
    public CancellationToken Killed { get; init; }

    /// <summary>Ends it since the proxy has no more time.</summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>Called at the first byte.</summary>
    public Action? Began { get; init; }

    /// <summary>Whether what was passed on ends with a whole event.</summary>
    public bool IsBetweenEvents => (_last & 0xFFFF) == Boundary || _last == 0x0D0A0D0A;

    public async Task<AnswerEnd> RunAsync()
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, Killed, Stopping);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            while (true)
            {
                var (read, end) = await ReadAsync(buffer, cut);
                if (end != AnswerEnd.Whole)
                {
                    return end;
                }

                Take(buffer.AsSpan(0, read));
                end = await WriteAsync(Filter is null ? buffer.AsMemory(0, read) : _passed.WrittenMemory, cut);
                _passed.ResetWrittenCount();
                if (read == 0 || end != AnswerEnd.Whole)
                {
                    return end;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<(int Read, AnswerEnd End)> ReadAsync(byte[] buffer, CancellationTokenSource cut)
    {
        try
        {
            cut.CancelAfter(silence);
            cut.Token.ThrowIfCancellationRequested();
            return (await source.ReadAsync(buffer, cut.Token), AnswerEnd.Whole);
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested)
        {
            return (0, Why(AnswerEnd.Silent));
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or HttpRequestException)
        {
            return (0, AnswerEnd.Broken);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            Scanner?.End();
            Filter?.End(_passed);
            return;
        }

        if (!_hasBegun)
        {
            _hasBegun = true;
            Began?.Invoke();
        }

        Scanner?.Take(bytes);
        Filter?.Take(bytes, _passed);
    }

    private async ValueTask<AnswerEnd> WriteAsync(ReadOnlyMemory<byte> bytes, CancellationTokenSource cut)
    {
        if (bytes.IsEmpty)
        {
            return AnswerEnd.Whole;
        }

        try
        {
            // A caller that takes nothing for so long is not there any more.
            cut.CancelAfter(silence);
            await context.Response.Body.WriteAsync(bytes, cut.Token);
            See(bytes.Span);
            return context.RequestAborted.IsCancellationRequested ? Why(AnswerEnd.CallerLeft) : AnswerEnd.Whole;
        }
        catch (OperationCanceledException)
        {
            return Why(AnswerEnd.CallerLeft);
        }
        catch (IOException)
        {
            return AnswerEnd.CallerLeft;
        }
    }

    private void See(ReadOnlySpan<byte> bytes)
    {
        foreach (var letter in bytes[Math.Max(0, bytes.Length - 4)..])
        {
            _last = unchecked((_last << 8) | letter);
        }
    }

    private AnswerEnd Why(AnswerEnd otherwise) => Killed.IsCancellationRequested ? AnswerEnd.Killed
        : context.RequestAborted.IsCancellationRequested ? AnswerEnd.CallerLeft
        : Stopping.IsCancellationRequested ? AnswerEnd.Stopped
        : otherwise;
}
