using System.Globalization;
using System.Text;
using System.Threading.Channels;
using TokenStream.Commands;

namespace TokenStream.Agent;

/// <summary>
/// Everybody who follows the commands live. Each has a queue of bounded length; who does not keep up is let go, and gets everything anew
/// when it comes back. The last events are kept, so that whoever comes back soon goes on where it was.
/// </summary>
internal sealed class CommandListeners
{
    /// <summary>Listeners at once.</summary>
    public const int Most = 64;

    private const int MostQueued = 1_000;
    private const int MostKept = 1_000;

    private readonly Lock _lock = new();
    private readonly List<Channel<byte[]>> _listeners = [];
    private readonly Queue<(long Number, byte[] Event)> _kept = new();

    /// <summary>Numbers mean something within one run of the agent only.</summary>
    private readonly string _run = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..8];
    private long _last;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _listeners.Count;
            }
        }
    }

    /// <summary>Tells everybody of a command, or of its release.</summary>
    /// <returns>How many were let go.</returns>
    public int Tell(Command command) => Tell("command", CommandFormat.Write(command));

    /// <inheritdoc cref="Tell(Command)"/>
    public int Tell(string kind, ReadOnlySpan<byte> data)
    {
        lock (_lock)
        {
            var bytes = Event(kind, ++_last, data);
            _kept.Enqueue((_last, bytes));
            if (_kept.Count > MostKept)
            {
                _kept.Dequeue();
            }

            var lost = _listeners.FindAll(listener => !listener.Writer.TryWrite(bytes));
            foreach (var listener in lost)
            {
                _listeners.Remove(listener);
                listener.Writer.TryComplete();
            }

            return lost.Count;
        }
    }

    /// <summary>Begins to listen; null where too many do.</summary>
    /// <param name="lastEvent">The id of the last event that the listener has seen; empty for none.</param>
    /// <param name="snapshot">Writes all commands in force, for whoever cannot go on where it was.</param>
    public ChannelReader<byte[]>? Join(string lastEvent, Func<byte[]> snapshot)
    {
        lock (_lock)
        {
            if (_listeners.Count >= Most)
            {
                return null;
            }

            // What it begins with comes on top of the queue's length.
            var listener = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MostQueued + MostKept) { SingleReader = true });
            if (TryParse(lastEvent, out var seen) && seen <= _last && (_kept.Count == 0 ? seen == _last : seen >= _kept.Peek().Number - 1))
            {
                foreach (var (_, bytes) in _kept.Where(kept => kept.Number > seen))
                {
                    listener.Writer.TryWrite(bytes);
                }
            }
            else
            {
                listener.Writer.TryWrite(Event("snapshot", _last, snapshot()));
            }

            _listeners.Add(listener);
            return listener.Reader;
        }
    }

    public void Leave(ChannelReader<byte[]> reader)
    {
        lock (_lock)
        {
            _listeners.RemoveAll(listener => listener.Reader == reader);
        }
    }

    private byte[] Event(string kind, long number, ReadOnlySpan<byte> data)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"id: {_run}-{number}\nevent: {kind}\ndata: ");
        return [.. Encoding.ASCII.GetBytes(head), .. data, .. "\n\n"u8];
    }

    private bool TryParse(string lastEvent, out long number)
    {
        number = 0;
        return lastEvent.StartsWith(_run, StringComparison.Ordinal) && lastEvent.Length > _run.Length + 1 &&
            long.TryParse(lastEvent.AsSpan(_run.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
