namespace TokenStream.Incidents;

/// <summary>
/// Puts an incident into a tenant's last day: when, how long, how strong. Where the strength follows from the feature's own traffic, the
/// feature is made as large as the strength asks for, its history included.
/// </summary>
internal static class IncidentPlan
{
    /// <summary>US dollars an hour.</summary>
    private static readonly double[] Strengths = [5, 10, 20, 40, 80, 160, 500];

    /// <summary>Minutes over which the context of a loop grows, and from how many tokens to how many.</summary>
    public const int LoopGrowth = 45;
    public const double LoopFrom = 6_000;
    public const double LoopTo = 110_000;

    public static Incident Inject(IncidentKind kind, FleetTenant tenant, FleetCalendar calendar, Draws draws)
    {
        var feature = tenant.Features[0];
        var length = kind switch
        {
            IncidentKind.Outage => draws.Below(51) + 10,
            IncidentKind.Burst => draws.Below(2) + 1,
            IncidentKind.NightScript => 120 + draws.Below(120),
            IncidentKind.SlowGrowth => 300,
            IncidentKind.WeeklyPattern or IncidentKind.Holiday => FleetCalendar.MinutesPerDay,
            _ => 60 + draws.Below(120),
        };
        var from = kind switch
        {
            IncidentKind.WeeklyPattern or IncidentKind.Holiday => calendar.LastDay,
            IncidentKind.NightScript => Quietest(feature, calendar, length),
            _ => Busy(kind == IncidentKind.Outage ? tenant.Rates : [feature.Rates], calendar, length, draws),
        };
        var incident = new Incident
        {
            Kind = kind,
            Tenant = tenant.Name,
            Feature = kind is IncidentKind.Outage or IncidentKind.WeeklyPattern or IncidentKind.Holiday ? null : feature.Name,
            FromMinute = from,
            ToMinute = from + length,
            Wanted = kind.IsNormal() || kind == IncidentKind.Outage ? 0 : draws.Pick(Strengths),
        };
        Shape(incident, tenant, feature, draws);
        var dayBefore = (calendar.LastDay - FleetCalendar.MinutesPerDay)..calendar.LastDay;
        var perDay = tenant.Features.Sum(each => each.Rates[dayBefore].Sum() * each.CostPerRequest(each.Model));
        incident.Floor = Math.Max(1, perDay / 1_000);
        return incident;
    }

    private static void Shape(Incident incident, FleetTenant tenant, FleetFeature feature, Draws draws)
    {
        var minutes = incident.ToMinute - incident.FromMinute;
        switch (incident.Kind)
        {
            case IncidentKind.CacheLoss:
                incident.Value = draws.Below(2) == 0 ? "47" : feature.PromptVersion;

                // Where little is cached, there is little to lose.
                feature.CachedShare = draws.Between(0.55, 0.92);
                Grow(incident, feature, () => feature.InputTokens * feature.CachedShare * FleetTraffic.HitShare * SavedPerToken(feature));
                break;
            case IncidentKind.ModelSwap:
                incident.Value = FleetModel.Opus.Name;
                Grow(incident, feature, () => feature.CostPerRequest(FleetModel.Opus) - feature.CostPerRequest(feature.Model));
                break;
            case IncidentKind.PriceError:
                incident.Factor = draws.Pick([2.0, 3, 5, 10]);
                Grow(incident, feature, () => feature.CostPerRequest(feature.Model) * (incident.Factor - 1));
                break;
            case IncidentKind.RetryStorm:
                incident.Factor = 2 + draws.Below(3);
                Grow(incident, feature, () => incident.Factor * FleetTraffic.StormShare * Failed(feature));
                break;
            case IncidentKind.AgentLoop:
                var perRequest = Array.ConvertAll(new double[minutes], _ => 0.0);
                for (var minute = 0; minute < minutes; minute++)
                {
                    var context = LoopContext(minute);
                    perRequest[minute] =
                        (context / 2 * (feature.Model.Input + feature.Model.CacheRead)) + (feature.OutputTokens * feature.Model.Output);
                }

                incident.Factor = incident.Wanted / 60 / perRequest.Average();
                incident.Extra = Array.ConvertAll(perRequest, cost => cost * incident.Factor);
                break;
            case IncidentKind.NightScript or IncidentKind.SlowGrowth:
                AddVolume(incident, feature, minutes);
                break;
            case IncidentKind.Outage:
                Silence(incident, tenant, minutes);
                break;
            case IncidentKind.Holiday:
                Scale(tenant.Rates, incident, 0.5);
                break;
            case IncidentKind.Burst:
                Scale([feature.Rates], incident, 3);
                break;
            case IncidentKind.Deploy:
                incident.Value = "47";
                break;
        }

        // The others are in the rates.
        if (incident.Kind is IncidentKind.CacheLoss or IncidentKind.ModelSwap or IncidentKind.PriceError or IncidentKind.RetryStorm or
            IncidentKind.AgentLoop or IncidentKind.Deploy)
        {
            feature.Incident = incident;
        }
    }

    public static double LoopContext(int minute) => LoopFrom + ((LoopTo - LoopFrom) * Math.Min(1, minute / (double)LoopGrowth));

    private static double SavedPerToken(FleetFeature feature) =>
        (FleetTraffic.MainShare * (feature.Model.Input - feature.Model.CacheRead)) +
        ((1 - FleetTraffic.MainShare) * ((feature.Second ?? feature.Model).Input - (feature.Second ?? feature.Model).CacheRead));

    /// <summary>What an attempt costs that fails after its input was read.</summary>
    private static double Failed(FleetFeature feature) =>
        feature.CostPerRequest(feature.Model) - (feature.OutputTokens * feature.Model.Output);

    /// <summary>
    /// Makes the feature as large as the incident is to be strong: first more requests, up to 250 a minute, then longer ones.
    /// </summary>
    private static void Grow(Incident incident, FleetFeature feature, Func<double> extraPerRequest)
    {
        double Mean() => feature.Rates[incident.FromMinute..incident.ToMinute].Average();
        var factor = Math.Clamp(incident.Wanted / 60 / (Mean() * extraPerRequest()), 2 / Mean(), 250 / Mean());
        for (var minute = 0; minute < feature.Rates.Length; minute++)
        {
            feature.Rates[minute] *= factor;
        }

        feature.InputTokens *= Math.Clamp(incident.Wanted / 60 / (Mean() * extraPerRequest()), 0.2, 6);
        var extra = extraPerRequest();
        incident.Extra = Array.ConvertAll(feature.Rates[incident.FromMinute..incident.ToMinute], rate => rate * extra);
    }

    private static void AddVolume(Incident incident, FleetFeature feature, int minutes)
    {
        var cost = feature.CostPerRequest(feature.Model);
        incident.Extra = new double[minutes];
        for (var minute = 0; minute < minutes; minute++)
        {
            var grown = incident.Kind == IncidentKind.SlowGrowth ? Math.Min(1, (minute + 1) / 240.0) : 1;
            incident.Extra[minute] = incident.Wanted / 60 * grown;
            feature.Rates[incident.FromMinute + minute] += incident.Extra[minute] / cost;
        }
    }

    private static void Silence(Incident incident, FleetTenant tenant, int minutes)
    {
        (incident.Extra, incident.Missing) = (new double[minutes], new double[minutes]);
        foreach (var feature in tenant.Features)
        {
            for (var minute = 0; minute < minutes; minute++)
            {
                incident.Missing[minute] += feature.Rates[incident.FromMinute + minute];
                incident.Extra[minute] += feature.Rates[incident.FromMinute + minute] * feature.CostPerRequest(feature.Model);
            }
        }

        Scale(tenant.Rates, incident, 0);
    }

    private static void Scale(IEnumerable<double[]> rates, Incident incident, double factor)
    {
        foreach (var rate in rates)
        {
            for (var minute = incident.FromMinute; minute < incident.ToMinute; minute++)
            {
                rate[minute] *= factor;
            }
        }
    }

    /// <summary>A time between two and twenty o'clock at which there is at least half the usual traffic.</summary>
    private static int Busy(IEnumerable<double[]> rates, FleetCalendar calendar, int length, Draws draws)
    {
        var all = rates.ToArray();
        double Mean(int from, int minutes) => all.Sum(rate => rate.AsSpan(from, minutes).ToArray().Average());
        var day = Mean(0, calendar.Minutes);
        var (best, most) = (calendar.LastDay + 720, -1.0);
        for (var attempt = 0; attempt < 60; attempt++)
        {
            var from = calendar.LastDay + 120 + draws.Below((18 * 60) - Math.Min(length, 300));
            var mean = Mean(from, Math.Min(length, calendar.Minutes - from));
            if (mean >= day / 2)
            {
                return from;
            }

            (best, most) = mean > most ? (from, mean) : (best, most);
        }

        return best;
    }

    /// <summary>The quietest time of the feature's days, on the last one.</summary>
    private static int Quietest(FleetFeature feature, FleetCalendar calendar, int length)
    {
        var (best, least) = (0, double.MaxValue);
        for (var from = 0; from <= FleetCalendar.MinutesPerDay - length; from += 30)
        {
            var sum = 0.0;
            for (var day = 0; day < calendar.HistoryDays; day++)
            {
                sum += feature.Rates.AsSpan((day * FleetCalendar.MinutesPerDay) + from, length).ToArray().Sum();
            }

            (best, least) = sum < least ? (from, sum) : (best, least);
        }

        return calendar.LastDay + best;
    }
}
