using System.Buffers.Binary;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Broker;
using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;
using TokenStream.Broker.Network;
using TokenStream.Broker.Protocol;
using Xunit;

namespace TokenStream.Tests.Broker.Protocol;

/// <summary>What one request allocates does not grow with the batches it carries: they pass through pooled buffers.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class AllocationTests : IAsyncDisposable
{
    private const int Requests = 200, BatchBytes = 200_000, MostBytesARequest = 4_000;

    private readonly string _directory = Directory.CreateTempSubdirectory("allocation-").FullName;
    private readonly LogStore _store;
    private readonly GroupCoordinator _groups;
    private readonly RequestDispatcher _dispatcher;
    private readonly RequestContext _request = new("/127.0.0.1", CancellationToken.None);
    private readonly MemoryBudget _responses = new(1 << 30);

    public AllocationTests()
    {
        var options = new BrokerOptions { Store = new LogStoreOptions { DataDirectory = _directory } };
        _store = LogStore.Open(options.Store, TimeProvider.System, NullLogger.Instance);
        _groups = new GroupCoordinator(options.Groups, OffsetLog.Open(_store, options.Groups, TimeProvider.System), TimeProvider.System, NullLogger.Instance);
        var topics = new TopicCatalog(_store, options, NullLogger.Instance, new LineLimiter(TimeProvider.System));
        _dispatcher = new RequestDispatcher(_store, topics, _groups, options, new Advertisement("127.0.0.1", 9092), _responses, TimeProvider.System);
        _store.Create("t", 1, TopicConfig.Default);
    }

    [Fact]
    public async Task Produce_and_fetch_allocate_little_beside_what_the_pools_keep()
    {
        byte[] produce = RawClient.Frame(ApiKey.Produce, 8, 1, RawClient.Produce("t", 0, RawClient.Batch(new string('x', BatchBytes))));
        Assert.InRange(await BytesPerRequest(_ => produce), 0, MostBytesARequest);
        byte[] fetch = RawClient.Frame(ApiKey.Fetch, 4, 1, RawClient.Fetch("t", 0, 0, maxWaitMs: 0));
        Assert.InRange(await BytesPerRequest(_ => fetch), 0, MostBytesARequest);
    }

    public async ValueTask DisposeAsync()
    {
        _request.Dispose();
        _groups.Dispose();
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<long> BytesPerRequest(Func<int, byte[]> frame)
    {
        long before = 0;
        for (int i = -20; i < Requests; i++)
        {
            // The first ones fill the pools and compile the code.
            before = i == 0 ? GC.GetTotalAllocatedBytes(precise: true) : before;
            byte[] next = frame(i);
            Assert.True(_request.Begin(next.AsMemory(4)));
            await _dispatcher.DispatchAsync(_request);
            Assert.Equal(_request.Response.Length - 4, BinaryPrimitives.ReadInt32BigEndian(_request.Response.End().Span));
            _request.Response.Release();
        }

        return (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;
    }
}
