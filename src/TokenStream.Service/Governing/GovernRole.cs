using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Pricing;
using TokenStream.Runtime;
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
        NodeOptions options, KafkaOptions kafka, int partitions, BudgetFollower people, StreamMetrics metrics, TimeProvider clock, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("TokenStream.Govern");
        var keys = new SigningKeys(options);
        _signer = keys.OpenOrCreate();
        _source = new NativeBatchSource(kafka, $"{options.GroupPrefix}-govern", [options.Topics.Spend], "tokenstream-govern", clock, logger);
        _sink = new KafkaRecordSink(kafka, "tokenstream-govern", clock, logger);
        _commands = new CompactedLog(kafka, options.Topics.Commands, partitions, "tokenstream-govern-commands", logger);
        _ledger = new CompactedLog(kafka, options.Topics.Ledger, partitions, "tokenstream-govern-ledger", logger);
        Stage = new GovernStage(
            _source,
            _sink,
            _commands,
            _ledger,
            new GovernInputsSource(people).Read,
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

    /// <summary>To be called when the worker has ended.</summary>
    public void Dispose()
    {
        _sink.Dispose();
        _commands.Dispose();
        _ledger.Dispose();
        _signer.Dispose();
    }
}
