using System.Diagnostics.Metrics;

namespace TokenStream.Runtime;

/// <summary>The instruments of what becomes of commands at gateways.</summary>
public sealed class CommandMetrics
{
    private readonly Counter<long> _refusedAcks;
    private readonly Counter<long> _refusedCommands;
    private volatile Func<IEnumerable<Measurement<int>>> _unacknowledged = () => [];
    private volatile Func<IEnumerable<Measurement<int>>> _gateways = () => [];
    private volatile Func<IEnumerable<Measurement<double>>> _heartbeats = () => [];

    internal CommandMetrics(Meter meter)
    {
        meter.CreateObservableGauge(
            "tokenstream.commands.unacknowledged", () => _unacknowledged(), "{command}",
            "Commands that a gateway which lives has not acknowledged for ten seconds.");
        meter.CreateObservableGauge("tokenstream.gateways", () => _gateways(), "{gateway}", "Gateways heard of within five minutes.");
        meter.CreateObservableGauge(
            "tokenstream.heartbeat.age", () => _heartbeats(), "s", "Time since the last heartbeat of a partition of the commands topic.");
        EnforceLatency = meter.CreateHistogram<double>(
            "tokenstream.enforce.latency", "s", "From the newest event that a command was decided on until a gateway obeyed it.");
        _refusedAcks = meter.CreateCounter<long>(
            "tokenstream.acks.refused", "{record}", "Records of the acks topic that say nothing, by reason.");
        _refusedCommands = meter.CreateCounter<long>(
            "tokenstream.commands.refused", "{record}", "Records of the commands topic that are not believed, by reason.");
    }

    public Histogram<double> EnforceLatency { get; }

    public void CountRefusedAck(string reason) => _refusedAcks.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void CountRefusedCommand(string reason) => _refusedCommands.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Where the gauges are read from; called from any thread. Before that, none of them shows.</summary>
    public void Observe(Func<int> unacknowledged, Func<int> gateways, Func<IEnumerable<(int Partition, double Seconds)>> heartbeats)
    {
        _unacknowledged = () => [new Measurement<int>(unacknowledged())];
        _gateways = () => [new Measurement<int>(gateways())];
        _heartbeats = () => heartbeats().Select(heartbeat => new Measurement<double>(
            heartbeat.Seconds, new KeyValuePair<string, object?>("partition", heartbeat.Partition)));
    }
}
