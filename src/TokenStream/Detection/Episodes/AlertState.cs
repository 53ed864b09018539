using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>What has been told of an alert.</summary>
internal sealed class AlertState(string id, long openedMs)
{
    public string Id { get; } = id;

    public long OpenedMs { get; } = openedMs;

    /// <summary>Never falls while the alert lasts: it is told when it becomes worse, and when it is over.</summary>
    public AnomalySeverity Severity { get; set; }

    public bool IsTold { get; set; }

    public bool IsSent { get; set; }

    /// <summary>It stands in a digest instead.</summary>
    public bool IsDigested { get; set; }

    /// <summary>It began in minutes that were folded to learn from them: nobody hears of it.</summary>
    public bool IsHistory { get; set; }

    /// <summary>It has become part of an alert over several tenants.</summary>
    public bool IsMerged { get; set; }

    /// <summary>Its end was told although episodes of it may last.</summary>
    public bool IsClosed { get; set; }

    public void Write(BlockBuffer to)
    {
        to.Text(Id);
        to.Signed(OpenedMs);
        to.Byte((byte)Severity);
        to.Byte((byte)(
            (IsTold ? 1 : 0) | (IsSent ? 2 : 0) | (IsDigested ? 4 : 0) | (IsHistory ? 8 : 0) | (IsMerged ? 16 : 0) | (IsClosed ? 32 : 0)));
    }

    public static AlertState Read(ref BlockReader from)
    {
        var state = new AlertState(from.Text(), from.Long()) { Severity = (AnomalySeverity)from.Byte() };
        var bits = from.Byte();
        (state.IsTold, state.IsSent, state.IsDigested) = ((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
        (state.IsHistory, state.IsMerged, state.IsClosed) = ((bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0);
        return state;
    }
}
