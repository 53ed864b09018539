using TokenStream.Governing.Alerts;
using TokenStream.Service.Options;

namespace TokenStream.Service.Alerting;

/// <summary>
/// The alerts that last, made from the records of their topic, and what every receiver still has to be told. The worker of the topic writes,
/// receivers read from tasks of their own. What a receiver has missed is folded: an alert counts once, however long the receiver is away.
/// </summary>
internal sealed class AlertBook(IReadOnlyList<ReceiverOptions> receivers, int limit = AlertBook.DefaultLimit)
{
    /// <summary>Most alerts at a time; what comes beyond is counted and not sent.</summary>
    public const int DefaultLimit = 20_000;

    /// <summary>No period is longer than a month: an alert that nobody has spoken of for so long is not waited for.</summary>
    public const long LongestMs = 40L * 24 * 60 * 60_000;

    /// <summary>What is over is repeated for so long to receivers that are told states: one that was started again has forgotten it.</summary>
    public const long RepeatedMs = 5 * 60_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LastingAlert> _alerts = new(StringComparer.Ordinal);

    /// <summary>Whether the topic was read to the end it had: before, alerts that ended long ago look as if they fired.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Alerts that were not taken because there were too many.</summary>
    public long Dropped { get; private set; }

    /// <summary>Alerts that nobody takes.</summary>
    public long Unrouted { get; private set; }

    /// <summary>Alerts that fire.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
            {
                return _alerts.Values.Count(alert => alert.EndedMs is null);
            }
        }
    }

    /// <summary>Grows with every change.</summary>
    public long Changes { get; private set; }

    /// <summary>The end is reached.</summary>
    /// <param name="newcomers">Receivers of which nothing is known: they hear of what lasts, not of what was.</param>
    public void BecomeReady(IEnumerable<int> newcomers)
    {
        lock (_lock)
        {
            foreach (var receiver in newcomers)
            {
                foreach (var alert in _alerts.Values.Where(alert => alert.EndedMs is not null))
                {
                    alert.Told[receiver] = Told.Resolved;
                }
            }

            (IsReady, Changes) = (true, Changes + 1);
        }
    }

    /// <summary>Takes a record of the topic.</summary>
    /// <param name="told">Of each receiver, whether it was told of this record before the book was made.</param>
    public void Take(Alert alert, long offset, ReadOnlySpan<bool> told)
    {
        lock (_lock)
        {
            if (alert.Kind == TransitionKind.Acknowledged)
            {
                Acknowledge(alert, offset, told);
                return;
            }

            if (!alert.Lasts || Find(alert, offset) is not { } lasting)
            {
                return;
            }

            // Of several records of an end the first counts: what was told of it is remembered by its offset.
            if (lasting.EndedMs is null)
            {
                (lasting.Last, lasting.LastOffset, lasting.EndedMs) = (alert, offset, alert.EndedMs);
                Changes++;
            }

            for (var i = 0; i < receivers.Count; i++)
            {
                var what = lasting.EndedMs is null ? Told.Firing : Told.Resolved;
                if (told[i] && lasting.Told[i] < what)
                {
                    lasting.Told[i] = what;
                }
            }
        }
    }

    /// <summary>What a receiver still has to be told, oldest first.</summary>
    public IReadOnlyList<Notification> Pending(int receiver, int most)
    {
        lock (_lock)
        {
            return [.. _alerts.Values.Where(alert => IsPending(alert, receiver)).OrderBy(alert => alert.LastOffset).Take(most).Select(Next)];
        }

        // Whoever was told nothing hears first that it fired, although it is over: a person should know that it did.
        Notification Next(LastingAlert alert) => alert.Told[receiver] == Told.Nothing
            ? new(alert, alert.First, alert.Last, null)
            : new(alert, alert.First, alert.Last, alert.EndedMs, alert.Acknowledged);
    }

    /// <summary>How much a receiver still has to be told.</summary>
    public int CountPending(int receiver)
    {
        lock (_lock)
        {
            return _alerts.Values.Count(alert => IsPending(alert, receiver));
        }
    }

    /// <summary>Everything as it stands, for receivers that are told states: what fires, and what ended a moment ago.</summary>
    public IReadOnlyList<Notification> States(int receiver)
    {
        lock (_lock)
        {
            return [.. _alerts.Values.Where(alert => receivers[receiver].Takes(alert.First)).OrderBy(alert => alert.FirstOffset)
                .Select(alert => new Notification(alert, alert.First, alert.Last, alert.EndedMs, alert.Acknowledged))];
        }
    }

    /// <summary>A receiver was told, or will never be.</summary>
    public void Done(int receiver, in Notification notification)
    {
        lock (_lock)
        {
            notification.Alert.Told[receiver] = notification.What;
        }
    }

    /// <summary>Forgets what is over and told.</summary>
    public void Forget(long nowMs)
    {
        lock (_lock)
        {
            foreach (var (fingerprint, alert) in _alerts)
            {
                var isTold = !Enumerable.Range(0, receivers.Count).Any(receiver => IsPending(alert, receiver));
                if ((isTold && alert.EndedMs + RepeatedMs < nowMs) || alert.Last.AtMs + LongestMs < nowMs)
                {
                    _alerts.Remove(fingerprint);
                }
            }
        }
    }

    /// <summary>The offset that a successor has to read from: the oldest record that an alert is made of, or the position.</summary>
    public long LowestNeeded(long position)
    {
        lock (_lock)
        {
            return _alerts.Values.Aggregate(position, (lowest, alert) => Math.Min(lowest, alert.FirstOffset));
        }
    }

    /// <summary>Everything below was told to the receiver, or is not for it.</summary>
    public long ToldThrough(int receiver, long position)
    {
        lock (_lock)
        {
            return _alerts.Values.Where(alert => IsPending(alert, receiver))
                .Aggregate(position, (lowest, alert) => Math.Min(lowest, OffsetDue(alert, receiver)));
        }
    }

    private static long OffsetDue(LastingAlert alert, int receiver) =>
        alert.Told[receiver] == Told.Nothing ? alert.FirstOffset
        : alert.Due == Told.Acknowledged ? alert.AcknowledgedOffset
        : alert.LastOffset;

    /// <summary>Somebody has taken it on already: nobody else is called for it any more.</summary>
    private bool IsPending(LastingAlert alert, int receiver) =>
        receivers[receiver].Takes(alert.First) && alert.Told[receiver] < alert.Due &&
        (alert.Acknowledged is null || alert.Told[receiver] != Told.Nothing);

    /// <summary>The first one counts: what was told of it is remembered by its offset. One of an alert that is over says nothing.</summary>
    private void Acknowledge(Alert alert, long offset, ReadOnlySpan<bool> told)
    {
        if (!_alerts.TryGetValue(alert.Fingerprint, out var lasting) || lasting is not { EndedMs: null, Acknowledged: null } ||
            alert.StartedMs < lasting.First.StartedMs)
        {
            return;
        }

        (lasting.Acknowledged, lasting.AcknowledgedOffset) = (alert, offset);
        Changes++;
        for (var i = 0; i < receivers.Count; i++)
        {
            lasting.Told[i] = told[i] && lasting.Told[i] == Told.Firing ? Told.Acknowledged : lasting.Told[i];
        }
    }

    private LastingAlert? Find(Alert alert, long offset)
    {
        if (_alerts.TryGetValue(alert.Fingerprint, out var known) && (known.EndedMs is null || known.First.StartedMs >= alert.StartedMs))
        {
            // A governor that was killed before it noted that an alert began says so again, with a later start: it is the same one.
            return known.First.StartedMs <= alert.StartedMs ? known : null;
        }

        // Whether it is sent is settled by its beginning, even if the budget was set to observe meanwhile.
        if (!alert.Notifies || alert.EndedMs is not null)
        {
            return null;
        }

        if (known is null && _alerts.Count >= limit)
        {
            Dropped++;
            return null;
        }

        Unrouted += receivers.Any(receiver => receiver.Takes(alert)) ? 0 : 1;
        return _alerts[alert.Fingerprint] = new LastingAlert(alert, offset, receivers.Count);
    }
}
