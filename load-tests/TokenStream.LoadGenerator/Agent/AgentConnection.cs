using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenStream.LoadGenerator.Agent;

/// <summary>One connection, on which one request is under way at most.</summary>
internal sealed class AgentConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _received = new byte[64 * 1024];
    private readonly string _host;
    private int _count;

    public AgentConnection(Uri agent)
    {
        _host = agent.Authority;
        _socket.Connect(IPAddress.Parse(agent.Host), agent.Port);
    }

    public int Descriptor => (int)_socket.Handle;

    public TimeSpan Due { get; private set; }

    public TimeSpan Sent { get; private set; }

    public bool IsMeasured { get; private set; }

    public bool IsCompleting { get; private set; }

    public void Ask(AgentAsks asks, long tenant, TimeSpan due, TimeSpan now, bool isMeasured)
    {
        (Due, Sent, IsMeasured, IsCompleting) = (due, now, isMeasured, false);
        if (asks == AgentAsks.Nothing)
        {
            Send($"GET /health/live HTTP/1.1\r\nHost: {_host}\r\n\r\n");
            return;
        }

        Post("/v1/decide", string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"tenant":"tenant-{{tenant}}","app":"shop","feature":"chat","user":"u-{{tenant}}","provider":"openai","model":"gpt-5","tokens_in":1200,"max_tokens":800,"request_id":"{{Guid.NewGuid()}}"}"""));
    }

    public void Complete(string reservation, TimeSpan now)
    {
        (Sent, IsCompleting) = (now, true);
        Post("/v1/complete", $$"""{"reservation":"{{reservation}}","tokens_in":1180,"tokens_out":210,"latency_ms":900,"wait":false}""");
    }

    /// <summary>Reads what came: the answer's body where that is all of it.</summary>
    public bool TryRead(out ReadOnlySpan<byte> body)
    {
        body = default;
        var count = _socket.Receive(_received.AsSpan(_count));
        if (count == 0)
        {
            throw new IOException("The agent closed a connection.");
        }

        _count += count;
        var bytes = _received.AsSpan(0, _count);
        var end = bytes.IndexOf("\r\n\r\n"u8);
        var name = "Content-Length: "u8;
        var at = end < 0 ? -1 : bytes[..end].IndexOf(name);
        if (at < 0)
        {
            return false;
        }

        var digits = bytes[(at + name.Length)..end];
        digits = digits[..(digits.IndexOf((byte)'\r') is >= 0 and var stop ? stop : digits.Length)];
        var length = int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        if (_count < end + 4 + length)
        {
            return false;
        }

        body = bytes.Slice(end + 4, length);
        _count = 0;
        return true;
    }

    public void Dispose() => _socket.Dispose();

    private void Post(string path, string body) => Send(string.Create(
        CultureInfo.InvariantCulture,
        $"POST {path} HTTP/1.1\r\nHost: {_host}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"));

    private void Send(string request) => _socket.Send(Encoding.ASCII.GetBytes(request));
}
