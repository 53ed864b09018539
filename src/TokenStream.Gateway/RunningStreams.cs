using System.Collections.Concurrent;

namespace TokenStream.Gateway;

/// <summary>The answers that are being streamed, so that a kill with <c>abort_streams</c> can end them.</summary>
internal sealed class RunningStreams
{
    private readonly ConcurrentDictionary<RunningAnswer, byte> _streams = new();

    public RunningAnswer Add(in GatewayRequest request, string tenant)
    {
        var stream = new RunningAnswer(request, tenant, this);
        _streams.TryAdd(stream, 0);
        return stream;
    }

    public void Remove(RunningAnswer stream) => _streams.TryRemove(stream, out _);

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

/// <summary>
/// A running answer, from <see cref="TokenStreamGateway.Follow"/> until it is disposed. Readers look at <see cref="Ended"/> before each
/// piece, and their reads are cancelled by it.
/// </summary>
public sealed class RunningAnswer : IDisposable
{
    internal readonly GatewayRequest Request;

    private readonly CancellationTokenSource _ended = new();
    private readonly RunningStreams _streams;

    internal RunningAnswer(GatewayRequest request, string tenant, RunningStreams streams)
    {
        (Request, Tenant, _streams) = (request, tenant, streams);
        Ended = _ended.Token;
    }

    /// <summary>Cancelled where a kill ends the stream.</summary>
    public CancellationToken Ended { get; }

    internal string Tenant { get; }

    public void Dispose()
    {
        _streams.Remove(this);
        _ended.Dispose();
    }

    internal void End()
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
}
