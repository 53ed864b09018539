using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace TokenStream.Broker.Network;

/// <summary>Accepts clients up to a number, and closes those that have been idle or slow for too long.</summary>
internal sealed class BrokerListener : IAsyncDisposable
{
    private static readonly TimeSpan AcceptBackOff = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly ConnectionContext _shared;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<ClientConnection, Task> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _sweep;
    private readonly Task _accepting;

    public BrokerListener(Socket listening, ConnectionContext shared, TimeProvider time)
    {
        _socket = listening;
        _shared = shared;
        _time = time;
        Address = (IPEndPoint)listening.LocalEndPoint!;
        var period = TimeSpan.FromMilliseconds(
            Math.Clamp(Math.Min(shared.Options.IdleTimeoutMs, shared.Options.TransferTimeoutMs) / 4, 25, 5_000));
        _sweep = time.CreateTimer(static self => ((BrokerListener)self!).Sweep(), this, period, period);
        _accepting = AcceptAsync();
    }

    public IPEndPoint Address { get; }

    public int Open => _connections.Count;

    /// <summary>Accepts nobody any more, lets requests in flight end, and closes what is left after the drain time.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _accepting.ConfigureAwait(false);
        foreach (ClientConnection connection in _connections.Keys)
        {
            connection.Stop();
        }

        Task all = Task.WhenAll(_connections.Values);
        var drain = TimeSpan.FromMilliseconds(_shared.Options.DrainTimeoutMs);
        if (await Task.WhenAny(all, Task.Delay(drain, _time)).ConfigureAwait(false) != all)
        {
            foreach (ClientConnection connection in _connections.Keys)
            {
                connection.Abort();
            }
        }

        await all.ConfigureAwait(false);
        await _sweep.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Serve(await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception e) when (_stop.IsCancellationRequested && (
                e is OperationCanceledException or SocketException or ObjectDisposedException))
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of file descriptors, most likely: connections that close will free some.
                _shared.Logger.AcceptFailed(e);
                await Task.Delay(AcceptBackOff, _time).ConfigureAwait(false);
            }
        }
    }

    private void Serve(Socket client)
    {
        if (_connections.Count >= _shared.Options.MaxConnections)
        {
            _shared.Counters.Refused();
            if (_shared.Lines.TryTake(out long suppressed))
            {
                _shared.Logger.TooManyConnections(
                    client.RemoteEndPoint?.ToString() ?? "unknown", _shared.Options.MaxConnections, suppressed);
            }

            client.Dispose();
            return;
        }

        ClientConnection connection;
        try
        {
            connection = new ClientConnection(client, _shared);
        }
        catch (SocketException e)
        {
            // The peer was gone before it was looked at.
            _shared.Logger.ConnectionClosed("unknown", e.Message);
            client.Dispose();
            return;
        }

        _shared.Counters.Connected();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[connection] = RunAsync(connection, started.Task);
        started.SetResult();
    }

    private async Task RunAsync(ClientConnection connection, Task registered)
    {
        await registered.ConfigureAwait(false);
        await connection.RunAsync().ConfigureAwait(false);
        _connections.TryRemove(connection, out _);
    }

    private void Sweep()
    {
        long now = _shared.Clock.NowMs();
        foreach (ClientConnection connection in _connections.Keys)
        {
            connection.AbortIfOverdue(now);
        }
    }
}
