using TokenStream.Events;
using TokenStream.Kafka;
using TokenStream.Yaml;
using static TokenStream.Service.Options.ConfigValues;

namespace TokenStream.Service.Options;

/// <summary>Reads a node's configuration, strictly: every error of the text at once, with its line.</summary>
internal static class NodeConfigFile
{
    /// <summary>The options of a text over some others; or every error as <c>line:column: sentence</c>.</summary>
    public static (NodeOptions Options, IReadOnlyList<string> Errors) Read(string text, NodeOptions defaults)
    {
        var errors = new TextErrors();
        if (string.IsNullOrWhiteSpace(text))
        {
            return (defaults, []);
        }

        var options = defaults;
        if (YamlTree.Parse(text, "configuration", errors) is { } tree && YamlReader.Open(tree, "the configuration", errors) is { } root)
        {
            options = ReadRoot(root, defaults, errors);
        }

        var sentences = errors.ToList().Select(e => e.ToString()).Concat(options.ToKafka(options.Kafka ?? "127.0.0.1:9092").Errors());
        return (options, [.. sentences]);
    }

    private static NodeOptions ReadRoot(YamlReader root, NodeOptions options, TextErrors errors)
    {
        options = options with
        {
            DataDirectory = root.Text("data") ?? options.DataDirectory,
            Listen = root.Text("listen") ?? options.Listen,
            AllowRemote = Bool(root, "allow_remote") ?? options.AllowRemote,
            PricesFile = root.Text("prices") ?? options.PricesFile,
            TokensFile = root.Text("tokens") ?? options.TokensFile,
            LabelKeys = Labels(root) ?? options.LabelKeys,
            Roles = Roles(root, errors) ?? options.Roles,
        };
        options = ReadKafka(root.Child("kafka"), options, errors);
        options = ReadClickHouse(root.Child("clickhouse"), options, errors);
        options = ReadTopics(root.Child("topics"), options, errors);
        options = options with
        {
            Sources = SourcesSection.ReadTopics(root, [.. options.Topics.Declarations.Select(topic => topic.Name)]) ?? options.Sources,
            Receive = SourcesSection.ReadReceive(root.Child("receive"), options.Receive, errors),
        };
        options = ReadWindows(root.Child("windows"), options, errors);
        if (root.Child("alerts") is { } alerts)
        {
            options = options with
            {
                Receivers = ReceiversSection.Read(alerts, errors) ?? options.Receivers,
                UnpricedUsdPerDay = Number(alerts, "unpriced_usd_per_day", errors, 0, 1_000_000_000) ?? options.UnpricedUsdPerDay,
            };
            alerts.Close();
        }

        options = options with { Detect = DetectSection.Read(root.Child("detect"), options.Detect, errors) };
        options = ReadLogs(root.Child("log"), options);
        options = ReadSigning(root.Child("signing"), options, errors);
        if (root.Child("telemetry") is { } telemetry)
        {
            options = options with { OtlpEndpoint = telemetry.Text("otlp") ?? options.OtlpEndpoint };
            telemetry.Close();
        }

        root.Close();
        return options;
    }

    private static NodeOptions ReadKafka(YamlReader? kafka, NodeOptions options, TextErrors errors)
    {
        if (kafka is null)
        {
            return options;
        }

        var protocol = kafka.Scalar("group_protocol");
        if (protocol is not null && protocol.Text is not ("classic" or "consumer"))
        {
            errors.Add(protocol, $"'group_protocol' is '{protocol.Text}'; it must be classic or consumer (KIP-848, Kafka 4 and later)");
        }

        var properties = new Dictionary<string, string>(options.KafkaProperties);
        if (kafka.Child("properties") is { } section)
        {
            foreach (var (key, value) in section.Map.Entries)
            {
                if (value is YamlScalar scalar)
                {
                    properties[key.Text] = scalar.Text;
                }
                else
                {
                    errors.Add(value, $"the property '{key.Text}' must be a text or number, not {value.Kind}");
                }
            }
        }

        options = options with
        {
            Kafka = kafka.Text("bootstrap") ?? options.Kafka,
            KafkaListen = kafka.Text("listen") ?? options.KafkaListen,
            KafkaAdvertised = kafka.Text("advertised") ?? options.KafkaAdvertised,
            GroupPrefix = kafka.Text("group") ?? options.GroupPrefix,
            GroupProtocol = protocol?.Text switch
            {
                "consumer" => GroupProtocol.Consumer,
                "classic" => GroupProtocol.Classic,
                _ => options.GroupProtocol,
            },
            KafkaProperties = properties,
        };
        kafka.Close();
        return options;
    }

    private static NodeOptions ReadClickHouse(YamlReader? store, NodeOptions options, TextErrors errors)
    {
        if (store is null)
        {
            return options;
        }

        options = options with
        {
            ClickHouse = store.Text("url") ?? options.ClickHouse,
            ClickHouseListen = store.Text("listen") ?? options.ClickHouseListen,
            ClickHouseUser = Secret(store, "user", errors) ?? options.ClickHouseUser,
            ClickHousePassword = Secret(store, "password", errors) ?? options.ClickHousePassword,
            StoreMemoryBytes = Number(store, "memory_mb", errors, 256, 1 << 20) is { } megabytes
                ? megabytes << 20
                : options.StoreMemoryBytes,
        };
        store.Close();
        return options;
    }

    private static NodeOptions ReadTopics(YamlReader? topics, NodeOptions options, TextErrors errors)
    {
        if (topics is null)
        {
            return options;
        }

        var layout = options.Topics;
        layout = layout with
        {
            Requests = topics.Text("requests") ?? layout.Requests,
            RequestsPartitions = (int?)Number(topics, "requests_partitions", errors, 1, 4096) ?? layout.RequestsPartitions,
            Rollups = topics.Text("rollups") ?? layout.Rollups,
            RollupsPartitions = (int?)Number(topics, "rollups_partitions", errors, 1, 1024) ?? layout.RollupsPartitions,
            Live = topics.Text("live") ?? layout.Live,
            DeadLetter = topics.Text("deadletter") ?? layout.DeadLetter,
            Configuration = topics.Text("configuration") ?? layout.Configuration,
            Spend = topics.Text("spend") ?? layout.Spend,
            SpendPartitions = (int?)Number(topics, "spend_partitions", errors, 1, 1024) ?? layout.SpendPartitions,
            Commands = topics.Text("commands") ?? layout.Commands,
            Ledger = topics.Text("ledger") ?? layout.Ledger,
            Acks = topics.Text("acks") ?? layout.Acks,
            Budgets = topics.Text("budgets") ?? layout.Budgets,
            Alerts = topics.Text("alerts") ?? layout.Alerts,
            BudgetStates = topics.Text("budget_states") ?? layout.BudgetStates,
            Audit = topics.Text("audit") ?? layout.Audit,
            Sources = topics.Text("sources") ?? layout.Sources,
            Anomalies = topics.Text("anomalies") ?? layout.Anomalies,
            Series = topics.Text("series") ?? layout.Series,
        };
        topics.Close();
        return options with { Topics = layout with { LivePartitions = layout.RollupsPartitions } };
    }

    private static NodeOptions ReadWindows(YamlReader? windows, NodeOptions options, TextErrors errors)
    {
        if (windows is null)
        {
            return options;
        }

        options = options with
        {
            GraceMs = Number(windows, "grace_seconds", errors, 0, 3600) * 1000 ?? options.GraceMs,
            DuplicateHorizonMs = Number(windows, "duplicate_horizon_seconds", errors, 0, 86_400) * 1000 ?? options.DuplicateHorizonMs,
        };
        windows.Close();
        return options;
    }

    private static NodeOptions ReadLogs(YamlReader? log, NodeOptions options)
    {
        if (log is null)
        {
            return options;
        }

        var format = log.Scalar("format");
        if (format is not null && format.Text is not ("json" or "text"))
        {
            log.Error(format, $"'format' is '{format.Text}'; it must be text or json");
        }

        log.Close();
        return options with { JsonLogs = format?.Text == "json" || (format is null && options.JsonLogs) };
    }

    private static NodeOptions ReadSigning(YamlReader? signing, NodeOptions options, TextErrors errors)
    {
        if (signing is null)
        {
            return options;
        }

        options = options with
        {
            SigningKey = Secret(signing, "key", errors) ?? options.SigningKey,
            TrustedKeysFile = signing.Text("trusted") ?? options.TrustedKeysFile,
        };
        signing.Close();
        return options;
    }

    private static NodeRoles? Roles(YamlReader root, TextErrors errors)
    {
        var names = root.Texts("roles");
        NodeRoles? roles = null;
        foreach (var name in names)
        {
            if (NodeRoleNames.Parse(name.Text) is not NodeRoles.None and var role)
            {
                roles = (roles ?? NodeRoles.None) | role;
            }
            else
            {
                errors.Add(name, $"'{name.Text}' is not a role; {NodeRoleNames.Possible}");
            }
        }

        return roles;
    }

    private static List<string>? Labels(YamlReader root)
    {
        var labels = root.Texts("labels");
        if (labels.Count > UsageEvent.MaxLabels)
        {
            root.Error(labels[^1], $"{labels.Count} labels are named; at most {UsageEvent.MaxLabels} can be dimensions");
        }

        return labels.Count > 0 ? [.. labels.Select(l => l.Text)] : null;
    }

    private static string? Secret(YamlReader section, string key, TextErrors errors)
    {
        var value = section.Scalar(key);
        if (value is not null && SecretReference.Problem(value.Text) is { } problem)
        {
            errors.Add(value, $"'{key}': {problem}");
        }

        return value?.Text;
    }
}
