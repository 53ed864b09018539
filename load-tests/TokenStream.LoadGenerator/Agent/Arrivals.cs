using System.Runtime.InteropServices;

namespace TokenStream.LoadGenerator.Agent;

/// <summary>Which connections have something to read. Sockets wait for milliseconds at the least, and requests are due more often.</summary>
internal sealed partial class Arrivals(IReadOnlyList<AgentConnection> connections)
{
    private const short Readable = 1;

    private readonly Watched[] _watched = [.. connections.Select(one => new Watched { Descriptor = one.Descriptor, Events = Readable })];

    /// <summary>Sleeps until one has, at most so long.</summary>
    public void Wait(TimeSpan most)
    {
        var patience = new Patience { Seconds = (long)most.TotalSeconds, Nanoseconds = most.Ticks % TimeSpan.TicksPerSecond * 100 };
        // Less than nothing is an interruption: what was found before counts no more.
        if (Poll(_watched, (nuint)_watched.Length, in patience, 0) < 0)
        {
            foreach (ref var one in _watched.AsSpan())
            {
                one.Found = 0;
            }
        }
    }

    public bool Has(int connection) => _watched[connection].Found != 0;

    [LibraryImport("libc", EntryPoint = "ppoll")]
    private static partial int Poll([In, Out] Watched[] watched, nuint count, in Patience most, nint signals);

    private struct Watched
    {
        public int Descriptor;
        public short Events;
        public short Found;
    }

    private struct Patience
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
