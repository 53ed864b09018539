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
        var probe = new Probe(string.Create(CultureInfo.InvariantCulture, $"probe-{run}-{_sent++:D6}"));
        All[probe.Tenant] = probe;
        var value = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"event_id\":\"{probe.Tenant}\",\"time\":{nowMs},\"tenant_id\":\"{probe.Tenant}\",\"environment\":\"{Environment}\",\"feature\":\"probe\"," +
            $"\"provider\":\"{Provider}\",\"model\":\"{Model}\",\"tokens_in\":1000000,\"tokens_out\":0}}");
        producer.Produce(
            topic,
            new Message<string, byte[]> { Key = probe.Tenant, Value = Encoding.UTF8.GetBytes(value) },
            report => Interlocked.Exchange(ref probe.ArrivedMs, report.Error.IsError ? -1 : report.Message.Timestamp.UnixTimestampMs));
    }
}
