using System.Diagnostics.Metrics;
using TokenStream.Commands;

namespace TokenStream.Gateway;

/// <summary>The library's instruments, on the meter <c>TokenStream.Gateway</c>.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "TokenStream.Gateway";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _records;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _events;

    public GatewayMetrics()
    {
        _records = _meter.CreateCounter<long>(
            "tokenstream.gateway.command_records", "{record}", "Records of the commands topic by what became of them");
        _refusals = _meter.CreateCounter<long>("tokenstream.gateway.refusals", "{request}", "Requests that were not let in, by code");
        _events = _meter.CreateCounter<long>("tokenstream.gateway.events", "{event}", "Events by what became of them");
        _meter.CreateObservableGauge(
            "tokenstream.gateway.active_commands", () => ActiveCommands, "{command}", "Commands that decisions are made by");
        _meter.CreateObservableGauge("tokenstream.gateway.state", () => (int)State, "1", "0 blind, 1 stale, 2 fresh");
    }

    public int ActiveCommands { get; set; }

    public GatewayState State { get; set; }

    public void Record(RecordVerdict verdict, CommandRefusal refusal) => _records.Add(
        1, new KeyValuePair<string, object?>("outcome", verdict == RecordVerdict.Refused ? refusal.ToString() : verdict.ToString()));

    public void Refused(DecisionCode code) => _refusals.Add(1, new KeyValuePair<string, object?>("code", Names[(int)code]));

    public void Event(string outcome, long count = 1) => _events.Add(count, new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => _meter.Dispose();

    private static readonly string[] Names = Enum.GetNames<DecisionCode>();
}
