namespace TokenStream.Broker;

/// <summary>What the listener has done since its start.</summary>
/// <param name="OpenConnections">Open now.</param>
/// <param name="Connections">Accepted in all.</param>
/// <param name="RefusedConnections">Closed at once because <see cref="BrokerOptions.MaxConnections"/> were open.</param>
/// <param name="Requests">Requests handled.</param>
/// <param name="BadRequests">Connections closed because of bytes that are no request.</param>
/// <param name="FailedRequests">Requests that ended in an error of ours, such as a disk that failed.</param>
/// <param name="TimedOutConnections">Closed because they were idle or too slow.</param>
/// <param name="ReceivedBytes">Of requests.</param>
/// <param name="SentBytes">Of responses.</param>
/// <param name="Groups">Consumer groups known.</param>
/// <param name="CommittedOffsets">Offsets committed, over all groups.</param>
public readonly record struct BrokerStatistics(
    int OpenConnections, long Connections, long RefusedConnections, long Requests, long BadRequests, long FailedRequests,
    long TimedOutConnections, long ReceivedBytes, long SentBytes, int Groups, int CommittedOffsets);
