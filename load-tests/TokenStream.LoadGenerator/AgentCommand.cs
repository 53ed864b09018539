using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenStream.LoadGenerator;

/// <summary>
/// <c>agent</c>: decisions of a gateway agent at a fixed rate, whatever its answers take. One thread over kept connections, since a client
/// that needs more of the machine than what it measures measures itself.
/// </summary>
internal static class AgentCommand
{
    private const int MostMicroseconds = 1_000_000;

    public static Command Create()
    {
        var to = new Option<string>("--to")
        {
            Description = "The agent, http://ADDRESS:PORT.",
            DefaultValueFactory = _ => "http://127.0.0.1:7070",
        };
        var rate = new Option<double>("--rate") { Description = "Decisions a second.", DefaultValueFactory = _ => 5_000 };
        var seconds = new Option<int>("--seconds") { Description = "How long it is measured.", DefaultValueFactory = _ => 30 };
        var warmUp = new Option<int>("--warm-up") { Description = "Seconds before that.", DefaultValueFactory = _ => 5 };
        var connections = new Option<int>("--connections") { Description = "Kept connections.", DefaultValueFactory = _ => 16 };
        var tenants = new Option<int>("--tenants") { Description = "Tenants, in turn.", DefaultValueFactory = _ => 200 };
        var decideOnly = new Option<bool>("--decide-only") { Description = "Complete none: the oldest reservations are displaced." };
        var command = new Command("agent", "Ask a gateway agent at a fixed rate and measure its answers.")
        {
            to, rate, seconds, warmUp, connections, tenants, decideOnly,
        };
        command.SetAction(parsed =>
        {
            var run = new AgentLoad(
                new Uri(parsed.GetValue(to)!), parsed.GetValue(connections), parsed.GetValue(tenants), !parsed.GetValue(decideOnly));
            return run.Run(parsed.GetValue(rate), parsed.GetValue(warmUp), parsed.GetValue(seconds));
        });
        return command;
    }

    private sealed class AgentLoad(Uri agent, int connections, int tenants, bool completes)
    {
        /// <summary>Latencies from when a decision was due, and from when it was sent, by microsecond; the last holds all beyond.</summary>
        private readonly long[] _fromDue = new long[MostMicroseconds + 1];
        private readonly long[] _fromSent = new long[MostMicroseconds + 1];
        private readonly byte[] _buffer = new byte[64 * 1024];
        private long _failed;

        public int Run(double rate, int warmUpSeconds, int seconds)
        {
            var all = Enumerable.Range(0, connections).Select(_ => new Connection(agent)).ToArray();
            var free = new Stack<Connection>(all);
            var (warmUp, total) = ((long)(rate * warmUpSeconds), (long)(rate * (warmUpSeconds + seconds)));
            var watch = Stopwatch.StartNew();
            var (sent, answered, worstLate) = (0L, 0L, TimeSpan.Zero);
            while (answered < total)
            {
                while (sent < total && free.Count > 0 && TimeSpan.FromSeconds(sent / rate) <= watch.Elapsed)
                {
                    var due = TimeSpan.FromSeconds(sent / rate);
                    var late = watch.Elapsed - due;
                    worstLate = late > worstLate ? late : worstLate;
                    free.Pop().Decide(sent % tenants, due, watch.Elapsed, isMeasured: sent >= warmUp);
                    sent++;
                }

                foreach (var connection in all)
                {
                    if (connection.IsWaiting && connection.TryRead(_buffer, out var body))
                    {
                        if (connection.IsDeciding)
                        {
                            answered++;
                            Count(connection, watch.Elapsed, body);
                        }

                        if (completes && connection.IsDeciding && Reservation(body) is { } reservation)
                        {
                            connection.Complete(reservation);
                        }
                        else
                        {
                            connection.Rest();
                            free.Push(connection);
                        }
                    }
                }
            }

            Print(rate, seconds, worstLate);
            Array.ForEach(all, connection => connection.Dispose());
            return _failed == 0 ? 0 : 1;
        }

        private void Count(Connection connection, TimeSpan now, ReadOnlySpan<byte> body)
        {
            _failed += body.IndexOf("\"decision\""u8) < 0 ? 1 : 0;
            if (connection.IsMeasured)
            {
                _fromDue[Math.Clamp((long)(now - connection.Due).TotalMicroseconds, 0, MostMicroseconds)]++;
                _fromSent[Math.Clamp((long)(now - connection.Sent).TotalMicroseconds, 0, MostMicroseconds)]++;
            }
        }

        private static string? Reservation(ReadOnlySpan<byte> body)
        {
            var name = "\"reservation\":\""u8;
            var at = body.IndexOf(name);
            return at < 0 ? null : Encoding.ASCII.GetString(body.Slice(at + name.Length, 16));
        }

        private void Print(double rate, int seconds, TimeSpan worstLate) => Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"rate":{{rate}},"seconds":{{seconds}},"connections":{{connections}},"failed":{{_failed}},"from_due_us":{{Percentiles(_fromDue)}},"from_sent_us":{{Percentiles(_fromSent)}},"worst_late_us":{{worstLate.TotalMicroseconds:F0}}}"""));

        private static string Percentiles(long[] counts)
        {
            var total = counts.Sum();
            var parts = new[] { ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0) }.Select(part =>
            {
                var (left, at) = ((long)Math.Ceiling(total * part.Item2), 0);
                while (at < MostMicroseconds && (left -= counts[at]) > 0)
                {
                    at++;
                }

                return string.Create(CultureInfo.InvariantCulture, $"\"{part.Item1}\":{at}");
            });
            return $"{{{string.Join(',', parts)}}}";
        }
    }

    /// <summary>One connection, on which one request is under way at most.</summary>
    private sealed class Connection : IDisposable
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly string _host;
        private int _received;

        public Connection(Uri agent)
        {
            _host = agent.Authority;
            _socket.Connect(IPAddress.Parse(agent.Host), agent.Port);
        }

        public TimeSpan Due { get; private set; }

        public TimeSpan Sent { get; private set; }

        public bool IsMeasured { get; private set; }

        public bool IsDeciding { get; private set; }

        public bool IsWaiting { get; private set; }

        public void Decide(long tenant, TimeSpan due, TimeSpan now, bool isMeasured)
        {
            (Due, Sent, IsMeasured, IsDeciding) = (due, now, isMeasured, true);
            Post("/v1/decide", string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"tenant":"tenant-{{tenant}}","app":"shop","feature":"chat","user":"u-{{tenant}}","provider":"openai","model":"gpt-5","tokens_in":1200,"max_tokens":800,"request_id":"{{Guid.NewGuid()}}"}"""));
        }

        public void Complete(string reservation)
        {
            IsDeciding = false;
            Post("/v1/complete", $$"""{"reservation":"{{reservation}}","tokens_in":1180,"tokens_out":210,"latency_ms":900,"wait":false}""");
        }

        public void Rest() => IsWaiting = false;

        /// <summary>The answer's body where all of it came; answers are small, so they come in one piece or two.</summary>
        public bool TryRead(byte[] buffer, out ReadOnlySpan<byte> body)
        {
            body = default;
            if (!_socket.Poll(0, SelectMode.SelectRead))
            {
                return false;
            }

            // What came before stays in the socket until all is there.
            _received = _socket.Receive(buffer, SocketFlags.Peek);
            if (_received == 0)
            {
                throw new IOException("The agent closed a connection.");
            }

            var bytes = buffer.AsSpan(0, _received);
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
            if (_received < end + 4 + length)
            {
                return false;
            }

            _socket.Receive(buffer, 0, end + 4 + length, SocketFlags.None);
            body = bytes.Slice(end + 4, length);
            return true;
        }

        public void Dispose() => _socket.Dispose();

        private void Post(string path, string body)
        {
            IsWaiting = true;
            _socket.Send(Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"POST {path} HTTP/1.1\r\nHost: {_host}\r\nContent-Type: application/json\r\nContent-Length: " +
                $"{body.Length}\r\n\r\n{body}")));
        }
    }
}
