using TokenStream.Governing.Alerts;

namespace TokenStream.Service.Alerting;

/// <summary>What a receiver was told of an alert last.</summary>
internal enum Told
{
    Nothing = 0,
    Firing = 1,
    Acknowledged = 2,
    Resolved = 3,
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

    /// <summary>The record by which a person took it on; null where nobody has.</summary>
    public Alert? Acknowledged { get; set; }

    public long AcknowledgedOffset { get; set; }

    /// <summary>What every receiver is to be told in the end.</summary>
    public Told Due => EndedMs is not null ? Alerting.Told.Resolved
        : Acknowledged is not null ? Alerting.Told.Acknowledged
        : Alerting.Told.Firing;

    /// <summary>By receiver.</summary>
    public Told[] Told { get; } = new Told[receivers];
}

/// <summary>Something to tell a receiver: that an alert fires, that a person has taken it on, or that it is over.</summary>
/// <param name="EndedMs">Null while it fires.</param>
/// <param name="Acknowledged">The record by which a person took it on; null where nobody has.</param>
internal readonly record struct Notification(LastingAlert Alert, Alert First, Alert Last, long? EndedMs, Alert? Acknowledged = null)
{
    public Told What => EndedMs is not null ? Told.Resolved : Acknowledged is not null ? Told.Acknowledged : Told.Firing;
}
