using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using TokenStream.Mapping;
using TokenStream.Mapping.Native;
using TokenStream.Mapping.Sources;
using TokenStream.Runtime;

namespace TokenStream.Receiver.Intake;

/// <summary>
/// Maps payloads for whoever sends them, on any thread, and sees to it that a sender who is bound to a tenant writes that tenant alone.
/// </summary>
internal sealed class PayloadIntake(
    IReadOnlyDictionary<string, AttributionOverride> attributions, ReceiveMetrics metrics, SourceCounters? counters)
{
    /// <summary>An event names a tenant that its sender may not write.</summary>
    public const string TenantNotAllowed = "tenant_not_allowed";

    /// <summary>Mappers that wait for a payload, at most; there are as many at work as threads.</summary>
    private static readonly int MostIdle = 2 * Environment.ProcessorCount;

    private readonly ConcurrentBag<SourceMappers> _idle = [];
    private readonly MapperFactories _factories = new(source => attributions.GetValueOrDefault(source.Name));

    /// <param name="headers">Writes the headers that came with the payload.</param>
    /// <param name="tenant">The only tenant that the sender may write; null for all.</param>
    public MappedPayload Map(PayloadSource source, ReadOnlySpan<byte> body, Action<PayloadHeaders> headers, long receivedMs, string? tenant)
    {
        var mappers = _idle.TryTake(out var idle) ? idle : new SourceMappers(_factories);
        mappers.Headers.Clear();
        headers(mappers.Headers);
        var events = mappers.Events;
        mappers.Of(source).Map(new Payload(body, receivedMs, mappers.Headers), events);
        counters?.Count(source, events, receivedMs);
        metrics.LeaveOut(source, events);
        var payload = Take(source, body, events, receivedMs, tenant, out var faults);
        if (faults.Count > 0)
        {
            faults.Sort();
            var isLines = mappers.Headers.TryGet("content-type"u8, out var type) && NativeMapper.IsLines(type);
            var (bytes, taken) = RefusedPart.Of(body, faults, payload.Accepted, isLines);
            payload.PutAside(bytes, taken);
        }

        if (_idle.Count < MostIdle)
        {
            _idle.Add(mappers);
        }

        return payload;
    }

    private MappedPayload Take(
        PayloadSource source, ReadOnlySpan<byte> body, MappedEvents events, long receivedMs, string? tenant, out List<int> faults)
    {
        var refusals = events.Sources.Count > 0 ? new Refusal?[events.Count] : null;
        var payload = new MappedPayload(source, receivedMs) { IsUnreadable = IsUnreadable(events) };
        var own = tenant is null ? default : Encoding.UTF8.GetBytes(tenant);
        faults = [];
        Span<byte> key = stackalloc byte[TenantText.MostBytes];
        for (var i = 0; i < events.Count; i++)
        {
            ref readonly var item = ref events[i];
            var refusal = item.IsEvent ? null : Describe(i, item.Error);
            if (item.IsEvent)
            {
                var written = events.Event(i);
                var named = events.Tenant(i);
                var length = TenantText.Undo(written, named, key);
                refusal = own is null || key[..length].SequenceEqual(own) ? null : NotTheirs(i, tenant!);
                if (own is not null && item.IsTenantDefault)
                {
                    // Nothing in the payload names a tenant, but its sender has one.
                    refusal = null;
                    written.Overlaps(named, out var at);
                    payload.Add(own, written[..at], JsonEncodedText.Encode(tenant!).EncodedUtf8Bytes, written[(at + named.Length)..]);
                }
                else if (refusal is null)
                {
                    payload.Add(key[..length], written);
                }
            }

            if (refusal is null)
            {
                metrics.Count(source, in item);
                continue;
            }

            metrics.Refuse(source, refusal.Reason);
            payload.Refuse(refusal);
            refusals?.SetValue(refusal, i);
            faults.Add(refusal.Offset);
            if (item.IsEvent)
            {
                counters?.Refuse(source, refusal.Reason, receivedMs);
            }
        }

        payload.BatchEvents = refusals is null ? [] : BatchEvents(body, events, refusals);
        return payload;
    }

    private static BatchEvent[] BatchEvents(ReadOnlySpan<byte> body, MappedEvents events, Refusal?[] refusals)
    {
        var told = new BatchEvent[events.Sources.Count];
        for (var i = 0; i < told.Length; i++)
        {
            var (at, length, item) = events.Sources[i];
            told[i] = new BatchEvent(body.Slice(at, length).ToArray(), item < 0 ? null : refusals[item]);
        }

        return told;
    }

    private static bool IsUnreadable(MappedEvents events) =>
        events.Count == 1 && events[0].Error is { Path.Length: 0, Reason: MappingReason.EmptyPayload or MappingReason.PayloadTooLarge
            or MappingReason.InvalidJson or MappingReason.InvalidProtobuf or MappingReason.TooDeep };

    private static Refusal Describe(int item, MappingError error) =>
        new(item, error.Reason.Name(), error.Offset, error.Path, error.Describe());

    private static Refusal NotTheirs(int item, string tenant) => new(
        item, TenantNotAllowed, Refusal.Nowhere, "tenant_id",
        $"The token is for the tenant {tenant} alone, and the event names another; see where the source looks for it (attribution).");
}
