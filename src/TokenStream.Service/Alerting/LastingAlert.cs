using TokenStream.Governing.Alerts;

namespace TokenStream.Service.Alerting;

/// <summary>What a receiver was told of an alert last.</summary>
internal enum Told
{
    Nothing = 0,
    Firing = 1,
    Resolved = 2,
}

/// <summary>An alert from the record that began it to the one that ended it, and what each receiver was told. Guarded by its book.</summary>
internal sealed class LastingAlert(Alert first, long offset, int receivers)
{
    /// <summary>The record that began it: labels, owner and route are taken from it, so that they do not change.</summary>
    public Alert First { get; } = first;

    public long FirstOffset { get; } = offset;

    /// <summary>The newest record: summary and evidence are taken from it.</summary>
    public Alert Last { get; set; } = first;

    public long LastOffset { get; set; } = offset;

    public long? EndedMs { get; set; }

    /// <summary>By receiver.</summary>
    public Told[] Told { get; } = new Told[receivers];
}

/// <summary>Something to tell a receiver: that an alert fires, or that it is over.</summary>
/// <param name="EndedMs">Null while it fires.</param>
internal readonly record struct Notification(LastingAlert Alert, Alert First, Alert Last, long? EndedMs)
{
    public Told What => EndedMs is null ? Told.Firing : Told.Resolved;
}
