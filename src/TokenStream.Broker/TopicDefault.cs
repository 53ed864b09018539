using TokenStream.Broker.Log;

namespace TokenStream.Broker;

/// <summary>What a new topic begins with, made on demand or by a client that leaves something open.</summary>
/// <param name="Pattern">A topic's name, or the beginning of one followed by <c>*</c>.</param>
/// <param name="Config">Its settings; those that a client names in its request win.</param>
/// <param name="Partitions">Number of partitions, null for <see cref="BrokerOptions.DefaultPartitions"/>.</param>
public sealed record TopicDefault(string Pattern, TopicConfig Config, int? Partitions = null)
{
    public bool Matches(string topic)
        => Pattern.EndsWith('*')
            ? topic.AsSpan().StartsWith(Pattern.AsSpan(0, Pattern.Length - 1), StringComparison.Ordinal)
            : topic == Pattern;
}
