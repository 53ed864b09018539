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

    public string Requests { get; init; } = "llm.requests";

    public int RequestsPartitions { get; init; } = 8;

    public string Rollups { get; init; } = "tokenstream.rollups";

    public int RollupsPartitions { get; init; } = 4;

    public string Live { get; init; } = "tokenstream.live";

    public int LivePartitions { get; init; } = 4;

    public string DeadLetter { get; init; } = "tokenstream.deadletter";

    public int DeadLetterPartitions { get; init; } = 1;

    public string Configuration { get; init; } = "tokenstream.configuration";

    /// <summary>
    /// Every topic, as it must be. How long the input is kept is the operator's choice. On an input topic with its producers' timestamps the
    /// producers' clocks decide what is late, and retention goes by them: it works, with a warning.
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
        new(Configuration, 1, [new("cleanup.policy", "compact", SettingRule.Exact)]),
    ];

    private static TopicSetting Delete { get; } = new("cleanup.policy", "delete", SettingRule.Exact);

    private static string Text(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
