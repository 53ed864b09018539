using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;
using TokenStream.Broker.Network;

namespace TokenStream.Broker.Protocol;

/// <summary>Hands each request to its handler, which builds the response in the context.</summary>
internal sealed class RequestDispatcher(
    LogStore store, TopicCatalog topics, GroupCoordinator groups, BrokerOptions options, Advertisement advertised, MemoryBudget responses,
    TimeProvider time)
{
    private readonly ProduceHandler _produce = new(topics);
    private readonly FetchHandler _fetch = new(topics, options, responses, time);
    private readonly ListOffsetsHandler _listOffsets = new(topics);
    private readonly MetadataHandler _metadata = new(topics, advertised);
    private readonly OffsetsHandler _offsets = new(groups, topics, options.Groups.MaxMetadataBytes, time);
    private readonly GroupMembershipHandler _membership = new(groups);
    private readonly GroupAdminHandler _groupAdmin = new(groups, advertised);
    private readonly CreateTopicsHandler _createTopics = new(topics);
    private readonly TopicAdminHandler _topicAdmin = new(topics, groups);
    private readonly ConfigsHandler _configs = new(topics, options);
    private readonly ProducerIdHandler _producerIds = new(store);

    /// <exception cref="MalformedRequestException">The bytes are no such request; nothing may be answered.</exception>
    /// <exception cref="OperationCanceledException">The peer has gone.</exception>
    public ValueTask DispatchAsync(RequestContext request)
    {
        switch (request.Key)
        {
            case ApiKey.Produce: return _produce.HandleAsync(request);
            case ApiKey.Fetch: return _fetch.HandleAsync(request);
            case ApiKey.OffsetCommit: return _offsets.CommitAsync(request);
            case ApiKey.JoinGroup: return _membership.JoinAsync(request);
            case ApiKey.SyncGroup: return _membership.SyncAsync(request);
            default:
                DispatchAtOnce(request);
                return ValueTask.CompletedTask;
        }
    }

    private void DispatchAtOnce(RequestContext request)
    {
        switch (request.Key)
        {
            case ApiKey.ListOffsets: _listOffsets.Handle(request); break;
            case ApiKey.Metadata: _metadata.Handle(request); break;
            case ApiKey.DescribeCluster: _metadata.DescribeCluster(request); break;
            case ApiKey.OffsetFetch: _offsets.Fetch(request); break;
            case ApiKey.FindCoordinator: _groupAdmin.FindCoordinator(request); break;
            case ApiKey.Heartbeat: _membership.Heartbeat(request); break;
            case ApiKey.LeaveGroup: _membership.Leave(request); break;
            case ApiKey.DescribeGroups: _groupAdmin.Describe(request); break;
            case ApiKey.ListGroups: _groupAdmin.List(request); break;
            case ApiKey.DeleteGroups: _groupAdmin.Delete(request); break;
            case ApiKey.ApiVersions: ApiVersionsHandler.Answer(request); break;
            case ApiKey.CreateTopics: _createTopics.Handle(request); break;
            case ApiKey.DeleteTopics: _topicAdmin.Delete(request); break;
            case ApiKey.DeleteRecords: _topicAdmin.DeleteRecords(request); break;
            case ApiKey.CreatePartitions: _topicAdmin.AddPartitions(request); break;
            case ApiKey.InitProducerId: _producerIds.Handle(request); break;
            case ApiKey.DescribeConfigs: _configs.Describe(request); break;
            case ApiKey.IncrementalAlterConfigs: _configs.Alter(request); break;
            default: throw new MalformedRequestException($"API {request.Key} has no handler.");
        }
    }
}
