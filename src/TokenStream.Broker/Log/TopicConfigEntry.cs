namespace TokenStream.Broker.Log;

/// <summary>One setting of a topic as clients are shown it.</summary>
/// <param name="Name">Kafka's name.</param>
/// <param name="Value">The value in force, in Kafka's spelling.</param>
/// <param name="IsDefault">Whether it equals the default.</param>
/// <param name="Type">Kafka's config type code: 2 string, 3 int, 5 long, 6 double, 7 list (DescribeConfigs version 3 on).</param>
public readonly record struct TopicConfigEntry(string Name, string Value, bool IsDefault, sbyte Type);
