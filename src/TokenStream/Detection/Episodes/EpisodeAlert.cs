namespace TokenStream.Detection.Episodes;

/// <summary>Episodes that people are told of as one: a tenant's, or those of several tenants.</summary>
internal abstract class EpisodeAlert(AlertState state, string environment, AnomalyDirection pull)
{
    public AlertState State { get; } = state;

    public string Environment { get; } = environment;

    public AnomalyDirection Pull { get; } = pull;

    /// <summary>As of the last <see cref="Weigh"/>.</summary>
    public GroupFigures Figures { get; protected set; }

    /// <summary>Why it is not worth a person's time, severity left aside; null where it is.</summary>
    public string? Doubt { get; protected set; }

    public double RiskPerHour { get; protected set; }

    /// <summary>What a day may cost, picodollars: by budget, else by what the last one cost.</summary>
    public double Daily { get; protected set; }

    public abstract bool IsOver { get; }

    /// <summary>All of them, the one that opened it first.</summary>
    public abstract IEnumerable<Episode> Episodes { get; }

    public SeriesPath? ToldScope { get; set; }

    public abstract void Weigh(EpisodeOptions options, ITenantBudgets? budgets);

    /// <summary>Whether it became worse: the severity an alert was told with never falls.</summary>
    public bool TryRaise(EpisodeOptions options)
    {
        var severity = Materiality.Severity(RiskPerHour, Daily, options);
        if (severity <= State.Severity)
        {
            return false;
        }

        State.Severity = severity;
        return true;
    }
}

/// <summary>Episodes of one tenant.</summary>
internal sealed class EpisodeGroup(AlertState state, TenantUsage tenant, AnomalyDirection pull)
    : EpisodeAlert(state, tenant.Environment, pull)
{
    public TenantUsage Tenant { get; } = tenant;

    public List<Episode> Members { get; } = [];

    /// <summary>The alert over several tenants that it is part of.</summary>
    public SharedAlert? Shared { get; set; }

    public override bool IsOver => Members.TrueForAll(member => member.EndedMs is not null);

    public override IEnumerable<Episode> Episodes => Members;

    /// <summary>The id that people know it by.</summary>
    public string KnownId => Shared?.State.Id ?? State.Id;

    public override void Weigh(EpisodeOptions options, ITenantBudgets? budgets)
    {
        Figures = GroupFigures.Of(Members, options);
        RiskPerHour = Materiality.RiskPerHour(Figures, Tenant.CostPerRequest);
        Daily = budgets?.DailyBudget(Tenant.Environment, Tenant.Tenant) is { } budget ? (double)budget : Tenant.DailyCost;
        Doubt = Materiality.Doubt(Figures, Tenant.DailyCost, options) ?? (Members.Max(member => member.Minutes) < options.ConfirmMinutes
            ? $"fewer than {options.ConfirmMinutes} minutes so far"
            : null);
    }

    /// <summary>Whether an episode is part of the same incident: opened with it, or above or below the place that explains it.</summary>
    public bool Takes(Episode episode, long togetherMs)
    {
        var isNear = Math.Abs(episode.OpenedMs - State.OpenedMs) <= togetherMs;
        return episode.Pull == Pull && !IsOver &&
            (isNear || Figures.Scope.Holds(episode.Path) || episode.Path.Holds(Figures.Scope));
    }
}

/// <summary>Alerts of several tenants that one model, or one provider, serves.</summary>
internal sealed class SharedAlert(AlertState state, string environment, AnomalyDirection pull, string? model, string provider)
    : EpisodeAlert(state, environment, pull)
{
    /// <summary>Null where several models of the provider are concerned.</summary>
    public string? Model { get; } = model;

    public string Provider { get; } = provider;

    public List<EpisodeGroup> Groups { get; } = [];

    public override bool IsOver => Groups.TrueForAll(group => group.IsOver);

    public override IEnumerable<Episode> Episodes => Groups.SelectMany(group => group.Members);

    public override void Weigh(EpisodeOptions options, ITenantBudgets? budgets)
    {
        var worst = Groups.MaxBy(group => group.RiskPerHour)!.Figures;
        var same = Groups.FindAll(group => group.Figures.Lead.Measure == worst.Lead.Measure);
        Figures = new GroupFigures(
            worst.Lead,
            new SeriesPath(Environment, null, null, Model) { Provider = Model is null ? Provider : null },
            same.Sum(group => group.Figures.Excess),
            Groups.Sum(group => group.Figures.Cost),
            Groups.Sum(group => group.Figures.CostPerHour),
            Groups.Sum(group => group.Figures.Affected),
            Groups.Sum(group => group.Figures.AffectedPerHour));
        RiskPerHour = Groups.Sum(group => group.RiskPerHour);
        Daily = Groups.DistinctBy(group => group.Tenant).Sum(group => group.Daily);
        Doubt = null;
    }
}
