using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class TopicConfigTests
{
    [Fact]
    public void Every_setting_is_shown_by_kafkas_name_with_its_default()
    {
        Assert.Equal(
            [
                "retention.ms=604800000", "retention.bytes=-1", "segment.bytes=134217728", "segment.ms=604800000", "cleanup.policy=delete",
                "delete.retention.ms=86400000", "min.compaction.lag.ms=0", "min.cleanable.dirty.ratio=0.5", "message.timestamp.type=CreateTime",
                "max.message.bytes=1048588", "compression.type=producer", "min.insync.replicas=1",
            ],
            TopicConfig.Default.Describe().Select(e => $"{e.Name}={e.Value}"));
        Assert.All(TopicConfig.Default.Describe(), e => Assert.True(e.IsDefault));
    }

    [Theory]
    [InlineData("retention.ms", "-1")]
    [InlineData("retention.bytes", "1000")]
    [InlineData("segment.bytes", "1024")]
    [InlineData("segment.ms", "1")]
    [InlineData("cleanup.policy", "compact")]
    [InlineData("cleanup.policy", "compact,delete")]
    [InlineData("delete.retention.ms", "0")]
    [InlineData("min.compaction.lag.ms", "5")]
    [InlineData("min.cleanable.dirty.ratio", "0.1")]
    [InlineData("message.timestamp.type", "LogAppendTime")]
    [InlineData("max.message.bytes", "2147483647")]
    public void A_setting_is_read_and_shown_in_the_same_spelling_and_null_resets_it(string name, string value)
    {
        Assert.True(TopicConfig.Default.TryWith([new(name, value)], out TopicConfig changed, out string? error), error);
        Assert.Equal(new TopicConfigEntry(name, value, false, changed.Describe().Single(e => e.Name == name).Type), changed.Describe().Single(e => e.Name == name));
        Assert.True(changed.TryWith([new(name, null)], out TopicConfig reset, out _));
        Assert.Equal(TopicConfig.Default, reset);
    }

    [Theory]
    [InlineData("retention.ms", "-2")]
    [InlineData("retention.ms", "soon")]
    [InlineData("retention.ms", "9223372036854775808")]
    [InlineData("segment.bytes", "1023")]
    [InlineData("segment.ms", "0")]
    [InlineData("cleanup.policy", "")]
    [InlineData("cleanup.policy", "compact,shred")]
    [InlineData("min.cleanable.dirty.ratio", "1.1")]
    [InlineData("min.cleanable.dirty.ratio", "NaN")]
    [InlineData("message.timestamp.type", "logappendtime")]
    [InlineData("compression.type", "gzip")]
    [InlineData("min.insync.replicas", "2")]
    [InlineData("retention.days", "1")]
    public void A_value_outside_its_range_or_an_unknown_name_is_refused_by_name(string name, string value)
    {
        Assert.False(TopicConfig.Default.TryWith([new("segment.ms", "5"), new(name, value)], out TopicConfig changed, out string? error));
        Assert.Contains(name, error, StringComparison.Ordinal);
        Assert.Same(TopicConfig.Default, changed);
    }
}
