using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace TokenStream.LoadGenerator.Agent;

/// <summary>What an agent is asked for.</summary>
internal enum AgentAsks
{
    /// <summary>An answer without a decision.</summary>
    Nothing,
    Decisions,
    DecisionsAndCompletions,
}

/// <summary>
/// One thread over kept connections, which sleeps until an answer comes or a request is due: a client that needs more of the machine than
/// what it measures, or that spins until the system takes its core away, measures itself.
/// </summary>
internal sealed class AgentLoad(Uri agent, int connections, int tenants, AgentAsks asks) : IDisposable
{
    private const int MostMicroseconds = 1_000_000;

    private readonly AgentConnection[] _all = [.. Enumerable.Range(0, connections).Select(_ => new AgentConnection(agent))];

    /// <summary>
    /// Latencies by microsecond, the last of all beyond: of decisions from when they were due and from when they were sent, of completions
    /// from when they were sent.
    /// </summary>
    private readonly long[] _fromDue = new long[MostMicroseconds + 1];
    private readonly long[] _fromSent = new long[MostMicroseconds + 1];
    private readonly long[] _completions = new long[MostMicroseconds + 1];
    private readonly Stopwatch _watch = new();
    private long _failed;

    public int Run(double rate, int warmUpSeconds, int seconds)
    {
        var free = new Stack<AgentConnection>(_all);
        var arrivals = new Arrivals(_all);
        var (warmUp, total) = ((long)(rate * warmUpSeconds), (long)(rate * (warmUpSeconds + seconds)));
        var (sent, worstLate) = (0L, TimeSpan.Zero);
        _watch.Start();
        while (sent < total || free.Count < _all.Length)
        {
            while (sent < total && free.Count > 0 && TimeSpan.FromSeconds(sent / rate) <= _watch.Elapsed)
            {
                var due = TimeSpan.FromSeconds(sent / rate);
                var late = sent < warmUp ? TimeSpan.Zero : _watch.Elapsed - due;
                worstLate = late > worstLate ? late : worstLate;
                free.Pop().Ask(asks, sent % tenants, due, _watch.Elapsed, isMeasured: sent >= warmUp);
                sent++;
            }

            var patience = sent < total && free.Count > 0 ? TimeSpan.FromSeconds(sent / rate) - _watch.Elapsed : TimeSpan.FromSeconds(1);
            arrivals.Wait(patience > TimeSpan.Zero ? patience : TimeSpan.Zero);
            for (var i = 0; i < _all.Length; i++)
            {
                if (arrivals.Has(i) && _all[i].TryRead(out var body) && !GoesOn(_all[i], body))
                {
                    free.Push(_all[i]);
                }
            }
        }

        Print(rate, seconds, worstLate);
        return _failed == 0 ? 0 : 1;
    }

    public void Dispose() => Array.ForEach(_all, connection => connection.Dispose());

    /// <summary>Counts an answer; true where the connection was used for a completion at once.</summary>
    private bool GoesOn(AgentConnection connection, ReadOnlySpan<byte> body)
    {
        var now = _watch.Elapsed;
        if (connection.IsCompleting)
        {
            _failed += body.IndexOf("\"accepted\""u8) < 0 ? 1 : 0;
            Count(_completions, connection, now - connection.Sent);
            return false;
        }

        Count(_fromDue, connection, now - connection.Due);
        Count(_fromSent, connection, now - connection.Sent);
        if (asks == AgentAsks.Nothing)
        {
            return false;
        }

        _failed += body.IndexOf("\"decision\""u8) < 0 ? 1 : 0;
        if (asks == AgentAsks.Decisions || Reservation(body) is not { } reservation)
        {
            return false;
        }

        connection.Complete(reservation, now);
        return true;
    }

    private static void Count(long[] counts, AgentConnection connection, TimeSpan latency)
    {
        if (connection.IsMeasured)
        {
            counts[Math.Clamp((long)latency.TotalMicroseconds, 0, MostMicroseconds)]++;
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
        $$"""{"rate":{{rate}},"seconds":{{seconds}},"connections":{{connections}},"failed":{{_failed}},"from_due_us":{{Percentiles(_fromDue)}},"from_sent_us":{{Percentiles(_fromSent)}},"completion_us":{{Percentiles(_completions)}},"worst_late_us":{{worstLate.TotalMicroseconds:F0}}}"""));

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
        return total == 0 ? "null" : $"{{{string.Join(',', parts)}}}";
    }
}
