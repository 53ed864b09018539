using System.Globalization;
using TokenStream.Pricing;
using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>Makes alerts of episodes, and decides which are sent.</summary>
internal sealed class AlertDesk(EpisodeOptions options, Func<SeriesMeasure, DetectorOfMeasure> detectors, ITenantBudgets? budgets)
{
    private readonly AnomalyWriter _writer = new(options, detectors);
    private readonly List<SharedAlert> _shared = [];
    private readonly List<AttentionBudget> _attention = [];
    private readonly List<Anomaly> _out = [];

    /// <summary>Alerts of single tenants that last, in the order they opened.</summary>
    public List<EpisodeGroup> Groups { get; } = [];

    /// <summary>Episodes held, those that have ended within an alert that lasts included.</summary>
    public int EpisodeCount { get; private set; }

    public EpisodeCounters Counters { get; private set; } = new();

    private long TogetherMs => options.GroupMinutes * Episode.MinuteMs;

    /// <summary>
    /// Weighs all alerts anew. Needed before episodes are taken, too: corrections may have come since the last minute, and a restart must
    /// find the same places.
    /// </summary>
    public void Weigh(bool isNeeded)
    {
        if (isNeeded)
        {
            Groups.ForEach(group => group.Weigh(options, budgets));
        }
    }

    /// <summary>Makes a new episode part of an alert that lasts, or one of its own.</summary>
    /// <returns>The alert's id.</returns>
    public string Take(Episode episode, TenantUsage tenant, bool isHistory)
    {
        EpisodeCount++;
        var group = tenant.Groups.Find(group => group.State.IsHistory == isHistory && group.Takes(episode, TogetherMs));
        if (group is null)
        {
            group = new EpisodeGroup(new AlertState(episode.Id, episode.OpenedMs) { IsHistory = isHistory }, tenant, episode.Pull);
            Groups.Add(group);
            tenant.Groups.Add(group);
            group.Members.Add(episode);
            group.Weigh(options, budgets);
            return group.KnownId;
        }

        group.Members.Add(episode);
        Counters.Grouped++;
        if (!isHistory)
        {
            _out.Add(_writer.Of(episode, $"part of {group.KnownId}"));
        }

        return group.KnownId;
    }

    /// <summary>Ends the episodes that are over with the minute, and those whose series says nothing any more.</summary>
    public List<Episode> Finish(long minuteMs)
    {
        var finished = new List<Episode>();
        foreach (var group in Groups)
        {
            foreach (var member in group.Members)
            {
                if (member.EndedMs is not null)
                {
                    continue;
                }

                if (member.End is null && minuteMs - member.LastValueMs >= options.MissingMinutes * Episode.MinuteMs)
                {
                    (member.End, member.Note) = (AnomalyEnd.Quiet, string.Create(
                        CultureInfo.InvariantCulture, $"without a value for {options.MissingMinutes} minutes"));
                }

                if (member.End is not null)
                {
                    member.EndedMs = minuteMs + Episode.MinuteMs;
                    finished.Add(member);
                    Counters.LateData += member.End == AnomalyEnd.LateData ? 1 : 0;
                    if (member != group.Members[0] && !group.State.IsHistory)
                    {
                        _out.Add(_writer.Of(member, $"part of {group.KnownId}"));
                    }
                }
            }
        }

        return finished;
    }

    /// <returns>What is to be told of the minute.</returns>
    public IReadOnlyList<Anomaly> EndMinute(long minuteMs)
    {
        if (Groups.Count == 0 && _out.Count == 0)
        {
            return [];
        }

        Weigh(isNeeded: true);
        Share();
        _shared.ForEach(shared => shared.Weigh(options, budgets));
        Tell(minuteMs);
        Forget();
        TellDigests(minuteMs);
        Anomaly[] told = [.. _out];
        _out.Clear();
        return told;
    }

    public void Write(BlockBuffer to)
    {
        Counters.Write(to);
        to.Unsigned((UInt128)Groups.Count);
        foreach (var group in Groups)
        {
            group.State.Write(to);
            to.Text(group.Tenant.Environment);
            to.Text(group.Tenant.Tenant);
            to.Byte((byte)group.Pull);
            WriteTold(to, group);
            to.Unsigned((UInt128)group.Members.Count);
            group.Members.ForEach(member => member.Write(to));
        }

        to.Unsigned((UInt128)_shared.Count);
        foreach (var shared in _shared)
        {
            shared.State.Write(to);
            to.Text(shared.Environment);
            to.Byte((byte)shared.Pull);
            to.OptionalText(shared.Model);
            to.Text(shared.Provider);
            WriteTold(to, shared);
            to.Unsigned((UInt128)shared.Groups.Count);
            shared.Groups.ForEach(group => to.Signed(Groups.IndexOf(group)));
        }

        to.Unsigned((UInt128)_attention.Count);
        _attention.ForEach(attention => attention.Write(to));
    }

    public void Read(ref BlockReader from, Func<string, string, TenantUsage> tenants)
    {
        Counters = EpisodeCounters.Read(ref from);
        for (var left = from.Count(); left > 0; left--)
        {
            var group = new EpisodeGroup(AlertState.Read(ref from), tenants(from.Text(), from.Text()), (AnomalyDirection)from.Byte());
            group.ToldScope = ReadTold(ref from);
            for (var members = from.Count(); members > 0; members--)
            {
                group.Members.Add(Episode.Read(ref from));
                EpisodeCount++;
            }

            if (group.Members.Count == 0)
            {
                throw new FormatException("an alert without episodes");
            }

            Groups.Add(group);
            group.Tenant.Groups.Add(group);
        }

        for (var left = from.Count(); left > 0; left--)
        {
            var shared = new SharedAlert(
                AlertState.Read(ref from), from.Text(), (AnomalyDirection)from.Byte(), from.OptionalText(), from.Text());
            shared.ToldScope = ReadTold(ref from);
            for (var groups = from.Count(); groups > 0; groups--)
            {
                var index = from.Int();
                var group = index < Groups.Count ? Groups[index] : throw new FormatException("an alert that is not there");
                group.Shared = shared;
                shared.Groups.Add(group);
            }

            _shared.Add(shared);
        }

        for (var left = from.Count(); left > 0; left--)
        {
            _attention.Add(AttentionBudget.Read(ref from));
        }
    }

    private static void WriteTold(BlockBuffer to, EpisodeAlert alert)
    {
        to.Byte(alert.ToldScope is null ? (byte)0 : (byte)1);
        if (alert.ToldScope is { } told)
        {
            to.Path(told);
        }
    }

    private static SeriesPath? ReadTold(ref BlockReader from) => from.Byte() == 0 ? null : from.Path();

    /// <summary>Tenants' alerts that one model or provider explains become one.</summary>
    private void Share()
    {
        // What costs nothing worth mentioning happens to some tenant every minute, and would make one incident of all noise.
        var free = Groups.FindAll(group => group is { Shared: null, Doubt: null, IsOver: false, State.IsHistory: false });
        if (free.Count == 0)
        {
            return;
        }

        foreach (var group in free)
        {
            var (model, provider) = group.Tenant.Main(group.Figures.Scope, options.GroupPercent);
            var shared = _shared.Find(shared => shared.Environment == group.Environment && shared.Pull == group.Pull && !shared.IsOver &&
                group.State.OpenedMs >= shared.State.OpenedMs - TogetherMs && shared.Provider == provider &&
                (shared.Model is null || shared.Model == model));
            if (shared is not null)
            {
                Join(group, shared);
            }
        }

        free.RemoveAll(group => group.Shared is not null);
        while (free.Count >= options.GroupTenants && SharedIncident.Find(free, options) is { } incident)
        {
            var first = incident.Groups[0];
            var scope = new SeriesPath(first.Environment, null, null, incident.Model) { Provider = incident.Provider };
            var kind = first.Pull == AnomalyDirection.Up ? "shared up" : "shared down";
            var state = new AlertState(AnomalyId.Of(kind, scope, first.Members[0].Measure, first.State.OpenedMs), first.State.OpenedMs);
            var shared = new SharedAlert(state, first.Environment, first.Pull, incident.Model, incident.Provider);
            _shared.Add(shared);
            foreach (var group in incident.Groups)
            {
                Join(group, shared);
                free.Remove(group);
            }
        }
    }

    private void Join(EpisodeGroup group, SharedAlert shared)
    {
        group.Shared = shared;
        shared.Groups.Add(group);
        Counters.Grouped++;
    }

    private void Tell(long minuteMs)
    {
        var alone = Groups.Where(group => group is { Shared: null, State.IsHistory: false });
        var alerts = alone.Concat<EpisodeAlert>(_shared).ToList();
        var worse = alerts.Where(alert => alert.TryRaise(options)).ToHashSet();
        var ready = alerts.Where(alert =>
            alert is { Doubt: null, IsOver: false, State: { IsSent: false, Severity: > AnomalySeverity.Info } } &&
            (!alert.State.IsDigested || worse.Contains(alert)));
        var isNew = new HashSet<EpisodeAlert>();
        foreach (var alert in ready.OrderByDescending(alert => alert.State.Severity).ThenByDescending(alert => alert.RiskPerHour).ToList())
        {
            isNew.Add(alert);
            Send(alert, minuteMs);
        }

        foreach (var alert in alerts)
        {
            var isWider = alert.ToldScope is { } told && alert.Figures.Scope != told && alert.Figures.Scope.Holds(told);
            var isNews = alert.State.IsSent && (isWider || worse.Contains(alert));
            if (!alert.State.IsTold || isNew.Contains(alert) || isNews || alert.IsOver)
            {
                (alert.State.IsTold, alert.ToldScope) = (true, alert.Figures.Scope);
                _out.Add(_writer.Of(alert, HeldBack(alert)));
            }
        }

        foreach (var group in Groups.Where(group => group.Shared is not null))
        {
            TellShared(group, minuteMs);
        }
    }

    private void Send(EpisodeAlert alert, long minuteMs)
    {
        var attention = Attention(alert.Environment);
        // A tenants' alert takes the place of those that were sent of it already.
        if ((alert is SharedAlert shared && shared.Groups.Exists(group => group.State.IsSent)) ||
            attention.TrySend(alert.State.Severity, minuteMs, options.MaxAlertsPerHour))
        {
            (alert.State.IsSent, alert.State.IsDigested) = (true, false);
            Counters.Sent++;
        }
        else
        {
            attention.Hold(alert, minuteMs, options.MaxMembersTold);
            Counters.Digested += alert.State.IsDigested ? 0 : 1;
            alert.State.IsDigested = true;
        }
    }

    private AttentionBudget Attention(string environment)
    {
        if (_attention.Find(attention => attention.Environment == environment) is not { } found)
        {
            _attention.Add(found = new AttentionBudget(environment));
        }

        return found;
    }

    /// <summary>Why an alert is not sent; null where it is.</summary>
    private string? HeldBack(EpisodeAlert alert)
    {
        if (alert.State.IsSent)
        {
            return null;
        }

        if (alert.State.IsDigested)
        {
            var digest = Attention(alert.Environment).Digest!.Id;
            return string.Create(CultureInfo.InvariantCulture, $"more than {options.MaxAlertsPerHour} alerts an hour: in digest {digest}");
        }

        var (risk, daily) = (Picodollars.Cents(Materiality.Money(alert.RiskPerHour)), Picodollars.Cents(Materiality.Money(alert.Daily)));
        return alert.Doubt ??
            string.Create(CultureInfo.InvariantCulture, $"{risk} an hour at risk, under {options.WarningPercent} % of a day's {daily}");
    }

    /// <summary>A tenant's alert that has become part of another one: it ends for those who were told of it, and is written down.</summary>
    private void TellShared(EpisodeGroup group, long minuteMs)
    {
        var state = group.State;
        var partOf = $"part of {group.KnownId}";
        if (!state.IsMerged && state.IsSent)
        {
            _out.Add(_writer.Of(group, null) with { EndedMs = minuteMs + Episode.MinuteMs, End = AnomalyEnd.Merged, Note = partOf });
            state.IsClosed = true;
        }
        else if (!state.IsClosed && (!state.IsMerged || group.IsOver))
        {
            _out.Add(_writer.Of(group, partOf));
            state.IsClosed = group.IsOver;
        }

        (state.IsTold, state.IsMerged, state.IsDigested) = (true, true, false);
    }

    /// <summary>Alerts that are over leave.</summary>
    private void Forget()
    {
        foreach (var shared in _shared.Where(shared => shared.IsOver))
        {
            CountHeldBack(shared);
        }

        foreach (var group in Groups.Where(IsDone))
        {
            EpisodeCount -= group.Members.Count;
            group.Tenant.Groups.Remove(group);
            if (group.Shared is null)
            {
                CountHeldBack(group);
            }
        }

        Groups.RemoveAll(IsDone);
        _shared.RemoveAll(shared => shared.IsOver);
    }

    private static bool IsDone(EpisodeGroup group) => group.Shared?.IsOver ?? group.IsOver;

    private void CountHeldBack(EpisodeAlert alert)
    {
        if (alert.State is { IsSent: false, IsDigested: false, IsHistory: false })
        {
            Counters.Immaterial += alert.Doubt is null ? 0 : 1;
            Counters.Info += alert.Doubt is null ? 1 : 0;
        }
    }

    private void TellDigests(long minuteMs)
    {
        foreach (var attention in _attention.Where(attention => attention.Digest is not null))
        {
            var held = Groups.Concat<EpisodeAlert>(_shared)
                .Where(alert => alert.State.IsDigested && alert.Environment == attention.Environment)
                .ToList();
            if (attention.IsChanged || held.Count == 0)
            {
                _out.Add(_writer.Digest(attention, held, minuteMs));
                attention.IsChanged = false;
            }

            if (held.Count == 0)
            {
                attention.End();
            }
        }
    }
}
