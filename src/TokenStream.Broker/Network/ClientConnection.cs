using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TokenStream.Broker.Groups;
using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Network;

/// <summary>What all connections of one listener share.</summary>
internal sealed record ConnectionContext(
    BrokerOptions Options, RequestDispatcher Dispatcher, MemoryBudget Requests, MemoryBudget Responses, ListenerCounters Counters,
    LineLimiter Lines, MonotonicClock Clock, ILogger Logger);

/// <summary>
/// One client: reads a request, handles it, sends the response, and only then goes on to the next, so that responses keep the order of the
/// requests and a client that pipelines is held back by its own socket.
/// </summary>
internal sealed class ClientConnection : IDisposable
{
    private const long Never = long.MaxValue;

    /// <summary>Slowest transfer that is borne, beside <see cref="BrokerOptions.TransferTimeoutMs"/>.</summary>
    private const int BytesPerMs = 1024;

    private readonly Socket _socket;
    private readonly ConnectionContext _shared;
    private readonly FrameReader _frames;
    private readonly CancellationTokenSource _gone = new();
    private readonly RequestContext _request;
    private readonly byte[] _peeked = new byte[1];
    private readonly string _peer;
    private readonly Action<int> _expect;
    private long _deadlineMs;
    private bool _overdue;
    private volatile bool _stopping;

    public ClientConnection(Socket socket, ConnectionContext shared)
    {
        _socket = socket;
        _shared = shared;
        _socket.NoDelay = true;
        _expect = SetTransferDeadline;
        _frames = new FrameReader(socket, shared.Options, shared.Requests);
        _peer = socket.RemoteEndPoint?.ToString() ?? "unknown";
        _request = new RequestContext("/" + ((socket.RemoteEndPoint as System.Net.IPEndPoint)?.Address.ToString() ?? ""), _gone.Token);
        _deadlineMs = shared.Clock.NowMs() + shared.Options.IdleTimeoutMs;
    }

    /// <summary>Serves the client until it closes, sends bytes that are no request, or is told to stop.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!_stopping && await ServeOneAsync().ConfigureAwait(false))
            {
            }
        }
        catch (MalformedRequestException e)
        {
            _shared.Counters.Bad();
            if (_shared.Lines.TryTake(out long suppressed))
            {
                _shared.Logger.BadBytes(_peer, e.Message, suppressed);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException || (
            e is OperationCanceledException && _gone.IsCancellationRequested))
        {
            _shared.Logger.ConnectionClosed(_peer, e.Message);
        }
        catch (Exception e)
        {
            // A disk that failed, or a mistake of ours: this client is told nothing wrong, and the others go on.
            _shared.Counters.Failed();
            if (_shared.Lines.TryTake(out long suppressed))
            {
                _shared.Logger.RequestFailed(e, _peer, _request.Key.ToString(), _request.Version, suppressed);
            }
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Lets the request in hand end and ends the connection after it; one that only waits for something ends at once.</summary>
    public void Stop()
    {
        _stopping = true;
        try
        {
            _gone.Cancel();
            _socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _shared.Logger.ConnectionClosed(_peer, e.Message);
        }
    }

    /// <summary>Closes the connection whatever it does.</summary>
    public void Abort() => _socket.Dispose();

    /// <summary>Closes a connection that has been idle, or slow in sending or taking in, for longer than allowed.</summary>
    public void AbortIfOverdue(long nowMs)
    {
        // Looked at again before it has ended, it is still one connection.
        if (nowMs >= Volatile.Read(ref _deadlineMs) && !Interlocked.Exchange(ref _overdue, true))
        {
            _shared.Counters.TimedOut();
            Abort();
        }
    }

    public void Dispose()
    {
        _frames.Dispose();
        _request.Dispose();
        _gone.Dispose();
        _socket.Dispose();
    }

    private async ValueTask<bool> ServeOneAsync()
    {
        SetDeadline(_frames.HasBegun ? _shared.Options.TransferTimeoutMs : _shared.Options.IdleTimeoutMs);
        Memory<byte>? frame = await _frames.ReadAsync(_expect, _gone.Token).ConfigureAwait(false);
        if (frame is not { } bytes)
        {
            return false;
        }

        ClearDeadline();
        _shared.Counters.Received(bytes.Length);
        try
        {
            await HandleAsync(bytes).ConfigureAwait(false);
            if (_request.Answered)
            {
                await SendAsync(_request.Response.End()).ConfigureAwait(false);
            }
        }
        finally
        {
            _frames.Release();
            _request.Response.Release();
            if (_request.ReservedBytes > 0)
            {
                _shared.Responses.Release(_request.ReservedBytes);
                _request.ReservedBytes = 0;
            }
        }

        return true;
    }

    private async ValueTask HandleAsync(Memory<byte> frame)
    {
        if (!_request.Begin(frame))
        {
            if (_request.Key != ApiKey.ApiVersions)
            {
                throw new MalformedRequestException($"it asked for {_request.Key} in version {_request.Version}, which is not offered");
            }

            ApiVersionsHandler.AnswerUnsupported(_request);
            return;
        }

        ValueTask handling = _shared.Dispatcher.DispatchAsync(_request);
        if (!handling.IsCompleted && _frames.Look.IsCompleted)
        {
            _frames.Look = WatchPeerAsync();
        }

        await handling.ConfigureAwait(false);
    }

    /// <summary>While a request waits (a fetch for data, a join for other members), notices that its client has closed.</summary>
    private async Task WatchPeerAsync()
    {
        try
        {
            if (await _socket.ReceiveAsync(_peeked.AsMemory(), SocketFlags.Peek, CancellationToken.None).ConfigureAwait(false) > 0)
            {
                return;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _shared.Logger.ConnectionClosed(_peer, e.Message);
        }

        await _gone.CancelAsync().ConfigureAwait(false);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> response)
    {
        SetTransferDeadline(response.Length);
        _shared.Counters.Sent(response.Length);
        while (!response.IsEmpty)
        {
            int sent = await _socket.SendAsync(response, CancellationToken.None).ConfigureAwait(false);
            response = response[sent..];
        }
    }

    private void SetTransferDeadline(int bytes)
    {
        if (bytes == FrameReader.PeerWaits)
        {
            ClearDeadline();
        }
        else
        {
            SetDeadline(_shared.Options.TransferTimeoutMs + (bytes / BytesPerMs));
        }
    }

    private void SetDeadline(int ms) => Volatile.Write(ref _deadlineMs, _shared.Clock.NowMs() + ms);

    private void ClearDeadline() => Volatile.Write(ref _deadlineMs, Never);

    private async ValueTask EndAsync()
    {
        _socket.Dispose();
        await _frames.Look.ConfigureAwait(false);
        Dispose();
    }
}
