using TokenStream.Detection;

namespace TokenStream.Incidents;

/// <summary>An incident as it is injected: the truth that a run is scored by. Minutes count from the start of the traffic.</summary>
internal sealed class Incident
{
    public required IncidentKind Kind { get; init; }

    public required string Tenant { get; init; }

    /// <summary>The feature it is in; null where it is all of the tenant.</summary>
    public required string? Feature { get; init; }

    public required int FromMinute { get; init; }

    /// <summary>The first minute after it.</summary>
    public required int ToMinute { get; init; }

    /// <summary>US dollars an hour that were asked for.</summary>
    public required double Wanted { get; init; }

    /// <summary>How many times the price, attempts of a request, requests a minute of the loop.</summary>
    public double Factor { get; set; }

    /// <summary>The prompt version or the model that is in use meanwhile.</summary>
    public string Value { get; set; } = string.Empty;

    /// <summary>Expected extra cost (missing cost, of an outage) of each of its minutes, US dollars.</summary>
    public double[] Extra { get; set; } = [];

    /// <summary>US dollars an hour, the mean over its minutes.</summary>
    public double Strength => Extra.Length == 0 ? 0 : Extra.Average() * 60;

    /// <summary>Requests expected to be missing in each of its minutes; an outage's only.</summary>
    public double[] Missing { get; set; } = [];

    /// <summary>US dollars an excess must cost to be worth an alert: one, or a thousandth of what the tenant spends in a day.</summary>
    public double Floor { get; set; } = 1;

    /// <summary>The first causes that are right.</summary>
    public IReadOnlyList<CauseFactor> Causes => Kind switch
    {
        IncidentKind.CacheLoss => [CauseFactor.CacheShare],
        IncidentKind.AgentLoop => [CauseFactor.ContextLength, CauseFactor.Volume],
        IncidentKind.NightScript or IncidentKind.SlowGrowth => [CauseFactor.Volume],
        IncidentKind.ModelSwap => [CauseFactor.ModelMix],
        IncidentKind.PriceError => [CauseFactor.Price],
        IncidentKind.RetryStorm => [CauseFactor.Retries],
        _ => [],
    };

    public bool Covers(int minute) => minute >= FromMinute && minute < ToMinute;

    /// <summary>
    /// The last minute after which an alert is in time: two minutes after the end of the first one by whose end it can be worth an alert.
    /// An excess has cost its floor by then (and is at half its strength, where it grows), of an outage a hundred requests are missing.
    /// </summary>
    public int DeadlineMinute
    {
        get
        {
            var (cost, missing) = (0.0, 0.0);
            for (var minute = 0; minute < Extra.Length; minute++)
            {
                cost += Extra[minute];
                missing += minute < Missing.Length ? Missing[minute] : 0;
                if (Kind == IncidentKind.Outage ? missing >= 100 : cost >= Floor && Extra[minute] * 60 >= Strength / 2)
                {
                    return FromMinute + minute + 2;
                }
            }

            return ToMinute + 1;
        }
    }
}
