using System.Text;
using System.Text.Json.Nodes;
using Confluent.Kafka;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>
/// Requests of a tenant, one a second until it is disposed of, as a gateway's own client sends them: while the log is away they wait and
/// keep their times.
/// </summary>
internal sealed class UsageTraffic : IAsyncDisposable
{
    private readonly IProducer<Null, byte[]> _producer;
    private readonly CancellationTokenSource _stop = new();
    private readonly string _tenant;
    private readonly Task _running;

    /// <param name="tokens">Tokens in of each request of gpt-4o: 2.50 USD a million.</param>
    internal UsageTraffic(string servers, string tenant, int tokens)
    {
        _tenant = tenant;
        var config = new ProducerConfig { BootstrapServers = servers, ReconnectBackoffMaxMs = 500 };
        _producer = new ProducerBuilder<Null, byte[]>(config).Build();
        _running = RunAsync(tokens);
    }

    /// <summary>An event of gpt-4o with tokens in alone.</summary>
    internal static string Event(string id, string tenant, int tokens) => new JsonObject
    {
        ["event_id"] = id,
        ["time"] = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
        ["tenant_id"] = tenant,
        ["environment"] = "prod",
        ["feature"] = "chat",
        ["provider"] = "openai",
        ["model"] = "gpt-4o",
        ["tokens_in"] = tokens,
        ["tokens_out"] = 0,
    }.ToJsonString();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _producer.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(int tokens)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            for (var i = 0; await timer.WaitForNextTickAsync(_stop.Token); i++)
            {
                var value = Encoding.UTF8.GetBytes(Event($"{_tenant}-{i}", _tenant, tokens));
                _producer.Produce(new TopicPartition("llm.requests", 0), new Message<Null, byte[]> { Value = value });
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The test is over, or its burn is.
        }
    }
}
