using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Governing;

/// <summary>What a command of the command line needs of governing: people's requests, and the commands that came of them.</summary>
internal sealed class GovernConnection : IDisposable
{
    private readonly Audit _audit;

    /// <exception cref="NodeStartException">The topics are not there: no node was ever started on this log.</exception>
    public GovernConnection(NodeOptions options, KafkaOptions kafka, TimeProvider clock, ILogger logger)
    {
        var partitions = Partitions(options, kafka, clock, logger);
        _audit = new Audit(options, kafka, clock, logger);
        Requests = new PeopleRequests(new ConfigurationTopic(kafka, options.Topics.Budgets, "tokenstream-requests", logger), _audit, clock);
        Keys = new SigningKeys(options).Public();
        Commands = new CommandTopic(kafka, options.Topics.Commands, partitions, new CommandVerifier(Keys), logger);
    }

    public PeopleRequests Requests { get; }

    /// <summary>Not read yet.</summary>
    public CommandTopic Commands { get; }

    public IReadOnlyList<CommandKey> Keys { get; }

    public void Dispose()
    {
        Commands.Dispose();
        Requests.Dispose();
        _audit.Dispose();
    }

    private static int Partitions(NodeOptions options, KafkaOptions kafka, TimeProvider clock, ILogger logger)
    {
        using var admin = new TopicAdmin(kafka, "tokenstream-requests", clock, logger);
        var partitions = admin.Partitions();
        string[] needed = [options.Topics.Budgets, options.Topics.Audit, options.Topics.Commands];
        var missing = needed.FirstOrDefault(topic => !partitions.ContainsKey(topic));
        return missing is null
            ? partitions[options.Topics.Commands]
            : throw new NodeStartException(
                $"Kafka at {kafka.BootstrapServers} has no topic {missing}: start a node first, it makes its topics (./tokenstream up).");
    }
}
