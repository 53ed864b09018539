using TokenStream.Detection;

namespace TokenStream.Incidents;

/// <summary>Something the detect stage said, and when: after which minute.</summary>
internal sealed record Said(int Minute, Anomaly Anomaly)
{
    /// <summary>Whether a person would have been told.</summary>
    public bool IsAlert => Anomaly is { HeldBack: null, EndedMs: null } && Anomaly.Severity != AnomalySeverity.Info;
}

/// <summary>A fleet's days through pricing, sums and the detect stage, and what came out.</summary>
internal sealed class IncidentRun
{
    private IncidentRun(Fleet fleet, List<Said> said, long requests, int series) =>
        (Fleet, AllSaid, Requests, Series) = (fleet, said, requests, series);

    public Fleet Fleet { get; }

    /// <summary>In order, history included.</summary>
    public IReadOnlyList<Said> AllSaid { get; }

    public long Requests { get; }

    public int Series { get; }

    public static IncidentRun Of(Fleet fleet, int seed)
    {
        var processor = new DetectProcessor(new DetectOptions(), _ => SeriesDetectors.Create(SeriesDetectors.Default, 60));
        var features = fleet.Tenants.SelectMany(tenant => tenant.Features);
        var traffic = features.Select((feature, number) => new FleetTraffic(feature, (seed * 1_000) + number)).ToArray();
        var booking = new MinuteBooking(fleet);
        var (said, anomalies) = (new List<Said>(), new List<Anomaly>());
        for (var minute = 0; minute < fleet.Calendar.Minutes; minute++)
        {
            foreach (var feature in traffic)
            {
                feature.Draw(minute, booking.Add);
            }

            booking.Take(minute, processor.Read);
            processor.Read(booking.Mark(minute));
            while (processor.IsDue)
            {
                processor.ScoreNext(isHistory: false, anomalies);
            }

            foreach (var anomaly in anomalies)
            {
                said.Add(new Said(minute, anomaly));
            }

            anomalies.Clear();
        }

        return new IncidentRun(fleet, said, booking.Requests, processor.SeriesCount);
    }
}
