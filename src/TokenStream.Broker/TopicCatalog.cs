using Microsoft.Extensions.Logging;
using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;

namespace TokenStream.Broker;

/// <summary>
/// The store's topics under the rules of the options: what is made on demand, with which settings, and which topic is the log's own.
/// </summary>
internal sealed class TopicCatalog(LogStore store, BrokerOptions options, ILogger logger, LineLimiter lines)
{
    public string ClusterId => store.ClusterId;

    public IReadOnlyCollection<Topic> Topics => store.Topics;

    /// <summary>Whether a topic is the log's own: clients may read it, and neither write, change nor delete it.</summary>
    public static bool IsInternal(string topic) => topic == OffsetLog.TopicName;

    public Topic? Find(string name) => store.Find(name);

    public Topic? Find(Guid id) => store.Find(id);

    public PartitionLog? Find(string name, int partition) => store.Find(name)?.Partition(partition);

    /// <summary>A client asks for a topic by name: it is made if it may be.</summary>
    public (Topic? Topic, LogError Error) FindOrCreate(string name, bool clientAllowsCreation)
    {
        Topic? topic = store.Find(name);
        if (topic is not null)
        {
            return (topic, LogError.None);
        }

        if (TopicName.Fault(name) is not null || IsInternal(name))
        {
            return (null, LogError.InvalidTopic);
        }

        if (!options.AutoCreateTopics || !clientAllowsCreation)
        {
            return (null, LogError.UnknownTopicOrPartition);
        }

        TopicResult created = Create(name, null, DefaultConfig(name), validateOnly: false);
        if (created.Error == LogError.TopicAlreadyExists)
        {
            return (store.Find(name), LogError.None);
        }

        if (created.Topic is null && lines.TryTake(out long suppressed))
        {
            logger.TopicRefused(name, created.Message ?? created.Error.ToString(), suppressed);
        }

        return (created.Topic, created.Error);
    }

    public TopicConfig DefaultConfig(string topic) => Rule(topic)?.Config ?? TopicConfig.Default;

    public int DefaultPartitions(string topic) => Rule(topic)?.Partitions ?? options.DefaultPartitions;

    /// <summary>Creates a topic, or only says what would be wrong with it (then the result has no topic).</summary>
    /// <param name="partitions">Null for the number that the options give this name.</param>
    public TopicResult Create(string name, int? partitions, TopicConfig config, bool validateOnly)
    {
        int count = partitions ?? DefaultPartitions(name);
        if (TopicName.Fault(name) is { } fault)
        {
            return new TopicResult(LogError.InvalidTopic, fault, null);
        }

        if (validateOnly)
        {
            return store.Find(name) is not null ? new TopicResult(LogError.TopicAlreadyExists, $"Topic '{name}' exists already.", null)
                : count < 1 ? new TopicResult(LogError.InvalidPartitions, "A topic has at least 1 partition.", null)
                : new TopicResult(LogError.None, null, null);
        }

        return store.Create(name, count, config);
    }

    public TopicResult Delete(string name) => store.Delete(name);

    public TopicResult AddPartitions(string name, int total) => store.AddPartitions(name, total);

    public TopicResult AlterConfig(string name, TopicConfig config) => store.AlterConfig(name, config);

    private TopicDefault? Rule(string topic) => options.TopicDefaults.FirstOrDefault(rule => rule.Matches(topic));
}
