using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using TokenStream.Broker.Log;
using TokenStream.Broker.Protocol;

namespace TokenStream.Tests.Broker;

/// <summary>A client that sends exactly the bytes a test wants, and reads what comes back.</summary>
internal sealed class RawClient : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpClient _tcp;
    private int _correlation;

    private RawClient(TcpClient tcp) => _tcp = tcp;

    public static async Task<RawClient> ConnectAsync(IPEndPoint address)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(address);
        return new RawClient(tcp);
    }

    /// <summary>A request with its length prefix.</summary>
    public static byte[] Frame(ApiKey key, short version, int correlation, Action<WireWriter> body)
    {
        using var to = new WireWriter();
        bool flexible = ApiTable.TryFind((short)key, out ApiRange range) && range.IsFlexible(version);
        to.Begin(false);
        to.Int16((short)key);
        to.Int16(version);
        to.Int32(correlation);
        to.String("raw");
        byte[] header = to.End().ToArray();
        to.Begin(flexible);
        to.Tags();
        body(to);
        byte[] frame = [.. header, .. to.End()[4..].Span];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }

    /// <summary>One topic's worth of produce request.</summary>
    public static Action<WireWriter> Produce(string topic, int partition, byte[] batch, short acks = -1, short version = 8) => to =>
    {
        if (version >= 3)
        {
            to.String(null);
        }

        to.Int16(acks);
        to.Int32(1_000);
        to.ArrayLength(1);
        to.String(topic);
        to.ArrayLength(1);
        to.Int32(partition);
        to.Bytes(batch);
    };

    /// <summary>A fetch of one partition in version 4.</summary>
    public static Action<WireWriter> Fetch(string topic, int partition, long offset, int maxWaitMs, int minBytes = 1, int maxBytes = 1 << 20) => to =>
    {
        to.Int32(-1);
        to.Int32(maxWaitMs);
        to.Int32(minBytes);
        to.Int32(maxBytes);
        to.Int8(0);
        to.ArrayLength(1);
        to.String(topic);
        to.ArrayLength(1);
        to.Int32(partition);
        to.Int64(offset);
        to.Int32(maxBytes);
    };

    /// <summary>A batch of records with these values and no keys.</summary>
    public static byte[] Batch(params string[] values)
    {
        var batch = new RecordBatchBuilder();
        foreach (string value in values)
        {
            batch.Add(1_000, null, System.Text.Encoding.UTF8.GetBytes(value));
        }

        return batch.Build();
    }

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => _tcp.GetStream().WriteAsync(bytes).AsTask();

    /// <summary>Sends bytes and says that no more will come.</summary>
    /// <returns>False where the peer had closed before it had them all.</returns>
    public async Task<bool> SendLastAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _tcp.Client.SendAsync(bytes);
            _tcp.Client.Shutdown(SocketShutdown.Send);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public async Task<Response> AskAsync(ApiKey key, short version, Action<WireWriter> body)
    {
        int correlation = ++_correlation;
        await SendAsync(Frame(key, version, correlation, body));
        Response answer = await ReceiveAsync(key, version);
        return answer.Correlation == correlation ? answer : throw new InvalidOperationException($"Asked {correlation}, answered {answer.Correlation}.");
    }

    /// <summary>The next response; fails when the connection is closed instead.</summary>
    public async Task<Response> ReceiveAsync(ApiKey key = ApiKey.Produce, short version = 0)
    {
        using var patience = new CancellationTokenSource(Patience);
        byte[] length = new byte[4];
        await _tcp.GetStream().ReadExactlyAsync(length, patience.Token);
        byte[] bytes = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await _tcp.GetStream().ReadExactlyAsync(bytes, patience.Token);
        bool flexible = key != ApiKey.ApiVersions && ApiTable.TryFind((short)key, out ApiRange range) && range.IsFlexible(version);
        bool flexibleBody = flexible || (key == ApiKey.ApiVersions && version >= 3);
        return new Response(bytes, flexible, flexibleBody);
    }

    /// <summary>Whether the peer closes the connection, within the patience of a test.</summary>
    public async Task<bool> IsClosedAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        byte[] buffer = new byte[4096];
        try
        {
            while (await _tcp.Client.ReceiveAsync(buffer, patience.Token) > 0)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose() => _tcp.Dispose();
}

/// <summary>A response's bytes and a reader over its body.</summary>
internal sealed class Response(byte[] bytes, bool flexibleHeader, bool flexibleBody)
{
    public int Correlation => BinaryPrimitives.ReadInt32BigEndian(bytes);

    public WireReader Body() => new(bytes, flexibleHeader ? 5 : 4, flexibleBody);
}
