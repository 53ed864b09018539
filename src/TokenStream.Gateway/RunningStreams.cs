using System.Collections.Concurrent;

namespace TokenStream.Gateway;

/// <summary>The answers that are being streamed, so that a kill with <c>abort_streams</c> can end them.</summary>
internal sealed class RunningStreams
{
    private readonly ConcurrentDictionary<RunningStream, byte> _streams = new();

    public RunningStream Add(in GatewayRequest request, string tenant)
    {
        var stream = new RunningStream(request, tenant);
        _streams.TryAdd(stream, 0);
        return stream;
    }

    public void Remove(RunningStream stream) => _streams.TryRemove(stream, out _);

    public void EndKilled(TokenStreamGateway gateway)
    {
        foreach (var (stream, _) in _streams)
        {
            if (gateway.IsStreamKilled(in stream.Request, stream.Tenant))
            {
                stream.End();
            }
        }
    }
}

/// <summary>A running stream. Readers look at <see cref="Ended"/> before each piece, and their reads are cancelled by it.</summary>
internal sealed class RunningStream(GatewayRequest request, string tenant) : IDisposable
{
    public readonly GatewayRequest Request = request;

    private readonly CancellationTokenSource _ended = new();

    public string Tenant { get; } = tenant;

    public CancellationToken Ended => _ended.Token;

    public void End()
    {
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The stream ended by itself while a kill looked for it: there is nothing left to end.
        }
    }

    public void Dispose() => _ended.Dispose();
}
