using System.Diagnostics.Metrics;

namespace TokenStream.Agent;

/// <summary>What is asked of the agent.</summary>
internal enum AgentEndpoint
{
    Decide,
    Complete,
    Abandon,
    Continue,
    Commands,
    ExtAuthz,
}

/// <summary>How an admitted request ended.</summary>
internal enum ReservationEnd
{
    Completed,
    Abandoned,

    /// <summary>Nobody said how it ended in time.</summary>
    Expired,

    /// <summary>The oldest of too many.</summary>
    Displaced,
}

/// <summary>
/// The agent's instruments, on the meter <see cref="MeterName"/>. What happens with each request is counted without an allocation.
/// </summary>
internal sealed class AgentMetrics : IDisposable
{
    public const string MeterName = "TokenStream.Agent";

    private static readonly string[] Endpoints = ["decide", "complete", "abandon", "continue", "commands", "ext_authz"];
    private static readonly string[] Ends = [.. Enum.GetNames<ReservationEnd>().Select(name => name.ToLowerInvariant())];
    private static readonly string[] Outcomes = ["ok", "refused", "failed"];

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _decide;
    private readonly long[] _requests = new long[Endpoints.Length * Outcomes.Length];
    private readonly long[] _ends = new long[Ends.Length];
    private long _unreserved;
    private long _listenersLost;

    public AgentMetrics(ReservationBook book, CommandListeners listeners)
    {
        _decide = _meter.CreateHistogram<double>(
            "tokenstream.agent.decide.duration", "s", "From the body's last byte read to the answer written");
        _meter.CreateObservableCounter(
            "tokenstream.agent.requests", Requests, "{request}",
            "Requests to the agent by endpoint; refused is what commands refuse, failed what cannot be read");
        _meter.CreateObservableCounter(
            "tokenstream.agent.reservations_ended", Reservations, "{request}", "Admitted requests by how they ended");
        _meter.CreateObservableCounter(
            "tokenstream.agent.unreserved", () => Volatile.Read(ref _unreserved), "{request}",
            "Completed requests that the agent held nothing for");
        _meter.CreateObservableGauge(
            "tokenstream.agent.reservations", () => book.Count, "{request}", "Admitted requests that have not ended");
        _meter.CreateObservableGauge("tokenstream.agent.listeners", () => listeners.Count, "{listener}", "Who follows the commands live");
        _meter.CreateObservableCounter(
            "tokenstream.agent.listeners_lost", () => Volatile.Read(ref _listenersLost), "{listener}",
            "Listeners that read too slowly and were let go");
    }

    public void Took(TimeSpan duration) => _decide.Record(duration.TotalSeconds);

    /// <param name="endpoint">What was asked.</param>
    /// <param name="outcome">0 for an answer, 1 for a refusal by commands, 2 for a request that cannot be answered.</param>
    public void Request(AgentEndpoint endpoint, int outcome) =>
        Interlocked.Increment(ref _requests[((int)endpoint * Outcomes.Length) + outcome]);

    public void Ended(ReservationEnd end) => Interlocked.Increment(ref _ends[(int)end]);

    public void Unreserved() => Interlocked.Increment(ref _unreserved);

    public void ListenerLost() => Interlocked.Increment(ref _listenersLost);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Requests() => Enumerable.Range(0, _requests.Length).Select(i => new Measurement<long>(
        Interlocked.Read(ref _requests[i]),
        new KeyValuePair<string, object?>("endpoint", Endpoints[i / Outcomes.Length]),
        new KeyValuePair<string, object?>("outcome", Outcomes[i % Outcomes.Length])));

    private IEnumerable<Measurement<long>> Reservations() => Enumerable.Range(0, _ends.Length).Select(i => new Measurement<long>(
        Interlocked.Read(ref _ends[i]), new KeyValuePair<string, object?>("how", Ends[i])));
}
