using System.Diagnostics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TokenStream.Gateway;

namespace TokenStream.LoadGenerator.Enforcement;

/// <summary>
/// Background load at a fixed rate, and on top probes: how long from an event's arrival at the broker to the command that it brings about, and
/// to the first refusal of a gateway that asks every millisecond. All clocks are this machine's.
/// </summary>
internal sealed class EnforcementRun(EnforcementOptions options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Stopwatch _watch = new();

    public async Task<EnforcementResult> RunAsync(CancellationToken cancellation)
    {
        var startMs = NowMs();
        var generation = new Generation(seed: 1, options.Tenants, startMs, options.Rate, $"n{startMs:x}");
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers, EnableIdempotence = true, LingerMs = 5, CompressionType = CompressionType.Lz4,
        }).SetLogHandler((_, _) => { }).Build();
        using var prober = new ProducerBuilder<string, byte[]>(new ProducerConfig
        {
            BootstrapServers = options.BootstrapServers, EnableIdempotence = true, LingerMs = 0,
        }).SetLogHandler((_, _) => { }).Build();
        var probes = new Probes(prober, options.Topic, $"{startMs:x}");
        using var watch = new CommandWatch(options.BootstrapServers, options.CommandsTopic, probes);
        await using var gateway = StartGateway();
        await gateway.Completed.WaitAsync(Patience, cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watching = Start(() => watch.Run(stop.Token));
        var asking = Start(() => Ask(gateway, probes, stop.Token));
        var (sent, worstLate) = await SendAsync(producer, generation, probes, cancellation);
        await SettleAsync(probes, cancellation);
        await stop.CancelAsync();
        await Task.WhenAll(watching, asking);
        return EnforcementResult.Of(sent, _watch.Elapsed, worstLate, [.. probes.All.Values]);
    }

    private static long NowMs() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static Task Start(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private TokenStreamGateway StartGateway()
    {
        var gateway = new TokenStreamGateway(
            Options.Create(new TokenStreamGatewayOptions
            {
                BootstrapServers = options.BootstrapServers, PublicKeyFile = options.PublicKeyFile, CommandsTopic = options.CommandsTopic, GatewayId = "enforcement",
            }),
            TimeProvider.System,
            NullLogger<TokenStreamGateway>.Instance);
        gateway.Start();
        return gateway;
    }

    private async Task<(long Sent, TimeSpan WorstLate)> SendAsync(
        IProducer<string, byte[]> producer, Generation generation, Probes probes, CancellationToken cancellation)
    {
        var totals = new ExpectedTotals(10_000);
        var (sent, worstLate) = (0L, TimeSpan.Zero);
        var nextProbe = options.WarmUp;
        _watch.Start();
        while (_watch.Elapsed < options.Duration + options.WarmUp)
        {
            var due = TimeSpan.FromSeconds(sent / options.Rate);
            // Read once: between two readings the time may have come, and nobody can wait for less than nothing.
            if (due - _watch.Elapsed is var early && early > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(early, TimeProvider.System, cancellation);
            }

            worstLate = _watch.Elapsed - due is var late && late > worstLate ? late : worstLate;
            if (_watch.Elapsed >= nextProbe)
            {
                probes.Send(NowMs());
                nextProbe += TimeSpan.FromSeconds(1 / options.ProbesPerSecond);
            }

            var (record, tenant) = generation.Next(totals);
            while (!TryProduce(producer, tenant, record))
            {
                producer.Poll(TimeSpan.FromMilliseconds(10));
            }

            sent++;
        }

        producer.Flush(cancellation);
        return (sent, worstLate);
    }

    private bool TryProduce(IProducer<string, byte[]> producer, string key, byte[] record)
    {
        try
        {
            producer.Produce(options.Topic, new Message<string, byte[]> { Key = key, Value = record });
            return true;
        }
        catch (ProduceException<string, byte[]> failure) when (failure.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }

    /// <summary>The last probes get their time.</summary>
    private static async Task SettleAsync(Probes probes, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Patience && probes.All.Values.Any(probe => Interlocked.Read(ref probe.EnforcedMs) == 0))
        {
            await Task.Delay(100, cancellation);
        }
    }

    /// <summary>Asks about every tenant that is not refused yet, as a gateway with a request of each would.</summary>
    private static void Ask(TokenStreamGateway gateway, Probes probes, CancellationToken stop)
    {
        var open = new List<Probe>();
        var known = 0;
        while (!stop.WaitHandle.WaitOne(1))
        {
            if (probes.All.Count > known)
            {
                open = [.. probes.All.Values.Where(probe => Interlocked.Read(ref probe.EnforcedMs) == 0)];
                known = probes.All.Count;
            }

            for (var i = open.Count - 1; i >= 0; i--)
            {
                var request = new GatewayRequest
                {
                    Tenant = open[i].Tenant, Environment = Probes.Environment, Feature = "probe", Provider = Probes.Provider, Model = Probes.Model, MaxTokens = 1,
                };
                var decision = gateway.Decide(in request);
                if (decision.IsAllowed)
                {
                    decision.Abandon();
                    continue;
                }

                Interlocked.Exchange(ref open[i].EnforcedMs, NowMs());
                open.RemoveAt(i);
            }
        }
    }
}
