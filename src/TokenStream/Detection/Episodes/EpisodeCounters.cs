using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>How many episodes each filter let through or held back, since the state began.</summary>
public sealed class EpisodeCounters
{
    /// <summary>Series left what was expected of them.</summary>
    public long Opened { get; set; }

    /// <summary>Not opened, for lack of room.</summary>
    public long NoRoom { get; set; }

    /// <summary>Opened as parts of an alert that another series began.</summary>
    public long Grouped { get; set; }

    /// <summary>Alerts that ended without having cost enough, or within their first minute.</summary>
    public long Immaterial { get; set; }

    /// <summary>Alerts that ended without having been a warning.</summary>
    public long Info { get; set; }

    /// <summary>Alerts held in a digest.</summary>
    public long Digested { get; set; }

    /// <summary>Alerts sent, digests left out.</summary>
    public long Sent { get; set; }

    /// <summary>Shortfalls that late data filled.</summary>
    public long LateData { get; set; }

    /// <summary>Episodes that people confirmed, which thresholds no longer count as false.</summary>
    public long Confirmed { get; set; }

    internal void Write(BlockBuffer to)
    {
        foreach (var count in (ReadOnlySpan<long>)[Opened, NoRoom, Grouped, Immaterial, Info, Digested, Sent, LateData, Confirmed])
        {
            to.Signed(count);
        }
    }

    internal static EpisodeCounters Read(ref BlockReader from) => new()
    {
        Opened = from.Long(), NoRoom = from.Long(), Grouped = from.Long(), Immaterial = from.Long(), Info = from.Long(),
        Digested = from.Long(), Sent = from.Long(), LateData = from.Long(), Confirmed = from.Long(),
    };
}
