using TokenStream.Mapping;
using TokenStream.Mapping.Sources;
using TokenStream.Runtime;
using TokenStream.Service.Sources;
using Xunit;

namespace TokenStream.Tests.Service.Sources;

public sealed class SourcePublisherTests
{
    private const long T0 = 1_767_225_600_000;

    private readonly SourceCounters _counters = new("node-1");
    private readonly FailingSink _sink = new();

    [Fact]
    public async Task What_the_log_did_not_acknowledge_is_told_again_in_its_latest_form()
    {
        var publisher = new SourcePublisher(_sink, "sources", _counters);
        _counters.Refuse(PayloadSources.LiteLlm, "reason", T0);
        _sink.Fails = true;
        await Assert.ThrowsAsync<PublishFailedException>(() => publisher.PublishAsync(T0));
        _counters.Refuse(PayloadSources.LiteLlm, "reason", T0 + 1);
        _counters.Refuse(PayloadSources.LiteLlm, "reason", T0 + 60_000);
        await Assert.ThrowsAsync<PublishFailedException>(() => publisher.PublishAsync(T0 + 60_000));
        _sink.Fails = false;
        _sink.Published.Clear();
        await publisher.PublishAsync(T0 + 60_001);
        Assert.Equal([(T0, 2L), (T0 + 60_000, 1L)], _sink.Published);
        await publisher.PublishAsync(T0 + 60_002);
        Assert.Equal(2, _sink.Published.Count);
    }

    [Theory]
    [InlineData("litellm/1.106.2", "litellm", "1.106.2")]
    [InlineData("litellm", "litellm", "")]
    [InlineData("@arizeai/openinference-instrumentation-openai", "@arizeai/openinference-instrumentation-openai", "")]
    [InlineData("@arizeai/openinference-instrumentation-openai/v0.1", "@arizeai/openinference-instrumentation-openai", "v0.1")]
    [InlineData("a/", "a/", "")]
    [InlineData("", "", "")]
    public void An_emitter_is_its_name_and_its_version(string emitter, string name, string version) =>
        Assert.Equal((name, version), SourceTables.Split(emitter));

    private sealed class FailingSink : IRecordSink
    {
        public bool Fails { get; set; }

        public List<(long MinuteMs, long Refused)> Published { get; } = [];

        public void Publish(
            TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null)
        {
            var record = SourceRecord.Parse(value)!;
            Published.Add((record.MinuteMs, record.Refused["reason"]));
        }

        public void Delete(TopicPartition partition, ReadOnlySpan<byte> key) =>
            throw new InvalidOperationException("a count is never deleted");

        public ValueTask FlushAsync() => Fails ? throw new PublishFailedException("the log is away") : ValueTask.CompletedTask;

        public void Dispose()
        {
        }
    }
}
