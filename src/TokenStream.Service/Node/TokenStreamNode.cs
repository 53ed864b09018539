using Microsoft.Extensions.Logging;
using TokenStream.Broker;
using TokenStream.Broker.Log;
using TokenStream.Chdb.Engine;
using TokenStream.ClickHouse;
using TokenStream.Kafka;
using TokenStream.Pricing;
using TokenStream.Receiver.Http;
using TokenStream.Receiver.Intake;
using TokenStream.Service.Governing;
using TokenStream.Service.Http;
using TokenStream.Service.Options;
using TokenStream.Storage;

namespace TokenStream.Service.Node;

/// <summary>
/// One node: the embedded log and store where no others are named, the topics, the rules, a worker for each role, health and metrics.
/// Starts whole or not at all; disposed of in the opposite order.
/// </summary>
internal sealed class TokenStreamNode : IAsyncDisposable
{
    private const int RulesAttempts = 6;

    private readonly NodeParts _parts;
    private readonly NodeOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    private TokenStreamNode(NodeOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        _parts = new NodeParts(options, clock, loggers);
        (_options, _clock, _logger) = (options, clock, _parts.Logger);
    }

    /// <summary>Ends when a worker ended before it was asked to; its exception says why.</summary>
    public Task<Exception> Failed => _parts.Health.Failed;

    /// <summary>Where events go: <c>host:port,..</c>.</summary>
    public string BootstrapServers { get; private set; } = "";

    public string ClickHouseUrl { get; private set; } = "";

    public NodeHealth Health => _parts.Health;

    /// <summary>Starts a node. Throws <see cref="NodeStartException"/>, with nothing left running, where it cannot.</summary>
    public static async Task<TokenStreamNode> StartAsync(
        NodeOptions options, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var node = new TokenStreamNode(options, clock, loggers);
        try
        {
            await node.StartAsync(cancellation);
            return node;
        }
        catch (Exception failure)
        {
            await node.DisposeAsync();
            throw Explain(failure, options) ?? failure;
        }
    }

    public ValueTask DisposeAsync() => _parts.DisposeAsync();

    private async Task StartAsync(CancellationToken cancellation)
    {
        var started = _clock.GetTimestamp();
        var book = PriceFiles.Book(_options.PricesFile);
        await StartLogAsync(cancellation);
        var store = _options.Roles.HasFlag(NodeRoles.Store) ? await NodeStore.OpenAsync(_parts, cancellation) : null;
        ClickHouseUrl = store?.Options.ToString() ?? "";
        var kafka = _options.ToKafka(BootstrapServers);
        var topics = await DeclareTopicsAsync(kafka);
        var rules = await StartRulesAsync(kafka, book, topics);
        var budgets = new BudgetFollower(_options, kafka, rules, _clock, _logger);
        _parts.AtEnd(budgets.DisposeAsync);
        SourceTelling.Start(_parts, kafka);
        if (_options.Roles.HasFlag(NodeRoles.Aggregate))
        {
            AggregateRole.Start(_parts, kafka, rules, topics);
        }

        if (store is not null)
        {
            StoreRole.Start(_parts, kafka, topics, store);
        }

        if (_options.Roles.HasFlag(NodeRoles.Detect))
        {
            DetectRole.Start(_parts, kafka, topics);
        }

        if (_options.Roles.HasFlag(NodeRoles.Govern))
        {
            GovernRole.Start(_parts, kafka, topics, budgets, store);
            AnomalyRole.Start(_parts, kafka, topics, budgets);
        }

        if (_options.Roles.HasFlag(NodeRoles.Govern) && _options.Receivers.Count > 0)
        {
            AlertRole.Start(_parts, kafka);
        }

        if (_options.OtlpEndpoint is { } endpoint)
        {
            _parts.AtEnd(MetricsPush.Start(endpoint));
        }

        if (_options.Roles.HasFlag(NodeRoles.Map) && _options.Sources.Count > 0)
        {
            MapRole.Start(_parts, kafka, LogTopics(topics));
        }

        var api = new NodeApi(_options, kafka, topics.Partitions, _clock, _logger);
        _parts.AtEnd(api.DisposeAsync);
        var receive = _options.Roles.HasFlag(NodeRoles.Receive) ? StartReceive(kafka, topics) : null;
        var http = await NodeHttpServer.StartAsync(
            _options,
            _parts.Health,
            _clock,
            app =>
            {
                api.Map(app);
                if (receive is not null)
                {
                    new ReceiveEndpoints(receive.Receiver, api.Access.AdmitSender).Map(app);
                }
            },
            cancellation);
        _parts.AtEnd(http.DisposeAsync);
        if (receive is not null)
        {
            await receive.ListenAsync(_options, api.Tokens, cancellation);
        }

        NodeLog.Ready(
            _logger, _clock.GetElapsedTime(started).TotalSeconds, BootstrapServers, _options.Topics.Requests,
            ClickHouseUrl.Length > 0 ? ClickHouseUrl : "(another node's)", http.Address,
            receive is null
                ? "(another node's)"
                : string.Join(", ", receive.Addresses.Prepend(http.Address).Select(address => $"http://{address}")));
    }

    private async Task StartLogAsync(CancellationToken cancellation)
    {
        if (_options.Kafka is { } servers)
        {
            BootstrapServers = servers;
            return;
        }

        var log = await EmbeddedLog.StartAsync(
            new BrokerOptions
            {
                Store = new LogStoreOptions { DataDirectory = Path.Combine(_options.DataDirectory, "log") },
                Listen = _options.KafkaListen,
                Advertised = _options.KafkaAdvertised,
                AllowNonLoopback = _options.AllowRemote,
                DefaultPartitions = _options.Topics.RequestsPartitions,
            },
            _clock,
            _parts.Loggers,
            cancellation);
        _parts.AtEnd(log.DisposeAsync);
        BootstrapServers = log.BootstrapServers;
    }

    private async Task<TopicReport> DeclareTopicsAsync(KafkaOptions kafka)
    {
        using var admin = new TopicAdmin(kafka, "tokenstream-admin", _clock, _logger);
        // Topics of payloads are somebody else's: they are made where they are missing, and nothing is asked of those that are there.
        var payloads = _options.Roles.HasFlag(NodeRoles.Map) ? _options.Sources : [];
        var partitions = _options.Topics.RequestsPartitions;
        var report = await admin.DeclareAsync(
            [.. _options.Topics.Declarations, .. payloads.Select(source => new TopicDeclaration(source.Topic, partitions, []))]);
        foreach (var warning in report.Warnings)
        {
            NodeLog.TopicWarning(_logger, warning);
        }

        if (_options.Topics.Unequal(report.Partitions).FirstOrDefault() is { } unequal)
        {
            throw new NodeStartException(unequal);
        }

        return report;
    }

    private async Task<RulesTopic> StartRulesAsync(KafkaOptions kafka, PriceBook book, TopicReport topics)
    {
        var rules = new RulesTopic(new ConfigurationTopic(kafka, _options.Topics.Configuration, "tokenstream-rules", _logger), _logger);
        _parts.AtEnd(rules);
        _parts.Metrics.ObservePrices(() => rules.PricesChangedMs);
        await ReadRulesAsync(rules);
        var wanted = RulesRecord.Of(_options, book, topics.Partitions, "start", _clock.GetUtcNow());
        if (rules.Latest is { } latest)
        {
            // Prices that a person applied stay until a person changes them, and so do scopes; the rest follows the node's options.
            wanted = latest.Source != "start" && _options.PricesFile is null
                ? wanted with { Prices = latest.Prices, PricesHash = latest.PricesHash, Source = latest.Source }
                : wanted;
            wanted = wanted with { Scopes = latest.Scopes };
        }

        if (rules.Latest is null || !rules.Latest.SameContent(wanted))
        {
            await rules.PublishAsync(wanted);
        }

        return rules;
    }

    /// <summary>A topic made a moment ago may still be without a leader: asked a few times before it is said to be out of reach.</summary>
    private async Task ReadRulesAsync(RulesTopic rules)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                rules.Refresh();
                return;
            }
            catch (KafkaUnavailableException) when (attempt < RulesAttempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), _clock, _parts.Stopping);
            }
        }
    }

    private ReceiveRole StartReceive(KafkaOptions kafka, TopicReport topics)
    {
        var role = new ReceiveRole(_options, kafka, LogTopics(topics), _parts.Metrics, _parts.Sources, _clock, _parts.Loggers);
        _parts.AtEnd(role.DisposeAsync);
        _parts.Health.Add("receive", () => role.Receiver.Unavailable is { } reason ? $"senders are told to come again: {reason}" : null);
        return role;
    }

    private LogTopics LogTopics(TopicReport topics) =>
        new(_options.Topics.Requests, _options.Topics.DeadLetter, topics.Partitions[_options.Topics.DeadLetter]);

    /// <summary>A sentence for people where the cause is one that they can mend; null where it is ours.</summary>
    private static NodeStartException? Explain(Exception failure, NodeOptions options) => failure switch
    {
        NodeStartException own => own,
        ListenException { Fault: ListenFault.InUse } => new(
            $"{failure.Message} Stop the process that listens there, or choose another with --kafka-listen.", failure),
        ChdbStartException => new(failure.Message.Replace("with --listen", "with --clickhouse-listen", StringComparison.Ordinal), failure),
        LogStoreException => new($"{failure.Message} (--data)", failure),
        ListenException or FormatException => new(failure.Message, failure),
        KafkaUnavailableException => new(options.Kafka is null ? failure.Message : $"{failure.Message} (--kafka {options.Kafka})", failure),
        TopicMismatchException => new(failure.Message, failure),
        StoreUnavailableException or ClickHouseException => new($"{failure.Message} (--clickhouse)", failure),
        _ => null,
    };
}
