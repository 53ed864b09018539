using TokenStream.Events;

namespace TokenStream.Incidents;

/// <summary>Draws the attempts of a feature, minute by minute, with its incident.</summary>
internal sealed class FleetTraffic(FleetFeature feature, int seed)
{
    public const double HitShare = 0.97;
    public const double MainShare = 0.9;

    /// <summary>Of the requests, while a storm of retries lasts.</summary>
    public const double StormShare = 0.9;

    private readonly Draws _draws = new(seed);
    private double _owed;

    public void Draw(int minute, RequestTaker take)
    {
        var incident = feature.Incident is { } known && known.Covers(minute) ? known : null;
        for (var left = _draws.Count(feature.Rates[minute], feature.Dispersion); left > 0; left--)
        {
            DrawRequest(minute, incident, take);
        }

        if (incident?.Kind == IncidentKind.AgentLoop)
        {
            DrawLoop(minute, incident, take);
        }
    }

    private void DrawRequest(int minute, Incident? incident, RequestTaker take)
    {
        var model = feature.Second is { } second && _draws.Unit() >= MainShare ? second : feature.Model;
        var version = feature.PromptVersion;
        var input = feature.DrawInput(_draws);
        var cached = _draws.Unit() < HitShare ? (long)(input * feature.CachedShare) : 0;
        var output = feature.DrawOutput(_draws);
        switch (incident?.Kind)
        {
            case IncidentKind.CacheLoss:
                (version, cached) = (incident.Value, 0);
                break;
            case IncidentKind.ModelSwap:
                model = FleetModel.Opus;
                break;
            case IncidentKind.Deploy:
                version = incident.Value;
                break;
        }

        var fails = incident?.Kind == IncidentKind.RetryStorm && _draws.Unit() < StormShare ? (int)incident.Factor : 0;
        for (var attempt = 1; attempt <= fails; attempt++)
        {
            take(minute, new FleetRequest(feature, model, version, input, 0, cached, attempt, ResultType.Timeout, 30_000, false));
        }

        var result = _draws.Unit() < feature.ErrorShare ? ResultType.Error : ResultType.Ok;
        var latency = (long)((300 + (output * 9)) * Math.Exp(0.3 * _draws.Normal()));
        var isMistaken = incident?.Kind == IncidentKind.PriceError;
        take(minute, result == ResultType.Error
            ? new FleetRequest(feature, model, version, 0, 0, 0, fails + 1, result, latency / 4, false)
            : new FleetRequest(feature, model, version, input, output, cached, fails + 1, result, latency, isMistaken));
    }

    /// <summary>The loop asks at a steady pace, half of its context cached.</summary>
    private void DrawLoop(int minute, Incident incident, RequestTaker take)
    {
        var context = (long)IncidentPlan.LoopContext(minute - incident.FromMinute);
        for (_owed += incident.Factor; _owed >= 1; _owed--)
        {
            var output = feature.DrawOutput(_draws);
            take(minute, new FleetRequest(
                feature, feature.Model, feature.PromptVersion, context, output, context / 2, 1, ResultType.Ok, 4_000, false));
        }
    }
}
