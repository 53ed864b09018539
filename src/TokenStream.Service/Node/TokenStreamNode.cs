using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using TokenStream.Broker;
using TokenStream.Broker.Log;
using TokenStream.Chdb.Engine;
using TokenStream.Chdb.Http;
using TokenStream.Chdb.Supervision;
using TokenStream.ClickHouse;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Mapping.Sources;
using TokenStream.Pricing;
using TokenStream.Receiver.Http;
using TokenStream.Receiver.Intake;
using TokenStream.Receiver.Topics;
using TokenStream.Runtime;
using TokenStream.Service.Alerting;
using TokenStream.Service.Governing;
using TokenStream.Service.Http;
using TokenStream.Service.Options;
using TokenStream.Service.Sources;
using TokenStream.Storage;

namespace TokenStream.Service.Node;

/// <summary>
/// One node: the embedded log and store where no others are named, the topics, the rules, a worker for each role, health and metrics.
/// Starts whole or not at all; disposed of in the opposite order.
/// </summary>
internal sealed class TokenStreamNode : IAsyncDisposable
{
    private const int RulesAttempts = 6;

    private readonly NodeOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Stack<Func<ValueTask>> _ends = new();
    private readonly StreamMetrics _metrics = new();
    private readonly NodeHealth _health = new();
    private readonly SourceCounters _sources = new($"{Environment.MachineName}-{Guid.NewGuid():N}"[..^24]);
    private ClickHouseClient? _client;

    private TokenStreamNode(NodeOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        (_options, _clock, _loggers) = (options, clock, loggers);
        _logger = loggers.CreateLogger("TokenStream.Node");
        _ends.Push(() =>
        {
            _metrics.Dispose();
            _stop.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>Ends when a worker ended before it was asked to; its exception says why.</summary>
    public Task<Exception> Failed => _health.Failed;

    /// <summary>Where events go: <c>host:port,..</c>.</summary>
    public string BootstrapServers { get; private set; } = "";

    public string ClickHouseUrl { get; private set; } = "";

    public NodeHealth Health => _health;

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

    public async ValueTask DisposeAsync()
    {
        if (_ends.Count == 0)
        {
            return;
        }

        await _stop.CancelAsync();
        while (_ends.TryPop(out var end))
        {
            await end();
        }
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var started = _clock.GetTimestamp();
        var book = PriceFiles.Book(_options.PricesFile);
        await StartLogAsync(cancellation);
        var store = _options.Roles.HasFlag(NodeRoles.Store) ? await StartStoreAsync(cancellation) : null;
        var kafka = _options.ToKafka(BootstrapServers);
        var topics = await DeclareTopicsAsync(kafka);
        var rules = await StartRulesAsync(kafka, book, topics);
        var budgets = new BudgetFollower(_options, kafka, rules, _clock, _logger);
        _ends.Push(budgets.DisposeAsync);
        StartSources(kafka);
        if (_options.Roles.HasFlag(NodeRoles.Aggregate))
        {
            StartAggregate(kafka, rules, topics);
        }

        if (store is not null)
        {
            StartStoreStage(kafka, store);
            StartTables(kafka, topics);
        }

        if (_options.Roles.HasFlag(NodeRoles.Govern))
        {
            StartGovern(kafka, topics, budgets);
        }

        if (_options.Roles.HasFlag(NodeRoles.Govern) && _options.Receivers.Count > 0)
        {
            StartAlerts(kafka);
        }

        if (_options.OtlpEndpoint is { } endpoint)
        {
            var push = MetricsPush.Start(endpoint);
            _ends.Push(() =>
            {
                push.Dispose();
                return ValueTask.CompletedTask;
            });
        }

        if (_options.Roles.HasFlag(NodeRoles.Map) && _options.Sources.Count > 0)
        {
            StartMap(kafka, topics);
        }

        var api = new NodeApi(_options, kafka, topics.Partitions, _clock, _logger);
        _ends.Push(api.DisposeAsync);
        var receive = _options.Roles.HasFlag(NodeRoles.Receive) ? StartReceive(kafka, topics) : null;
        var http = await NodeHttpServer.StartAsync(
            _options,
            _health,
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
        _ends.Push(http.DisposeAsync);
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
            _loggers,
            cancellation);
        _ends.Push(log.DisposeAsync);
        BootstrapServers = log.BootstrapServers;
    }

    private async Task<ClickHouseRollupStore> StartStoreAsync(CancellationToken cancellation)
    {
        var client = _options.ClickHouse is { } url
            ? new ClickHouseClient(_options.ToClickHouse(url, compressInserts: true), _clock)
            : await StartEmbeddedStoreAsync(cancellation);
        _ends.Push(() =>
        {
            client.Dispose();
            return ValueTask.CompletedTask;
        });
        (_client, ClickHouseUrl) = (client, client.Options.ToString());
        NodeLog.SchemaReady(_logger, await new SchemaMigrator(client).MigrateAsync(cancellation));
        await SourceAdviceTable.WriteAsync(client, cancellation);
        return new ClickHouseRollupStore(client);
    }

    private async Task<ClickHouseClient> StartEmbeddedStoreAsync(CancellationToken cancellation)
    {
        var data = Path.GetFullPath(Path.Combine(_options.DataDirectory, "clickhouse"));
        if (!IPEndPoint.TryParse(_options.ClickHouseListen, out var address))
        {
            throw new NodeStartException(
                $"--clickhouse-listen {_options.ClickHouseListen} is not an address and port, such as 127.0.0.1:8123.");
        }

        List<string> arguments = ["clickhouse", "--data", data, "--listen", _options.ClickHouseListen, "--stop-with-input"];
        if (_options.AllowRemote)
        {
            arguments.Add("--allow-remote");
        }

        if (_options.StoreMemoryBytes is { } bytes)
        {
            arguments.AddRange(["--memory-mb", (bytes >> 20).ToString(CultureInfo.InvariantCulture)]);
        }

        var program = Environment.ProcessPath!;
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            arguments.Insert(0, typeof(TokenStreamNode).Assembly.Location);
        }

        var local = new IPEndPoint(address.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : address.Address, address.Port);
        var url = new Uri($"http://{local}");
        var supervisor = await ChdbSupervisor.StartAsync(
            new ChdbSupervisorOptions { Program = program, Arguments = arguments, Address = url }, _loggers, _clock, cancellation);
        _ends.Push(supervisor.DisposeAsync);
        _health.Add(
            "embedded store", () => supervisor.IsAnswering ? null : "the store's process does not answer; it is being started again");
        return new ClickHouseClient(
            new ClickHouseOptions(url.ToString()) { User = ChdbServerOptions.OwnerUser, Password = OwnerCredential.ReadOrCreate(data) },
            _clock);
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
        _ends.Push(() =>
        {
            rules.Dispose();
            return ValueTask.CompletedTask;
        });
        _metrics.ObservePrices(() => rules.PricesChangedMs);
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
                await Task.Delay(TimeSpan.FromMilliseconds(500), _clock, _stop.Token);
            }
        }
    }

    private void StartAggregate(KafkaOptions kafka, RulesTopic rules, TopicReport topics)
    {
        var source = new NativeBatchSource(
            kafka, $"{_options.GroupPrefix}-aggregate", [_options.Topics.Requests], "tokenstream-aggregate", _clock, _logger);
        RefuseLostOffsets(source, topics);
        var sink = new KafkaRecordSink(kafka, "tokenstream-rollups", _clock, _logger);
        var live = new LossyRecordSink(kafka, "tokenstream-live", _logger);
        _metrics.ObserveDropped(() => live.Dropped);
        var liveSpend = new LossyRecordSink(kafka, "tokenstream-spend", _logger);
        _metrics.ObserveDroppedSpend(() => liveSpend.Dropped);
        var stage = new AggregateStage(
            source,
            sink,
            live,
            liveSpend,
            rules.History,
            new AggregateStageOptions
            {
                RollupsTopic = _options.Topics.Rollups,
                SpendTopic = _options.Topics.Spend,
                LiveTopic = _options.Topics.Live,
                LivePartitions = topics.Partitions[_options.Topics.Live],
                DeadLetterTopic = _options.Topics.DeadLetter,
                DeadLetterPartitions = topics.Partitions[_options.Topics.DeadLetter],
            },
            _metrics,
            _loggers.CreateLogger("TokenStream.Aggregate"));
        _health.Add("aggregate", () => Condition(stage.Stopped, stage.HasPartitions));
        Run(new StreamWorker("aggregate", source, stage, _clock, _logger), sink, live, liveSpend);
    }

    /// <summary>
    /// A group that committed nothing beside topics that hold its rollups has lost its offsets: starting anew would publish other contents
    /// under identities that are taken.
    /// </summary>
    private void RefuseLostOffsets(NativeBatchSource source, TopicReport topics)
    {
        bool Any(string topic, Func<Runtime.TopicPartition, bool> holds) =>
            Enumerable.Range(0, topics.Partitions[topic]).Any(partition => holds(new Runtime.TopicPartition(topic, partition)));

        if (!Any(_options.Topics.Requests, partition => source.Committed(partition) is not null) &&
            Any(_options.Topics.Rollups, partition => source.QueryWatermarks(partition).End > 0))
        {
            source.Dispose();
            throw new NodeStartException(
                $"the consumer group {_options.GroupPrefix}-aggregate has no offsets, but the topic {_options.Topics.Rollups} holds " +
                "rollups: its offsets were deleted or have expired, or it was renamed. Give back the group's name (kafka: group), or " +
                "begin with empty topics and an empty store.");
        }
    }

    private void StartStoreStage(KafkaOptions kafka, ClickHouseRollupStore store)
    {
        var source = new NativeBatchSource(
            kafka, $"{_options.GroupPrefix}-store", [_options.Topics.Rollups, _options.Topics.Spend], "tokenstream-store", _clock, _logger);
        var stage = new StoreStage(
            source, store, new StoreStageOptions { SpendTopic = _options.Topics.Spend }, _metrics,
            _loggers.CreateLogger("TokenStream.Store"), new Random(Environment.ProcessId), _stop.Token);
        _health.Add("store", () => stage.Unavailable is { } reason
            ? $"the store does not take blocks, nothing is lost: {reason}"
            : Condition(stage.Stopped, stage.HasPartitions));
        Run(new StreamWorker("store", source, stage, _clock, _logger));
        var dropping = Repeat.EveryAsync(
            TimeSpan.FromHours(1),
            _clock,
            async () =>
            {
                if (await store.DropExpiredAsync(_clock.GetUtcNow(), _stop.Token) is > 0 and var dropped)
                {
                    NodeLog.RetentionDone(_logger, dropped);
                }
            },
            failure => NodeLog.RetentionFailed(_logger, failure.Message),
            _stop.Token);
        _ends.Push(() => new ValueTask(dropping));
    }

    /// <summary>Topics that people and dashboards look at through the store.</summary>
    private void StartTables(KafkaOptions kafka, TopicReport topics)
    {
        // The node's own key is made first, so that its commands are believed.
        var keys = new SigningKeys(_options);
        keys.OpenOrCreate().Dispose();
        var verifier = new CommandVerifier(keys.Public());
        IReadOnlyList<RecordTable> records =
        [
            GovernTables.Audit(_options.Topics), GovernTables.Commands(_options.Topics, verifier), AlertTables.Alerts(_options.Topics),
            AlertTables.BudgetStates(_options.Topics), SourceTables.Sources(_options.Topics),
        ];
        var tables = new RecordsToTables(_client!, kafka, records, topics.Partitions, _logger);
        _health.Add("tables", () => tables.Unavailable is { } reason ? $"records for tables wait, nothing is lost: {reason}" : null);
        tables.Start(_clock);
        _ends.Push(tables.DisposeAsync);
    }

    /// <summary>What sources send is counted by whoever takes it in, and told until nobody does any more.</summary>
    private void StartSources(KafkaOptions kafka)
    {
        var sink = new KafkaRecordSink(kafka, "tokenstream-sources", _clock, _logger);
        var publisher = new SourcePublisher(sink, _options.Topics.Sources, _sources);
        async Task PublishAsync()
        {
            try
            {
                await publisher.PublishAsync(_clock.GetUtcNow().ToUnixTimeMilliseconds());
            }
            catch (PublishFailedException failure)
            {
                NodeLog.SourcesWait(_logger, failure.Message);
            }
        }

        var telling = Repeat.EveryAsync(SourcePublisher.Interval, _clock, PublishAsync, _ => { }, _stop.Token);
        _ends.Push(async () =>
        {
            await telling;
            await PublishAsync();
            sink.Dispose();
        });
    }

    private void StartGovern(KafkaOptions kafka, TopicReport topics, BudgetFollower budgets)
    {
        var role = new GovernRole(_options, kafka, topics.Partitions[_options.Topics.Spend], budgets, _metrics, _clock, _loggers);
        _health.Add("govern", () => Condition(role.Stage.Stopped, role.Stage.HasPartitions)
            ?? (role.Stage.IsDeciding
                ? null
                : "reads spend up to the end it found, and decides nothing before; gateways go on with what they know"));
        var sink = new LossyRecordSink(kafka, "tokenstream-budget-states", _logger);
        var states = new BudgetStatePublisher(sink, _options.Topics.BudgetStates, () => role.Stage.States);
        var saying = Repeat.EveryAsync(
            BudgetStatePublisher.Interval,
            _clock,
            () => states.PublishAsync(_clock.GetUtcNow().ToUnixTimeMilliseconds()),
            failure => NodeLog.RecordsWait(_logger, failure.Message),
            _stop.Token);
        _ends.Push(async () =>
        {
            await saying;
            sink.Dispose();
        });
        var acks = new AckFollower(
            kafka,
            _options.Topics,
            topics.Partitions[_options.Topics.Commands],
            new CommandVerifier(new SigningKeys(_options).Public()),
            _metrics.Commands,
            role.Stage.SetLeaseReports,
            _clock,
            _logger);
        acks.Start();
        _ends.Push(acks.DisposeAsync);
        Run(role.Worker, role);
        if (_client is { } client)
        {
            var balances = new OpeningBalances(client, _clock, _logger);
            var filling = balances.FollowAsync(
                () => [.. role.Stage.Seeding.Select(entry => (entry.Pattern, entry.PeriodStartMs)).Distinct()],
                () => budgets.Rules,
                role.Stage.SetOpening,
                _stop.Token);
            _ends.Push(() => new ValueTask(filling));
        }
    }

    /// <summary>Payloads on topics to events on the input topic.</summary>
    private void StartMap(KafkaOptions kafka, TopicReport topics)
    {
        var logger = _loggers.CreateLogger("TokenStream.Map");
        var source = new NativeBatchSource(
            kafka, $"{_options.GroupPrefix}-map", [.. _options.Sources.Select(topic => topic.Topic)], "tokenstream-map", _clock, logger);
        var sink = new KafkaRecordSink(kafka, "tokenstream-mapped", _clock, logger);
        var stage = new MapStage(
            source, sink, _options.Sources, LogTopics(topics), _metrics, _sources, _clock, logger, new Random(Environment.ProcessId));
        _health.Add("map", () => stage.Unavailable is { } reason
            ? $"payloads wait, nothing is lost: {reason}"
            : Condition([], stage.HasPartitions));
        Run(new StreamWorker("map", source, stage, _clock, _logger), sink);
    }

    private ReceiveRole StartReceive(KafkaOptions kafka, TopicReport topics)
    {
        var role = new ReceiveRole(_options, kafka, LogTopics(topics), _metrics, _sources, _clock, _loggers);
        _ends.Push(role.DisposeAsync);
        _health.Add("receive", () => role.Receiver.Unavailable is { } reason ? $"senders are told to come again: {reason}" : null);
        return role;
    }

    private LogTopics LogTopics(TopicReport topics) =>
        new(_options.Topics.Requests, _options.Topics.DeadLetter, topics.Partitions[_options.Topics.DeadLetter]);

    private void StartAlerts(KafkaOptions kafka)
    {
        var source = new NativeBatchSource(
            kafka, $"{_options.GroupPrefix}-alerts", [_options.Topics.Alerts], "tokenstream-alerts", _clock, _logger);
        var stage = new AlertStage(source, _options.Receivers, _clock, _metrics.Alerts, _logger);
        var delivery = AlertDelivery.Start(_options.Receivers, () => stage.Book, _clock, _metrics.Alerts, _logger);
        _ends.Push(delivery.DisposeAsync);
        Run(new StreamWorker("alerts", source, stage, _clock, _logger));
    }

    private void Run(StreamWorker worker, params IDisposable[] sinks)
    {
        // A thread of its own: polling waits, and decoding should not share a thread with anything.
        var running = Task.Factory.StartNew(
            () => worker.RunAsync(_stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        _health.Watch(worker, running);
        _ends.Push(async () =>
        {
            await running;
            worker.Dispose();
            foreach (var sink in sinks)
            {
                sink.Dispose();
            }
        });
    }

    private static string? Condition(IEnumerable<(Runtime.TopicPartition Partition, string Reason)> stopped, bool hasPartitions)
    {
        var first = stopped.FirstOrDefault();
        if (first.Reason is not null)
        {
            return $"{first.Partition}: {first.Reason}";
        }

        return hasPartitions ? null : "waits for its partitions from the consumer group";
    }

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
