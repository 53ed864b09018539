using System.Globalization;

namespace TokenStream.Kafka;

/// <summary>What a topic's setting means for a topic that exists already.</summary>
public enum SettingRule
{
    /// <summary>Given to a topic that we create; an operator may choose otherwise.</summary>
    AtCreation,

    /// <summary>Another value works with a drawback: said as a warning.</summary>
    Preferred,

    /// <summary>Another value breaks a guarantee.</summary>
    Exact,

    /// <summary>A smaller value breaks a guarantee; -1 is without limit.</summary>
    AtLeast,
}

/// <summary>A topic's setting under Kafka's name, and what it means.</summary>
public sealed record TopicSetting(string Name, string Value, SettingRule Rule);

/// <summary>A topic as the stream needs it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Partitions">How many partitions it is made with; one that exists keeps its own number.</param>
/// <param name="Settings">The settings that matter to us; others are the operator's.</param>
public sealed record TopicDeclaration(string Name, int Partitions, IReadOnlyList<TopicSetting> Settings);

/// <summary>The topics of the stream. Partition counts are configurable, and fixed once a topic exists.</summary>
public sealed record TopicLayout
{
    /// <summary>Final rollups and marks are kept this long at least: a store that was away over a long weekend finds them all.</summary>
    public static readonly TimeSpan RollupsRetention = TimeSpan.FromDays(9);

    /// <summary>Provisional sums are of no use after the windows they belong to.</summary>
    public static readonly TimeSpan LiveRetention = TimeSpan.FromHours(1);

    /// <summary>Refused records wait this long for somebody to look at them and replay them.</summary>
    public static readonly TimeSpan DeadLetterRetention = TimeSpan.FromDays(30);

    /// <summary>A dead letter holds a whole record; see <see cref="Runtime.DeadLetter.MaxValueBytes"/>.</summary>
    public const int DeadLetterMaxBytes = 4 << 20;

    /// <summary>Who changed what when is kept this long on its topic; the table <c>audit</c> keeps it for good.</summary>
    public static readonly TimeSpan AuditRetention = TimeSpan.FromDays(400);

    /// <summary>What gateways acknowledge and reserve is of use for a day.</summary>
    public static readonly TimeSpan AcksRetention = TimeSpan.FromDays(1);

    /// <summary>A budget's state is repeated every hour, so what is older is of a budget or scope that is gone.</summary>
    public static readonly TimeSpan BudgetStatesRetention = TimeSpan.FromDays(1);

    /// <summary>What sources sent is copied to the store within seconds; a store that was away for a day finds it all.</summary>
    public static readonly TimeSpan SourcesRetention = TimeSpan.FromDays(1);

    /// <summary>Anomalies are kept on their topic as long as the alerts that are made of them.</summary>
    public static readonly TimeSpan AnomaliesRetention = AuditRetention;

    /// <summary>A version of the rules holds a price book and every budget's scope; one of the budgets, their whole file.</summary>
    public const int ConfigurationMaxBytes = 4 << 20;

    public string Requests { get; init; } = "llm.requests";

    public int RequestsPartitions { get; init; } = 8;

    public string Rollups { get; init; } = "tokenstream.rollups";

    public int RollupsPartitions { get; init; } = 4;

    public string Live { get; init; } = "tokenstream.live";

    public int LivePartitions { get; init; } = 4;

    public string DeadLetter { get; init; } = "tokenstream.deadletter";

    public int DeadLetterPartitions { get; init; } = 1;

    public string Configuration { get; init; } = "tokenstream.configuration";

    /// <summary>Final and provisional spend of scopes, and marks: what the ledgers add up.</summary>
    public string Spend { get; init; } = "tokenstream.spend";

    /// <summary>
    /// Whatever is about a scope is routed by it alone, so spend, commands, acks and ledgers have the same number of partitions.
    /// </summary>
    public int SpendPartitions { get; init; } = 4;

    public string Commands { get; init; } = "tokenstream.commands";

    public string Ledger { get; init; } = "tokenstream.ledger";

    public string Acks { get; init; } = "tokenstream.acks";

    public string Budgets { get; init; } = "tokenstream.budgets";

    public string Alerts { get; init; } = "tokenstream.alerts";

    /// <summary>How each budget stands for each of its scopes, for views and people.</summary>
    public string BudgetStates { get; init; } = "tokenstream.budget_states";

    public string Audit { get; init; } = "tokenstream.audit";

    /// <summary>What each node got from each source of foreign payloads, by minute.</summary>
    public string Sources { get; init; } = "tokenstream.sources";

    /// <summary>What the detect stage found: each anomaly when it opens, becomes worse and ends.</summary>
    public string Anomalies { get; init; } = "tokenstream.anomalies";

    /// <summary>Snapshots of the detect stage: as many partitions as rollups.</summary>
    public string Series { get; init; } = "tokenstream.series";

    /// <summary>The topics that scopes are routed over, <see cref="Spend"/> first.</summary>
    public IReadOnlyList<string> ByScope => [Spend, Commands, Ledger, Acks];

    /// <summary>
    /// Every topic, as it must be. How long the input is kept is the operator's choice. On an input topic with its producers' timestamps
    /// the producers' clocks decide what is late, and retention goes by them: it works, with a warning.
    /// </summary>
    public IReadOnlyList<TopicDeclaration> Declarations =>
    [
        new(Requests, RequestsPartitions, [Delete, new("message.timestamp.type", "LogAppendTime", SettingRule.Preferred)]),
        new(Rollups, RollupsPartitions, [Delete, new("retention.ms", Text(RollupsRetention), SettingRule.AtLeast)]),
        new(Live, LivePartitions, [Delete, new("retention.ms", Text(LiveRetention), SettingRule.AtCreation)]),
        new(
            DeadLetter,
            DeadLetterPartitions,
            [
                Delete,
                new("retention.ms", Text(DeadLetterRetention), SettingRule.AtCreation),
                new("max.message.bytes", DeadLetterMaxBytes.ToString(CultureInfo.InvariantCulture), SettingRule.AtLeast),
            ]),
        new(Configuration, 1, [Compact, LargeVersions]),
        new(Spend, SpendPartitions, [Delete, new("retention.ms", Text(RollupsRetention), SettingRule.AtLeast)]),
        new(Commands, SpendPartitions, [Compact]),
        new(Ledger, SpendPartitions, [Compact]),
        new(Series, RollupsPartitions, [Compact]),
        new(Acks, SpendPartitions, [Delete, new("retention.ms", Text(AcksRetention), SettingRule.AtCreation)]),
        new(Budgets, 1, [Compact, LargeVersions]),
        new(Alerts, 1, [Delete, new("retention.ms", Text(AuditRetention), SettingRule.AtCreation)]),
        new(BudgetStates, 1, [Delete, new("retention.ms", Text(BudgetStatesRetention), SettingRule.AtCreation)]),
        new(Audit, 1, [Delete, new("retention.ms", Text(AuditRetention), SettingRule.AtCreation)]),
        new(Anomalies, 1, [Delete, new("retention.ms", Text(AnomaliesRetention), SettingRule.AtCreation)]),
        new(Sources, 1, [Delete, new("retention.ms", Text(SourcesRetention), SettingRule.AtCreation)]),
    ];

    /// <summary>
    /// Sentences about topics that must have as many partitions as another one, and do not; none where all is well.
    /// </summary>
    public IEnumerable<string> Unequal(IReadOnlyDictionary<string, int> partitions) =>
        from pair in ByScope.Select(topic => (Topic: topic, As: Spend)).Append((Topic: Series, As: Rollups))
        where partitions[pair.Topic] != partitions[pair.As]
        select string.Create(
            CultureInfo.InvariantCulture,
            $"The topic {pair.Topic} has {partitions[pair.Topic]} partitions, but {pair.As} has {partitions[pair.As]}: they must have the same " +
            $"number. Delete {pair.Topic} while no node runs, or name another one in its place.");

    private static TopicSetting Compact { get; } = new("cleanup.policy", "compact", SettingRule.Exact);

    private static TopicSetting LargeVersions { get; } =
        new("max.message.bytes", ConfigurationMaxBytes.ToString(CultureInfo.InvariantCulture), SettingRule.Preferred);

    private static TopicSetting Delete { get; } = new("cleanup.policy", "delete", SettingRule.Exact);

    private static string Text(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
