using Microsoft.Extensions.Logging;
using TokenStream.ClickHouse;
using TokenStream.Commands;
using TokenStream.Governing.Anomalies;
using TokenStream.Kafka;
using TokenStream.Pricing;
using TokenStream.Runtime;
using TokenStream.Service.Anomalies;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Governing;

/// <summary>What a node that governs holds: the stage, and what it reads and writes through.</summary>
internal sealed class GovernRole : IDisposable
{
    private readonly NativeBatchSource _source;
    private readonly KafkaRecordSink _sink;
    private readonly CompactedLog _commands;
    private readonly CompactedLog _ledger;
    private readonly CommandSigner _signer;

    /// <param name="partitions">Of the spend topic, and so of every topic that scopes are routed over.</param>
    public GovernRole(
        NodeOptions options, KafkaOptions kafka, int partitions, BudgetFollower people, Func<OpenAnomalies> anomalies, StreamMetrics metrics,
        TimeProvider clock, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("TokenStream.Govern");
        var keys = new SigningKeys(options);
        _signer = keys.OpenOrCreate();
        _source = new NativeBatchSource(
            kafka, $"{options.GroupPrefix}-govern", [options.Topics.Spend], "tokenstream-govern", clock, logger);
        _sink = new KafkaRecordSink(kafka, "tokenstream-govern", clock, logger);
        _commands = new CompactedLog(kafka, options.Topics.Commands, partitions, "tokenstream-govern-commands", logger);
        _ledger = new CompactedLog(kafka, options.Topics.Ledger, partitions, "tokenstream-govern-ledger", logger);
        Stage = new GovernStage(
            _source,
            _sink,
            _commands,
            _ledger,
            new GovernInputsSource(people, anomalies).Read,
            _signer,
            new CommandVerifier(keys.Public()),
            new GovernStageOptions
            {
                Partitions = partitions,
                CommandsTopic = options.Topics.Commands,
                LedgerTopic = options.Topics.Ledger,
                AlertsTopic = options.Topics.Alerts,
                UnpricedPerDay = (Int128)options.UnpricedUsdPerDay * Picodollars.PerUsd,
            },
            metrics,
            clock,
            logger);
        Worker = new StreamWorker("govern", _source, Stage, clock, logger);
    }

    public GovernStage Stage { get; }

    /// <summary>Owns the source.</summary>
    public StreamWorker Worker { get; }

    /// <summary>
    /// Starts the role with what stands beside its stage: budget states, acks, and what was spent before budgets were named.
    /// </summary>
    /// <param name="parts">The node's.</param>
    /// <param name="kafka">Its log.</param>
    /// <param name="topics">As they are.</param>
    /// <param name="budgets">What people ask.</param>
    /// <param name="client">The store that says what was spent before; null where this node has none.</param>
    public static void Start(
        NodeParts parts, KafkaOptions kafka, TopicReport topics, BudgetFollower budgets, ClickHouseClient? client)
    {
        var anomalies = new AnomalyFollower(kafka, parts.Options.Topics.Anomalies, () => budgets.AnomalyRequests, parts.Clock, parts.Logger);
        parts.AtEnd(anomalies.DisposeAsync);
        var role = new GovernRole(
            parts.Options, kafka, topics.Partitions[parts.Options.Topics.Spend], budgets, () => anomalies.Current, parts.Metrics, parts.Clock, parts.Loggers);
        parts.Health.Add("govern", () => NodeParts.Condition(role.Stage.Stopped, role.Stage.HasPartitions)
            ?? (role.Stage.IsDeciding
                ? null
                : "reads spend up to the end it found, and decides nothing before; gateways go on with what they know"));
        var sink = new LossyRecordSink(kafka, "tokenstream-budget-states", parts.Logger);
        var states = new BudgetStatePublisher(sink, parts.Options.Topics.BudgetStates, () => role.Stage.States);
        var saying = Repeat.EveryAsync(
            BudgetStatePublisher.Interval,
            parts.Clock,
            () => states.PublishAsync(parts.Clock.GetUtcNow().ToUnixTimeMilliseconds()),
            failure => NodeLog.RecordsWait(parts.Logger, failure.Message),
            parts.Stopping);
        parts.AtEnd(async () =>
        {
            await saying;
            sink.Dispose();
        });
        var acks = new AckFollower(
            kafka,
            parts.Options.Topics,
            topics.Partitions[parts.Options.Topics.Commands],
            new CommandVerifier(new SigningKeys(parts.Options).Public()),
            parts.Metrics.Commands,
            role.Stage.SetLeaseReports,
            parts.Clock,
            parts.Logger);
        acks.Start();
        parts.AtEnd(acks.DisposeAsync);
        parts.Run(role.Worker, role);
        if (client is not null)
        {
            var balances = new OpeningBalances(client, parts.Clock, parts.Logger);
            var filling = balances.FollowAsync(
                () => [.. role.Stage.Seeding.Select(entry => (entry.Pattern, entry.PeriodStartMs)).Distinct()],
                () => budgets.Rules,
                role.Stage.SetOpening,
                parts.Stopping);
            parts.AtEnd(() => new ValueTask(filling));
        }
    }

    /// <summary>To be called when the worker has ended.</summary>
    public void Dispose()
    {
        _sink.Dispose();
        _commands.Dispose();
        _ledger.Dispose();
        _signer.Dispose();
    }
}
