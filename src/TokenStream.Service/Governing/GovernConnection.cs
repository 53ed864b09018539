using Microsoft.Extensions.Logging;
using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Governing;

/// <summary>What a command of the command line needs of governing: people's requests, and the commands that came of them.</summary>
internal sealed class GovernConnection : IDisposable
{
    private readonly NodeOptions _options;
    private readonly KafkaOptions _kafka;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Audit _audit;

    /// <exception cref="NodeStartException">The topics are not there: no node was ever started on this log.</exception>
    public GovernConnection(NodeOptions options, KafkaOptions kafka, TimeProvider clock, ILogger logger)
    {
        (_options, _kafka, _clock, _logger) = (options, kafka, clock, logger);
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

    /// <summary>
    /// Budgets that enforce and stand above their amount, as the nodes that govern them said last: those that stop their scopes
    /// if they may.
    /// </summary>
    public IReadOnlyList<BudgetStateRecord> Exhausted()
    {
        var oldest = _clock.GetUtcNow() - BudgetStateTable.Freshness;
        var states = new Dictionary<string, BudgetStateRecord>(StringComparer.Ordinal);
        using var admin = new TopicAdmin(_kafka, "tokenstream-requests", _clock, _logger);
        if (!admin.Partitions().TryGetValue(_options.Topics.BudgetStates, out var partitions))
        {
            return [];
        }

        using var reader = new TopicReader(
            _kafka, _options.Topics.BudgetStates, partitions, "tokenstream-requests-states", _logger, since: oldest);
        foreach (var result in reader.ReadToEnd())
        {
            if (result.Message.Value is { } value && AlertFormat.TryRead(value, out BudgetStateRecord? state))
            {
                states[state.Key] = state;
            }
        }

        return
        [
            .. states.Values.Where(state => state is { State: BudgetState.Exhausted, Mode: BudgetMode.Enforce })
                .Where(state => state.AtMs >= oldest.ToUnixTimeMilliseconds())
                .OrderBy(state => state.Key, StringComparer.Ordinal),
        ];
    }

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
