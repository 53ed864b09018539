using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>DeleteTopics, CreatePartitions and DeleteRecords.</summary>
internal sealed class TopicAdminHandler(TopicCatalog topics, GroupCoordinator groups)
{
    public void Delete(RequestContext request)
    {
        short version = request.Version;
        WireReader from = request.Body();
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        int count = from.Count(1);
        to.ArrayLength(count);
        for (int i = 0; i < count; i++)
        {
            string? name = version >= 6 ? from.NullableString() : from.String();
            Guid id = version >= 6 ? from.Uuid() : Guid.Empty;
            if (version >= 6)
            {
                from.Tags();
            }

            Topic? topic = name is null ? topics.Find(id) : topics.Find(name);
            (ErrorCode error, string? message) = Delete(topic, byId: name is null);
            to.String(name ?? topic?.Name);
            if (version >= 6)
            {
                to.Uuid(topic?.Id ?? id);
            }

            to.Error(error);
            if (version >= 5)
            {
                to.Message(message);
            }

            to.Tags();
        }

        to.Tags();
    }

    public void AddPartitions(RequestContext request)
    {
        WireReader from = request.Body();
        int count = from.Count(4);
        var asked = new List<(string Name, int Total)>(count);
        for (int i = 0; i < count; i++)
        {
            asked.Add((from.String(), from.Int32()));
            for (int a = from.Count(1); a > 0; a--)
            {
                _ = from.Int32Array();
                from.Tags();
            }

            from.Tags();
        }

        _ = from.Int32();
        bool validateOnly = from.Bool();
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        to.ArrayLength(asked.Count);
        foreach ((string name, int total) in asked)
        {
            (ErrorCode error, string? message) = AddPartitions(name, total, validateOnly);
            to.String(name);
            to.Error(error);
            to.Message(message);
            to.Tags();
        }

        to.Tags();
    }

    public void DeleteRecords(RequestContext request)
    {
        WireReader from = request.Body();
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        int count = from.Count(3);
        to.ArrayLength(count);
        for (int t = 0; t < count; t++)
        {
            string name = from.String();
            to.String(name);
            int partitions = from.Count(12);
            to.ArrayLength(partitions);
            for (int p = 0; p < partitions; p++)
            {
                int number = from.Int32();
                long offset = from.Int64();
                from.Tags();
                PartitionLog? log = TopicCatalog.IsInternal(name) ? null : topics.Find(name, number);
                LogError error = log?.DeleteRecords(offset) ?? LogError.UnknownTopicOrPartition;
                to.Int32(number);
                to.Int64(error == LogError.None ? log!.LogStart : -1);
                to.Int16((short)error);
                to.Tags();
            }

            from.Tags();
            to.Tags();
        }

        to.Tags();
    }

    private (ErrorCode Error, string? Message) Delete(Topic? topic, bool byId)
    {
        if (topic is null)
        {
            return (byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition, "There is no such topic.");
        }

        if (TopicCatalog.IsInternal(topic.Name))
        {
            return (ErrorCode.InvalidTopic, $"{topic.Name} is the log's own and cannot be deleted.");
        }

        TopicResult deleted = topics.Delete(topic.Name);
        if (deleted.Error == LogError.None)
        {
            groups.ForgetTopic(topic.Name);
        }

        return ((ErrorCode)deleted.Error, deleted.Message);
    }

    private (ErrorCode Error, string? Message) AddPartitions(string name, int total, bool validateOnly)
    {
        Topic? topic = topics.Find(name);
        if (topic is null)
        {
            return (ErrorCode.UnknownTopicOrPartition, "There is no such topic.");
        }

        if (TopicCatalog.IsInternal(name) || total <= topic.Partitions.Length)
        {
            return (
                ErrorCode.InvalidPartitions,
                $"Topic {name} has {topic.Partitions.Length} partitions; their number can only be raised, and not of the log's own.");
        }

        if (validateOnly)
        {
            return (ErrorCode.None, null);
        }

        TopicResult added = topics.AddPartitions(name, total);
        return ((ErrorCode)added.Error, added.Message);
    }
}
