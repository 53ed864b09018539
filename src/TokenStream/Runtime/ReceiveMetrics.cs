using System.Diagnostics.Metrics;
using TokenStream.Mapping;

namespace TokenStream.Runtime;

/// <summary>The instruments of payloads on their way to events, over HTTP or from topics. Thread-safe.</summary>
public sealed class ReceiveMetrics
{
    private readonly Counter<long> _items;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _leftOut;
    private readonly Counter<long> _defaultTenant;
    private readonly Counter<long> _omitted;
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;
    private volatile Func<long> _inFlight = () => 0;
    private volatile Func<IEnumerable<(TopicPartition Partition, long Lag)>> _lag = () => [];

    internal ReceiveMetrics(Meter meter)
    {
        _items = meter.CreateCounter<long>(
            "tokenstream.mapped.items", "{item}", "Items of payloads that became events, by source and by how sure their counts are.");
        _refused = meter.CreateCounter<long>("tokenstream.mapped.refused", "{item}", "Items that became no event, by source and reason.");
        _leftOut = meter.CreateCounter<long>(
            "tokenstream.mapped.left_out", "{item}",
            "Items that are no requests (context), or tell of one once more (duplicate), by source.");
        _defaultTenant = meter.CreateCounter<long>(
            "tokenstream.mapped.default_tenant", "{item}", "Events whose payload named no tenant, by source.");
        _omitted = meter.CreateCounter<long>(
            "tokenstream.mapped.omitted_texts", "{text}", "Optional texts that an event cannot carry, left out, by source.");
        _requests = meter.CreateCounter<long>("tokenstream.receive.requests", "{request}", "Requests with payloads, by source and status.");
        _duration = meter.CreateHistogram<double>(
            "tokenstream.receive.duration", "s", "From a request's beginning to its answer, by source; refused ones left out.");
        meter.CreateObservableGauge(
            "tokenstream.receive.in_flight", () => _inFlight(), "By", "Bytes of payloads and events that wait for the log.");
        meter.CreateObservableGauge(
            "tokenstream.map.lag",
            () => _lag().Select(entry => new Measurement<long>(
                entry.Lag,
                new KeyValuePair<string, object?>("topic", entry.Partition.Topic),
                new KeyValuePair<string, object?>("partition", entry.Partition.Partition))),
            "{record}",
            "Records between the position and the end of a partition of payloads.");
    }

    /// <summary>Counts an item that became an event.</summary>
    public void Count(PayloadSource source, in MappedItem item)
    {
        var name = new KeyValuePair<string, object?>("source", source.Name);
        _items.Add(1, name, new KeyValuePair<string, object?>("standing", item.Standing.Name()));
        if (item.IsTenantDefault)
        {
            _defaultTenant.Add(1, name);
        }

        if (item.OmittedTexts > 0)
        {
            _omitted.Add(item.OmittedTexts, name);
        }
    }

    /// <summary>Counts items of a payload that are no requests, and those that tell of a request once more.</summary>
    public void LeaveOut(PayloadSource source, MappedEvents events)
    {
        var name = new KeyValuePair<string, object?>("source", source.Name);
        if (events.ContextItems > 0)
        {
            _leftOut.Add(events.ContextItems, name, new KeyValuePair<string, object?>("kind", "context"));
        }

        if (events.DuplicateItems > 0)
        {
            _leftOut.Add(events.DuplicateItems, name, new KeyValuePair<string, object?>("kind", "duplicate"));
        }
    }

    /// <summary>Counts an item that became no event.</summary>
    public void Refuse(PayloadSource source, string reason) => _refused.Add(
        1, new KeyValuePair<string, object?>("source", source.Name), new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Counts a payload of which nobody knows what source it is.</summary>
    public void RefuseUnknown(string reason) => _refused.Add(
        1, new KeyValuePair<string, object?>("source", ""), new KeyValuePair<string, object?>("reason", reason));

    /// <summary>Counts an answered request.</summary>
    public void Answer(string source, int status, TimeSpan duration)
    {
        var name = new KeyValuePair<string, object?>("source", source);
        _requests.Add(1, name, new KeyValuePair<string, object?>("status", status));
        if (status is >= 200 and < 300)
        {
            _duration.Record(duration.TotalSeconds, name);
        }
    }

    /// <summary>Where the lag of partitions of payloads is read from; called from any thread.</summary>
    public void ObserveLag(Func<IEnumerable<(TopicPartition Partition, long Lag)>> lag) => _lag = lag;

    /// <summary>Where the bytes in flight are read from; called from any thread.</summary>
    public void ObserveInFlight(Func<long> bytes) => _inFlight = bytes;
}
