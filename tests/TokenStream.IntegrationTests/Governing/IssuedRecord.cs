using System.Text.Json;
using Confluent.Kafka;
using TokenStream.Commands;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>A record of the commands topic as any reader gets it.</summary>
internal sealed record IssuedRecord(int Partition, byte[] Key, byte[]? Value)
{
    /// <summary>What was signed: the signature itself is another each time.</summary>
    internal string Payload
    {
        get
        {
            using var json = JsonDocument.Parse(Value);
            return json.RootElement.GetProperty("payload").GetString()!;
        }
    }

    /// <summary>What was signed with one of the verifier's keys; null for everything else.</summary>
    internal SignedRecord? Opened(CommandVerifier verifier) =>
        verifier.TryVerify(Key, Value, out var signed) == CommandRefusal.None ? signed : null;

    internal Command? Command(CommandVerifier verifier) => Opened(verifier)?.Command;

    /// <summary>The version of a command or heartbeat.</summary>
    internal CommandVersion? Version(CommandVerifier verifier)
    {
        var opened = Opened(verifier);
        return opened?.Command?.Version ?? opened?.Heartbeat?.Version;
    }

    /// <summary>The scopes whose command of the highest version kills.</summary>
    internal static IEnumerable<string> Killed(IEnumerable<IssuedRecord> records, CommandVerifier verifier) => records
        .Select(record => record.Command(verifier)).OfType<Command>()
        .GroupBy(command => command.Key)
        .Select(group => group.MaxBy(command => command.Version)!)
        .Where(command => command.Action == CommandAction.Kill)
        .Select(command => command.Scope.Text)
        .Order(StringComparer.Ordinal);

    /// <summary>Versions of a key that came with more than one content; a crash may leave versions out, but never that.</summary>
    internal static IEnumerable<string> Conflicts(IEnumerable<IssuedRecord> records, CommandVerifier verifier) => records
        .Where(record => record.Command(verifier) is not null)
        .GroupBy(record => (record.Command(verifier)!.Key, record.Command(verifier)!.Version))
        .Where(same => same.Select(record => record.Payload).Distinct().Count() > 1)
        .Select(same => same.Key.ToString());

    /// <summary>The topic from its beginning to its end.</summary>
    internal static List<IssuedRecord> ReadAll(string servers)
    {
        const string Topic = "tokenstream.commands";
        var config = new ConsumerConfig { BootstrapServers = servers, GroupId = "test", EnablePartitionEof = true };
        using var consumer = new ConsumerBuilder<byte[], byte[]>(config).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(Topic, TimeSpan.FromSeconds(60)).Topics.Single().Partitions;
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(Topic, partition.PartitionId, Offset.Beginning)));
        var records = new List<IssuedRecord>();
        for (var ends = 0; ends < partitions.Count;)
        {
            var result = consumer.Consume(TimeSpan.FromSeconds(60))
                ?? throw new TimeoutException($"the end of {Topic} did not come within a minute");
            if (result.IsPartitionEOF)
            {
                ends++;
            }
            else
            {
                records.Add(new IssuedRecord(result.Partition.Value, result.Message.Key ?? [], result.Message.Value));
            }
        }

        return records;
    }
}
