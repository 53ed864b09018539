using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Confluent.Kafka;

namespace TokenStream.LoadGenerator.Enforcement;

/// <summary>
/// Sends events that each exhaust the budget of a tenant of their own. The budget (<c>load-tests/scenarios/enforcement/budgets.yaml</c>) is one
/// dollar a day for every tenant of the environment <c>probe</c>; an event costs two and a half.
/// </summary>
internal sealed class Probes(IProducer<string, byte[]> producer, string topic, string run)
{
    public const string Environment = "probe";
    public const string Provider = "openai";
    public const string Model = "gpt-4o";

    private int _sent;

    public ConcurrentDictionary<string, Probe> All { get; } = new(StringComparer.Ordinal);

    public void Send(long nowMs)
    {
        var probe = new Probe(Tenant(_sent++));
        All[probe.Tenant] = probe;
        producer.Produce(
            topic,
            Event(probe.Tenant, nowMs),
            report => Interlocked.Exchange(ref probe.ArrivedMs, report.Error.IsError ? -1 : report.Message.Timestamp.UnixTimestampMs));
    }

    private string Tenant(int number) => string.Create(CultureInfo.InvariantCulture, $"probe-{run}-{number:D6}");

    private static Message<string, byte[]> Event(string tenant, long nowMs) => new()
    {
        Key = tenant,
        Value = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"event_id\":\"{tenant}-spend\",\"time\":{nowMs},\"tenant_id\":\"{tenant}\",\"environment\":\"{Environment}\",\"feature\":\"probe\"," +
            $"\"provider\":\"{Provider}\",\"model\":\"{Model}\",\"tokens_in\":1000000,\"tokens_out\":0}}")),
    };
}
