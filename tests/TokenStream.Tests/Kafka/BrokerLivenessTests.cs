using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;

namespace TokenStream.Tests.Kafka;

public sealed class BrokerLivenessTests
{
    private static readonly TopicPartition Partition = new("in", 3);

    [Theory]
    [InlineData("UP", 0, "learned", 1, "active", true)]
    [InlineData("UP", 2_000_000, "learned", 1, "active", true)]
    [InlineData("UP", 2_000_001, "learned", 1, "active", false)]
    [InlineData("UP", -1, "learned", 1, "active", false)]
    [InlineData("DOWN", 0, "learned", 1, "active", false)]
    [InlineData("UP", 0, "logical", 1, "active", false)]
    [InlineData("UP", 0, "learned", 2, "active", false)]
    [InlineData("UP", 0, "learned", 1, "offset-query", false)]
    public void A_partition_is_alive_while_its_own_broker_answers_fetches(string state, long silence, string source, int node, string fetch, bool alive)
    {
        var liveness = new BrokerLiveness(new Clock());
        Assert.False(liveness.IsAlive(Partition));

        liveness.Read(Statistics(state, silence, source, node, fetch));

        Assert.Equal(alive, liveness.IsAlive(Partition));
        Assert.False(liveness.IsAlive(new TopicPartition("in", 4)));
    }

    [Fact]
    public void Statistics_that_stopped_coming_prove_nothing()
    {
        var clock = new Clock();
        var liveness = new BrokerLiveness(clock);
        liveness.Read(Statistics("UP", 0, "learned", 1, "active"));

        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(liveness.IsAlive(Partition));
        clock.Advance(TimeSpan.FromTicks(1));
        Assert.False(liveness.IsAlive(Partition));
    }

    private static string Statistics(string state, long silence, string source, int node, string fetch) =>
        $"{{\"brokers\":{{\"b\":{{\"nodeid\":{node},\"state\":\"{state}\",\"rxidle\":{silence},\"source\":\"{source}\"}}}},"
        + $"\"topics\":{{\"in\":{{\"partitions\":{{\"3\":{{\"partition\":3,\"broker\":1,\"fetch_state\":\"{fetch}\"}}}}}}}}}}";

    private sealed class Clock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan span) => _ticks += span.Ticks;
    }
}
