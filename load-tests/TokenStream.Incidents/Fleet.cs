namespace TokenStream.Incidents;

/// <summary>
/// A fleet of tenants with one incident for each kind, each at a tenant of its own; the rest have none. The same seed builds the same.
/// </summary>
internal sealed class Fleet
{
    public const string Environment = "prod";

    private static readonly string[] FeatureNames = ["chat", "search", "summary"];

    private Fleet(FleetCalendar calendar, List<FleetTenant> tenants, List<Incident> incidents) =>
        (Calendar, Tenants, Incidents) = (calendar, tenants, incidents);

    public FleetCalendar Calendar { get; }

    public IReadOnlyList<FleetTenant> Tenants { get; }

    public IReadOnlyList<Incident> Incidents { get; }

    /// <param name="seed">The seed.</param>
    /// <param name="tenants">How many there are, at least as many as kinds.</param>
    /// <param name="historyDays">Days before the day on which something happens.</param>
    /// <param name="curves">How busy features are.</param>
    /// <param name="kinds">The incidents to inject.</param>
    public static Fleet Build(int seed, int tenants, int historyDays, IRateCurves curves, IReadOnlyList<IncidentKind> kinds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tenants, kinds.Count);
        var calendar = FleetCalendar.Of(seed, historyDays);
        var draws = new Draws(seed);
        var (fleet, incidents) = (new List<FleetTenant>(), new List<Incident>());
        for (var number = 0; number < tenants; number++)
        {
            IncidentKind? kind = number < kinds.Count ? kinds[number] : null;
            var tenant = BuildTenant(string.Create(null, $"tenant-{number:00}"), kind, calendar, curves, draws);
            fleet.Add(tenant);
            if (kind is { } injected)
            {
                incidents.Add(IncidentPlan.Inject(injected, tenant, calendar, draws));
            }
        }

        return new Fleet(calendar, fleet, incidents);
    }

    private static FleetTenant BuildTenant(string name, IncidentKind? kind, FleetCalendar calendar, IRateCurves curves, Draws draws)
    {
        var hasWeekends = draws.Below(3) == 0 || kind == IncidentKind.WeeklyPattern;
        var features = new List<FleetFeature>();
        for (var i = 0; i < FeatureNames.Length; i++)
        {
            var usual = draws.Pick(FleetModel.Usual);
            var second = draws.Below(2) == 0 ? FleetModel.Usual.First(model => model.Provider == usual.Provider && model != usual) : null;
            var model = (kind, i) switch
            {
                (IncidentKind.PriceError, 0) => FleetModel.Lone,
                (IncidentKind.ModelSwap, 0) => draws.Below(2) == 0 ? FleetModel.Haiku : FleetModel.Sonnet,
                _ => usual,
            };
            var curve = curves.Draw(draws, calendar, hasWeekends);
            var (other, requests) = (model == usual ? second : null, draws.LogBetween(1.5, 25));
            features.Add(new FleetFeature(name, FeatureNames[i], model, other, curve, requests, draws));
        }

        return new FleetTenant(name, hasWeekends, features);
    }
}
