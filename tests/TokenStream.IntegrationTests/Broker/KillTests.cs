using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Broker;

/// <summary>The log's process is killed at random moments; what it acknowledged must be there.</summary>
public sealed class KillTests
{
    private const int Kills = 5;

    [Fact]
    public async Task Every_acknowledged_record_is_there_once_after_each_kill()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(20261121);
        BrokerProcess broker = await BrokerProcess.StartAsync(folder.Path);
        string address = broker.Address;
        var acknowledged = new ConcurrentDictionary<int, TopicPartitionOffset>();
        using IProducer<string, string> producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = address,
            Acks = Acks.All,
            EnableIdempotence = true,
            LingerMs = 2,
            MessageTimeoutMs = 120_000,
            ReconnectBackoffMaxMs = 200,
            RetryBackoffMs = 50,
        }).SetLogHandler((_, _) => { }).Build();

        int sent = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            int until = acknowledged.Count + random.Next(200, 3_000);
            await SendUntilAsync(() => acknowledged.Count >= until);
            await broker.KillAsync();
            await broker.DisposeAsync();
            broker = await BrokerProcess.StartAsync(folder.Path, address);
        }

        await SendUntilAsync(() => acknowledged.Count >= sent - 50);
        producer.Flush(ChildProcess.Patience);
        Assert.Equal(sent, acknowledged.Count);

        Dictionary<TopicPartitionOffset, string> stored = ReadAll(address, "kept");
        Assert.All(acknowledged, a => Assert.Equal(a.Key.ToString(CultureInfo.InvariantCulture), stored[a.Value]));
        Assert.Equal(sent, stored.Values.Distinct().Count());
        Assert.Equal(sent, stored.Count);
        Assert.Equal(0, await broker.StopAsync());
        await broker.DisposeAsync();

        Task SendUntilAsync(Func<bool> enough) => Eventually.TrueAsync(
            () =>
            {
                bool isEnough = enough();
                for (int i = 0; !isEnough && i < 500 && sent - acknowledged.Count < 2_000; i++)
                {
                    int number = sent++;
                    producer.Produce(
                        "kept", new Message<string, string> { Key = $"{number % 97}", Value = number.ToString(CultureInfo.InvariantCulture) },
                        report => Note(acknowledged, number, report));
                }

                return Task.FromResult(isEnough);
            },
            "enough records are acknowledged",
            () => broker.Process.Output);
    }

    [Fact]
    public async Task Every_acknowledged_commit_is_there_after_a_kill()
    {
        using var folder = new TemporaryFolder();
        BrokerProcess broker = await BrokerProcess.StartAsync(folder.Path);
        string address = broker.Address;
        var partition = new TopicPartition("committed", 0);
        using (IProducer<string, string> producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = address }).Build())
        {
            await producer.ProduceAsync(partition, new Message<string, string> { Key = "k", Value = "v" });
        }

        using IConsumer<string, string> consumer = new ConsumerBuilder<string, string>(
            new ConsumerConfig { BootstrapServers = address, GroupId = "commits", EnableAutoCommit = false, ReconnectBackoffMaxMs = 200 })
            .SetLogHandler((_, _) => { }).Build();
        for (int round = 1; round <= Kills; round++)
        {
            for (int i = 0; i < 50; i++)
            {
                consumer.Commit([new TopicPartitionOffset(partition, (round * 100) + i)]);
            }

            await broker.KillAsync();
            await broker.DisposeAsync();
            broker = await BrokerProcess.StartAsync(folder.Path, address);
            Assert.Equal((round * 100) + 49, consumer.Committed([partition], ChildProcess.Patience)[0].Offset.Value);
        }

        await broker.DisposeAsync();
    }

    private static void Note(ConcurrentDictionary<int, TopicPartitionOffset> acknowledged, int number, DeliveryReport<string, string> report)
    {
        if (report.Error.Code == ErrorCode.NoError)
        {
            acknowledged[number] = report.TopicPartitionOffset;
        }
    }

    private static Dictionary<TopicPartitionOffset, string> ReadAll(string address, string topic)
    {
        using IConsumer<string, string> consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = address,
            GroupId = "all",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Assign(Enumerable.Range(0, 4).Select(p => new TopicPartitionOffset(topic, p, 0)));
        var stored = new Dictionary<TopicPartitionOffset, string>();
        using var patience = new CancellationTokenSource(ChildProcess.Patience);
        for (int ends = 0; ends < 4;)
        {
            ConsumeResult<string, string> record = consumer.Consume(patience.Token);
            if (record.IsPartitionEOF)
            {
                ends++;
            }
            else
            {
                stored.Add(record.TopicPartitionOffset, record.Message.Value);
            }
        }

        return stored;
    }
}
