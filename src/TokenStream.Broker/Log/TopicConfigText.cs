using System.Globalization;

namespace TokenStream.Broker.Log;

/// <summary>Kafka's names and spellings of topic settings, to and from <see cref="TopicConfig"/>.</summary>
internal static class TopicConfigText
{
    private const sbyte StringType = 2, IntType = 3, LongType = 5, DoubleType = 6, ListType = 7;

    private static readonly Setting[] Settings =
    [
        Long("retention.ms", -1, long.MaxValue, c => c.RetentionMs, (c, v) => c with { RetentionMs = v }),
        Long("retention.bytes", -1, long.MaxValue, c => c.RetentionBytes, (c, v) => c with { RetentionBytes = v }),
        Int("segment.bytes", 1_024, 1 << 30, c => c.SegmentBytes, (c, v) => c with { SegmentBytes = v }),
        Long("segment.ms", 1, long.MaxValue, c => c.SegmentMs, (c, v) => c with { SegmentMs = v }),
        new("cleanup.policy", ListType, PrintPolicy, ParsePolicy, "delete, compact, or both with a comma between"),
        Long("delete.retention.ms", 0, long.MaxValue, c => c.DeleteRetentionMs, (c, v) => c with { DeleteRetentionMs = v }),
        Long("min.compaction.lag.ms", 0, long.MaxValue, c => c.MinCompactionLagMs, (c, v) => c with { MinCompactionLagMs = v }),
        new(
            "min.cleanable.dirty.ratio",
            DoubleType,
            c => c.MinCleanableDirtyRatio.ToString(CultureInfo.InvariantCulture),
            ParseRatio,
            "a number from 0 to 1"),
        new(
            "message.timestamp.type",
            StringType,
            c => c.LogAppendTime ? "LogAppendTime" : "CreateTime",
            ParseTimestampType,
            "CreateTime or LogAppendTime"),
        Int("max.message.bytes", 0, int.MaxValue, c => c.MaxMessageBytes, (c, v) => c with { MaxMessageBytes = v }),
        // Scripts written for a Kafka cluster set these two; the only values taken are those that say what this log does anyway.
        Fixed("compression.type", StringType, "producer"),
        Fixed("min.insync.replicas", IntType, "1"),
    ];

    public static IReadOnlyList<TopicConfigEntry> Describe(TopicConfig config)
    {
        var entries = new TopicConfigEntry[Settings.Length];
        for (int i = 0; i < entries.Length; i++)
        {
            Setting setting = Settings[i];
            string value = setting.Print(config);
            entries[i] = new TopicConfigEntry(setting.Name, value, value == setting.Print(TopicConfig.Default), setting.Type);
        }

        return entries;
    }

    public static bool TryApply(
        TopicConfig start, IEnumerable<KeyValuePair<string, string?>> settings, out TopicConfig changed, out string? error)
    {
        changed = start;
        error = null;
        TopicConfig next = start;
        foreach ((string name, string? text) in settings)
        {
            Setting? setting = Array.Find(Settings, s => s.Name == name);
            if (setting is null)
            {
                error = $"Unknown topic setting '{name}'; known are {string.Join(", ", Settings.Select(s => s.Name))}.";
                return false;
            }

            TopicConfig? applied = setting.Parse(next, text ?? setting.Print(TopicConfig.Default));
            if (applied is null)
            {
                error = $"Topic setting {name} cannot be '{text}'; it takes {setting.Takes}.";
                return false;
            }

            next = applied;
        }

        changed = next;
        return true;
    }

    private static Setting Long(string name, long least, long most, Func<TopicConfig, long> get, Func<TopicConfig, long, TopicConfig> set)
        => new(
            name, LongType, c => get(c).ToString(CultureInfo.InvariantCulture),
            (c, text) => ParseLong(text, least, most) is { } v ? set(c, v) : null,
            $"a whole number from {least}" + (most == long.MaxValue ? "" : $" to {most}"));

    private static Setting Int(string name, int least, int most, Func<TopicConfig, int> get, Func<TopicConfig, int, TopicConfig> set)
        => new(
            name, IntType, c => get(c).ToString(CultureInfo.InvariantCulture),
            (c, text) => ParseLong(text, least, most) is { } v ? set(c, (int)v) : null,
            $"a whole number from {least} to {most}");

    private static Setting Fixed(string name, sbyte type, string value) =>
        new(name, type, _ => value, (c, text) => text == value ? c : null, $"only {value}");

    private static long? ParseLong(string text, long least, long most)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            && value >= least && value <= most
                ? value
                : null;

    private static string PrintPolicy(TopicConfig config) => (config.CleanupCompact, config.CleanupDelete) switch
    {
        (true, true) => "compact,delete",
        (true, false) => "compact",
        _ => "delete",
    };

    private static TopicConfig? ParsePolicy(TopicConfig config, string text)
    {
        bool delete = false, compact = false;
        foreach (string part in text.Split(','))
        {
            switch (part.Trim())
            {
                case "delete": delete = true; break;
                case "compact": compact = true; break;
                default: return null;
            }
        }

        return config with { CleanupDelete = delete, CleanupCompact = compact };
    }

    private static TopicConfig? ParseRatio(TopicConfig config, string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double ratio) && ratio is >= 0 and <= 1
            ? config with { MinCleanableDirtyRatio = ratio } : null;

    private static TopicConfig? ParseTimestampType(TopicConfig config, string text) => text switch
    {
        "CreateTime" => config with { LogAppendTime = false },
        "LogAppendTime" => config with { LogAppendTime = true },
        _ => null,
    };

    private sealed record Setting(
        string Name, sbyte Type, Func<TopicConfig, string> Print, Func<TopicConfig, string, TopicConfig?> Parse, string Takes);
}
