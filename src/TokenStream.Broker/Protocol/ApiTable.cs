using System.Collections.Immutable;

namespace TokenStream.Broker.Protocol;

/// <summary>The versions offered to clients, and from which on an API is flexible (compact lengths, tagged fields).</summary>
/// <remarks>
/// Ranges reach down on purpose. Older clients test for single versions: librdkafka 2.0.2 sends gzip, snappy and lz4 uncompressed,
/// silently, unless Produce is offered from 0, and never joins a group unless FindCoordinator is. Produce 0-2 is offered and refused when
/// used. Upper ends lie below the versions that need topic ids (Fetch 13, Metadata 10), which these clients do not need.
/// </remarks>
internal static class ApiTable
{
    public static ImmutableArray<ApiRange> Offered { get; } =
    [
        new(ApiKey.Produce, 0, 8, 9),
        new(ApiKey.Fetch, 4, 12, 12),
        new(ApiKey.ListOffsets, 1, 6, 6),
        new(ApiKey.Metadata, 0, 9, 9),
        new(ApiKey.OffsetCommit, 2, 8, 8),
        new(ApiKey.OffsetFetch, 1, 8, 6),
        new(ApiKey.FindCoordinator, 0, 4, 3),
        new(ApiKey.JoinGroup, 2, 6, 6),
        new(ApiKey.Heartbeat, 0, 4, 4),
        new(ApiKey.LeaveGroup, 0, 4, 4),
        new(ApiKey.SyncGroup, 0, 4, 4),
        new(ApiKey.DescribeGroups, 0, 5, 5),
        new(ApiKey.ListGroups, 0, 4, 3),
        new(ApiKey.ApiVersions, 0, 3, 3),
        new(ApiKey.CreateTopics, 2, 7, 5),
        new(ApiKey.DeleteTopics, 1, 6, 4),
        new(ApiKey.DeleteRecords, 0, 2, 2),
        new(ApiKey.InitProducerId, 0, 3, 2),
        new(ApiKey.DescribeConfigs, 1, 4, 4),
        new(ApiKey.CreatePartitions, 0, 2, 2),
        new(ApiKey.DeleteGroups, 0, 2, 2),
        new(ApiKey.IncrementalAlterConfigs, 0, 1, 1),
        new(ApiKey.DescribeCluster, 0, 0, 0),
    ];

    private static readonly ApiRange?[] ByKey = Index();

    /// <summary>The range of an API by the number on the wire; false for one that is not offered.</summary>
    public static bool TryFind(short key, out ApiRange range)
    {
        ApiRange? found = key >= 0 && key < ByKey.Length ? ByKey[key] : null;
        range = found.GetValueOrDefault();
        return found.HasValue;
    }

    private static ApiRange?[] Index()
    {
        var index = new ApiRange?[Offered.Max(r => (int)r.Key) + 1];
        foreach (ApiRange range in Offered)
        {
            index[(int)range.Key] = range;
        }

        return index;
    }
}

/// <summary>One API's offer, both ends included.</summary>
internal readonly record struct ApiRange(ApiKey Key, short Min, short Max, short FirstFlexible)
{
    public bool Offers(short version) => version >= Min && version <= Max;

    public bool IsFlexible(short version) => version >= FirstFlexible;
}
