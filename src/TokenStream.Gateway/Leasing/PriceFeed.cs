using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using TokenStream.Pricing;

namespace TokenStream.Gateway.Leasing;

/// <summary>
/// Follows the prices on the configuration topic, on a thread of its own, from the first lease on: who has none needs no prices and no
/// right to read them.
/// </summary>
internal sealed class PriceFeed(TokenStreamGatewayOptions options, ILogger logger) : IDisposable
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private Thread? _thread;
    private volatile RequestPrices? _current;

    /// <summary>The prices in force; null until any were read.</summary>
    public RequestPrices? Current => _current;

    /// <summary>Begins to follow; once is enough. For one thread.</summary>
    public void Start()
    {
        if (_thread is null)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = "tokenstream prices" };
            _thread.Start();
        }
    }

    /// <summary>Takes a record of the topic in: of the rules the highest version counts, and of a version the first record.</summary>
    public void Take(string key, byte[]? value)
    {
        if (value is not null && RequestPrices.TryRead(key, value, out var prices) && !(prices.Version <= _current?.Version))
        {
            _current = prices;
            GatewayLog.PricesRead(logger, prices.Version);
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread?.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Follow();
            }
            catch (KafkaException failure)
            {
                GatewayLog.PricesFailed(logger, options.ConfigurationTopic, failure.Error.Reason);
            }

            _stop.Token.WaitHandle.WaitOne(Pause);
        }
    }

    private void Follow()
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(GatewayKafka.Consumer(options))
            .SetErrorHandler((_, error) => GatewayLog.KafkaError(logger, error.Reason))
            .SetLogHandler((_, line) => GatewayLog.Library(logger, line.Facility, line.Message))
            .Build();
        consumer.Assign(new TopicPartitionOffset(options.ConfigurationTopic, 0, Offset.Beginning));
        while (!_stop.IsCancellationRequested)
        {
            if (consumer.Consume(Turn) is { IsPartitionEOF: false } record)
            {
                Take(Encoding.UTF8.GetString(record.Message.Key ?? []), record.Message.Value);
            }
        }
    }
}
