using System.Globalization;
using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>
/// DescribeConfigs and IncrementalAlterConfigs. Topics can be changed; the broker's own settings are the node's and only shown.
/// </summary>
internal sealed class ConfigsHandler(TopicCatalog topics, BrokerOptions options)
{
    private const sbyte TopicType = 2, BrokerType = 4;
    private const sbyte FromTopic = 1, FromBroker = 4, FromDefault = 5;
    private const sbyte IntType = 3, LongType = 5, BooleanType = 1;
    private const sbyte SetOperation = 0, DeleteOperation = 1;

    public void Describe(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        int count = from.Count(3);
        to.ArrayLength(count);
        for (int i = 0; i < count; i++)
        {
            sbyte type = from.Int8();
            string name = from.String();
            int wanted = from.ArrayLength(1);
            HashSet<string>? keys = wanted < 0 ? null : [];
            for (int k = 0; k < wanted; k++)
            {
                keys!.Add(from.String());
            }

            from.Tags();
            Write(to, version, type, name, keys);
        }

        to.Tags();
    }

    public void Alter(RequestContext request)
    {
        WireReader from = request.Body();
        int count = from.Count(4);
        var asked = new List<(sbyte Type, string Name, List<Change> Changes)>(count);
        for (int i = 0; i < count; i++)
        {
            asked.Add((from.Int8(), from.String(), ReadChanges(ref from)));
            from.Tags();
        }

        bool validateOnly = from.Bool();
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        to.ArrayLength(asked.Count);
        foreach ((sbyte type, string name, List<Change> changes) in asked)
        {
            (ErrorCode error, string? message) = Alter(type, name, changes, validateOnly);
            to.Error(error);
            to.Message(message);
            to.Int8(type);
            to.String(name);
            to.Tags();
        }

        to.Tags();
    }

    private static List<Change> ReadChanges(ref WireReader from)
    {
        int count = from.Count(3);
        var changes = new List<Change>(count);
        for (int c = 0; c < count; c++)
        {
            changes.Add(new Change(from.String(), from.Int8(), from.NullableString()));
            from.Tags();
        }

        return changes;
    }

    private (ErrorCode Error, string? Message) Alter(sbyte type, string name, List<Change> changes, bool validateOnly)
    {
        if (type != TopicType)
        {
            return (
                ErrorCode.InvalidRequest,
                "Only topics can be configured here; the log's own settings are given to the node when it starts.");
        }

        if (TopicCatalog.IsInternal(name))
        {
            return (ErrorCode.InvalidRequest, $"{name} is the log's own and keeps its settings.");
        }

        if (topics.Find(name) is not { } topic)
        {
            return (ErrorCode.UnknownTopicOrPartition, "There is no such topic.");
        }

        if (changes.Exists(c => c.Operation is not (SetOperation or DeleteOperation)))
        {
            return (ErrorCode.InvalidConfig, "Settings can be set and deleted; appending to and subtracting from a list is not offered.");
        }

        IEnumerable<KeyValuePair<string, string?>> settings =
            changes.Select(c => new KeyValuePair<string, string?>(c.Name, c.Operation == SetOperation ? c.Value : null));
        if (!topic.Config.TryWith(settings, out TopicConfig config, out string? fault))
        {
            return (ErrorCode.InvalidConfig, fault);
        }

        if (validateOnly)
        {
            return (ErrorCode.None, null);
        }

        TopicResult altered = topics.AlterConfig(name, config);
        return ((ErrorCode)altered.Error, altered.Message);
    }

    private void Write(WireWriter to, short version, sbyte type, string name, HashSet<string>? keys)
    {
        Topic? topic = type == TopicType ? topics.Find(name) : null;
        ErrorCode error = type switch
        {
            TopicType => topic is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.None,
            BrokerType => ErrorCode.None,
            _ => ErrorCode.InvalidRequest,
        };
        Shown[] shown = error != ErrorCode.None ? [] : topic is not null ? OfTopic(topic) : OfBroker();
        shown = keys is null ? shown : [.. shown.Where(s => keys.Contains(s.Name))];
        to.Error(error);
        to.String(
            error == ErrorCode.None ? null
                : error == ErrorCode.InvalidRequest ? "Topics and the broker have settings here."
                : "There is no such topic.");
        to.Int8(type);
        to.String(name);
        to.ArrayLength(shown.Length);
        foreach (Shown setting in shown)
        {
            WriteSetting(to, version, setting);
        }

        to.Tags();
    }

    private static void WriteSetting(WireWriter to, short version, Shown setting)
    {
        to.String(setting.Name);
        to.String(setting.Value);
        to.Bool(setting.Source == FromBroker);
        to.Int8(setting.Source);
        to.Bool(false);
        to.ArrayLength(0);
        if (version >= 3)
        {
            to.Int8(setting.Type);
            to.String(null);
        }

        to.Tags();
    }

    private static Shown[] OfTopic(Topic topic)
        => [.. topic.Config.Describe().Select(e => new Shown(e.Name, e.Value, e.Type, e.IsDefault ? FromDefault : FromTopic))];

    private Shown[] OfBroker() =>
    [
        new("num.partitions", Text(options.DefaultPartitions), IntType, FromBroker),
        new("auto.create.topics.enable", options.AutoCreateTopics ? "true" : "false", BooleanType, FromBroker),
        new("default.replication.factor", "1", IntType, FromBroker),
        new("message.max.bytes", Text(TopicConfig.Default.MaxMessageBytes), IntType, FromBroker),
        new("offset.metadata.max.bytes", Text(options.Groups.MaxMetadataBytes), IntType, FromBroker),
        new("socket.request.max.bytes", Text(options.MaxRequestBytes), IntType, FromBroker),
        new("connections.max.idle.ms", Text(options.IdleTimeoutMs), LongType, FromBroker),
        new("log.retention.ms", Text(TopicConfig.Default.RetentionMs), LongType, FromBroker),
    ];

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Change(string Name, sbyte Operation, string? Value);

    private readonly record struct Shown(string Name, string Value, sbyte Type, sbyte Source);
}
