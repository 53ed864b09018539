using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Broker;
using TokenStream.Scopes;

namespace TokenStream.IntegrationTests.Gateway;

/// <summary>The embedded log with a gateway's topics, and an issuer that signs commands and sends heartbeats.</summary>
internal sealed class CommandTopics : IAsyncDisposable
{
    public const int Partitions = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly CancellationTokenSource _stop = new();
    private CommandSigner _signer = null!;
    private IProducer<byte[], byte[]> _producer = null!;
    private Task _beating = Task.CompletedTask;
    private long _counter;

    public BrokerProcess Log { get; private set; } = null!;

    public string Address => Log.Address;

    public string KeyFile => Path.Combine(_folder.Path, "commands.pub");

    public static async Task<CommandTopics> StartAsync()
    {
        var topics = new CommandTopics();
        topics._signer = new CommandSigner(topics._key);
        await File.WriteAllTextAsync(topics.KeyFile, topics._key.ExportSubjectPublicKeyInfoPem());
        topics.Log = await BrokerProcess.StartAsync(Path.Combine(topics._folder.Path, "log"));
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = topics.Address }).Build();
        await admin.CreateTopicsAsync(
        [
            new TopicSpecification { Name = "tokenstream.commands", NumPartitions = Partitions, Configs = new() { ["cleanup.policy"] = "compact" } },
            new TopicSpecification { Name = "tokenstream.acks", NumPartitions = 1 },
            new TopicSpecification { Name = "llm.requests", NumPartitions = 1 },
        ]);
        topics._producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = topics.Address, ReconnectBackoffMaxMs = 500 }).Build();
        topics._beating = topics.BeatAsync();
        return topics;
    }

    /// <summary>Ends the log as <c>kill -9</c> does.</summary>
    public Task KillLogAsync() => Log.KillAsync();

    /// <summary>Starts it again where it was, with what it had.</summary>
    public async Task RestartLogAsync()
    {
        var address = Address;
        await Log.DisposeAsync();
        Log = await BrokerProcess.StartAsync(Path.Combine(_folder.Path, "log"), address);
    }

    public async Task<Command> IssueAsync(string scope, CommandAction action, ActionParameters? parameters = null, string source = "manual/1")
    {
        if (!Scope.TryParse(scope, out var parsed, out var error))
        {
            throw new ArgumentException(error, nameof(scope));
        }

        var counter = Interlocked.Increment(ref _counter);
        var command = new Command
        {
            Id = FormattableString.Invariant($"c-{counter}"),
            Scope = parsed,
            Source = source,
            Version = new CommandVersion(1, counter),
            Action = action,
            Parameters = parameters ?? ActionParameters.Nothing,
            IssuedMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
            Reason = "a test says so",
        };
        await SendAsync(parsed.Partition(Partitions), command.Key, _signer.Sign(command));
        return command;
    }

    /// <summary>A command as its issuer would sign it.</summary>
    public byte[] Sign(Command command) => _signer.Sign(command);

    public async Task SendAsync(int partition, string key, byte[]? value) => await _producer.ProduceAsync(
        new TopicPartition("tokenstream.commands", partition), new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(key), Value = value! });

    /// <summary>The values of a topic's only partition, until one satisfies the condition.</summary>
    public Task<string> FindAsync(string topic, Predicate<string> condition) => Task.Run(() =>
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig { BootstrapServers = Address, GroupId = "test" }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        var seen = new List<string>();
        while (consumer.Consume(TimeSpan.FromSeconds(60)) is { } record)
        {
            seen.Add(Encoding.UTF8.GetString(record.Message.Value));
            if (condition(seen[^1]))
            {
                return seen[^1];
            }
        }

        throw new TimeoutException($"{topic} has only:\n{string.Join('\n', seen)}");
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating;
        _producer.Dispose();
        _signer.Dispose();
        await Log.DisposeAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            do
            {
                for (var partition = 0; partition < Partitions; partition++)
                {
                    var heartbeat = new Heartbeat
                    {
                        Partition = partition, Version = new CommandVersion(1, 0), AtMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
                    };
                    // Signed on this thread alone: the issuing of commands has a key object of its own.
                    _producer.Produce(
                        new TopicPartition("tokenstream.commands", partition),
                        new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(heartbeat.Key), Value = Sign(heartbeat) });
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private byte[] Sign(Heartbeat heartbeat)
    {
        using var signer = new CommandSigner(ECDsa.Create(_key.ExportParameters(includePrivateParameters: true)));
        return signer.Sign(heartbeat);
    }
}
