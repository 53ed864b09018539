using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;

namespace TokenStream.LoadGenerator;

/// <summary>
/// <c>send</c>: events to a topic at a fixed rate, whatever the answers take: an open loop, in which an event's time is the moment it should
/// have been sent.
/// </summary>
internal static class SendCommand
{
    public static Command Create()
    {
        var to = new Option<string>("--to") { Description = "HOST:PORT of a broker.", Required = true };
        var topic = new Option<string>("--topic") { Description = "The topic.", DefaultValueFactory = _ => "llm.requests" };
        var rate = new Option<double>("--rate") { Description = "Events a second.", DefaultValueFactory = _ => 1_000 };
        var events = new Option<long>("--events") { Description = "Events to send, repeats included.", DefaultValueFactory = _ => 10_000 };
        var seed = new Option<int>("--seed") { Description = "Draws the same values; times and ids are those of this run.", DefaultValueFactory = _ => 1 };
        var tenants = new Option<int>("--tenants") { Description = "Tenants, by Zipf's law.", DefaultValueFactory = _ => 200 };
        var command = new Command("send", "Send seeded events to a Kafka topic at a fixed rate.") { to, topic, rate, events, seed, tenants };
        command.SetAction(async (parsed, cancellation) =>
        {
            var start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            var generation = new Generation(
                parsed.GetValue(seed), parsed.GetValue(tenants), start, parsed.GetValue(rate), string.Create(CultureInfo.InvariantCulture, $"s{start:x}"));
            var config = new ProducerConfig
            {
                BootstrapServers = parsed.GetValue(to),
                EnableIdempotence = true,
                LingerMs = 5,
                CompressionType = CompressionType.Lz4,
            };
            using var producer = new ProducerBuilder<string, byte[]>(config).Build();
            return await SendAsync(producer, parsed.GetValue(topic)!, generation, parsed.GetValue(events), parsed.GetValue(rate), cancellation);
        });
        return command;
    }

    private static async Task<int> SendAsync(
        IProducer<string, byte[]> producer, string topic, Generation generation, long events, double rate, CancellationToken cancellation)
    {
        var expected = new ExpectedTotals(10_000);
        var failed = 0L;
        var worstLate = TimeSpan.Zero;
        var watch = Stopwatch.StartNew();
        for (var i = 0L; i < events; i++)
        {
            var due = TimeSpan.FromSeconds(i / rate);
            if (due > watch.Elapsed)
            {
                await Task.Delay(due - watch.Elapsed, TimeProvider.System, cancellation);
            }

            var (record, tenant) = generation.Next(expected);
            while (!TryProduce(producer, topic, tenant, record, report => Interlocked.Add(ref failed, report.Error.IsError ? 1 : 0)))
            {
                producer.Poll(TimeSpan.FromMilliseconds(10));
            }

            var late = watch.Elapsed - due;
            worstLate = late > worstLate ? late : worstLate;
        }

        producer.Flush(cancellation);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"sent":{{events}},"failed":{{Interlocked.Read(ref failed)}},"seconds":{{watch.Elapsed.TotalSeconds:F3}},"worst_late_ms":{{worstLate.TotalMilliseconds:F1}},"expected":{{expected.ToJson().ReplaceLineEndings("")}} }"""));
        return Interlocked.Read(ref failed) == 0 ? 0 : 1;
    }

    /// <summary>False where the client's queue is full: the loop falls behind then, and says so by its lateness.</summary>
    private static bool TryProduce(
        IProducer<string, byte[]> producer, string topic, string key, byte[] record, Action<DeliveryReport<string, byte[]>> report)
    {
        try
        {
            producer.Produce(topic, new Message<string, byte[]> { Key = key, Value = record }, report);
            return true;
        }
        catch (ProduceException<string, byte[]> failure) when (failure.Error.Code == ErrorCode.Local_QueueFull)
        {
            return false;
        }
    }
}
