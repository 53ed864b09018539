using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace TokenStream.Broker.Network;

/// <summary>Reads <c>HOST:PORT</c> and opens the listening socket, with a sentence for each way that can fail.</summary>
internal static class ListenAddress
{
    private const int Backlog = 512;

    /// <exception cref="ListenException">See <see cref="ListenFault"/>.</exception>
    public static Socket Bind(string address, bool allowNonLoopback)
    {
        IPEndPoint endPoint = Parse(address);
        if (!IPAddress.IsLoopback(endPoint.Address) && !allowNonLoopback)
        {
            throw new ListenException(
                ListenFault.NotLoopback, address,
                $"The embedded log does not listen on {address}: other machines could reach it, and it has no passwords; listen on " +
                "127.0.0.1, or allow it explicitly.");
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new ListenException(
                    ListenFault.InUse, address, $"The embedded log cannot listen on {address}: another process does already.", e)
                : new ListenException(ListenFault.Unavailable, address, $"The embedded log cannot listen on {address}: {e.Message}.", e);
        }
    }

    /// <summary>Splits an advertised address, whose host may be any name.</summary>
    /// <exception cref="ListenException">It has no host or no port.</exception>
    public static (string Host, int Port) Split(string address)
    {
        int colon = address.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) ||
            port is < 0 or > 65535)
        {
            throw new ListenException(
                ListenFault.Illegible, address, $"'{address}' is no address; write HOST:PORT, such as 127.0.0.1:9092.");
        }

        return (address[..colon].Trim('[', ']'), port);
    }

    private static IPEndPoint Parse(string address)
    {
        (string host, int port) = Split(address);
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return new IPEndPoint(IPAddress.Loopback, port);
        }

        return IPAddress.TryParse(host, out IPAddress? ip)
            ? new IPEndPoint(ip, port)
            : throw new ListenException(
                ListenFault.Illegible, address,
                $"The embedded log cannot listen on '{address}': the host must be an IP address or localhost.");
    }
}
