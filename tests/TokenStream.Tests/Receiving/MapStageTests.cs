using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Mapping;
using TokenStream.Receiver.Intake;
using TokenStream.Receiver.Topics;
using TokenStream.Runtime;
using TokenStream.Tests.Broker;
using Xunit;
using Record = TokenStream.Runtime.Record;

namespace TokenStream.Tests.Receiving;

public sealed class MapStageTests : IDisposable
{
    private const string Event =
        """{"event_id":"a","time":1750000000000,"tenant_id":"acme","provider":"openai","model":"gpt-4o","tokens_in":7,"tokens_out":1}""";

    private static readonly TopicPartition Native = new("native", 0);
    private static readonly TopicPartition Mixed = new("mixed", 1);

    private readonly ListSink _sink = new();
    private readonly PausingSource _source = new();
    private readonly StreamMetrics _metrics = new();

    public void Dispose()
    {
        _metrics.Dispose();
        _sink.Dispose();
    }

    [Fact]
    public async Task Offsets_are_committed_after_every_event_was_acknowledged()
    {
        var stage = Stage();
        var reader = stage.Assigned(Native).Reader;
        Read(reader, 0, $"[{Event},{Event}]");
        Read(reader, 1, Event);
        await stage.StepAsync(99);
        Assert.Empty(_source.Commits);
        await stage.StepAsync(1);
        Assert.Equal([new OffsetCommit(Native, 2, "")], _source.Commits);
        Assert.Equal([Event, Event, Event], _sink.Values("in"));

        // Nothing new, nothing to commit.
        await stage.StepAsync(1000);
        Assert.Single(_source.Commits);
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_mapped_again()
    {
        var stage = Stage();
        var reader = stage.Assigned(Native).Reader;
        Read(reader, 0, Event);
        await stage.StepAsync(100);
        Read(reader, 1, Event);
        _sink.Fault = "gone";
        await stage.StepAsync(100);
        Assert.Equal("gone", stage.Unavailable);
        Assert.Equal([new OffsetCommit(Native, 1, "")], _source.Commits);

        // What comes in between is not taken; after the wait everything begins where it is committed.
        Read(reader, 2, Event);
        _sink.Fault = null;
        await stage.StepAsync(0);
        Assert.True(_source.IsPaused);
        await stage.StepAsync(1000);
        Assert.Equal((1L, false, null), (_source.SoughtTo, _source.IsPaused, stage.Unavailable));
        Read(reader, 1, Event);
        await stage.StepAsync(100);
        Assert.Equal(new OffsetCommit(Native, 2, ""), _source.Commits[^1]);
    }

    [Fact]
    public async Task A_refused_commit_begins_again_at_what_is_committed()
    {
        var stage = Stage();
        var reader = stage.Assigned(Native).Reader;
        Read(reader, 0, Event);
        _source.Accepts = false;
        await stage.StepAsync(100);
        Assert.Equal(0L, _source.SoughtTo);
    }

    [Fact]
    public void A_partition_that_moves_away_is_finished_first()
    {
        var stage = Stage();
        Read(stage.Assigned(Native).Reader, 0, Event);
        stage.Revoked(Native);
        Assert.Equal([new OffsetCommit(Native, 1, "")], _source.Commits);
        Assert.False(stage.HasPartitions);
    }

    [Fact]
    public void Payloads_that_retention_took_are_passed_over()
    {
        _source.Start = 5;
        _source.Commits.Add(new OffsetCommit(Native, 3, ""));
        Assert.Equal(5, Stage().Assigned(Native).Offset);
        _source.Commits.Add(new OffsetCommit(Native, 7, ""));
        Assert.Equal(7, Stage().Assigned(Native).Offset);
    }

    [Fact]
    public void Headers_say_what_a_payload_is_where_the_topic_does_not()
    {
        var reader = Stage().Assigned(Mixed).Reader;
        Read(reader, 0, Event, ("ts-source", "native"));
        Read(reader, 1, Event, ("content-type", "application/json"));
        Read(reader, 2, Event, ("ts-source", "nobody"));
        Assert.Equal([Event], _sink.Values("in"));
        Assert.Equal([Event, Event], _sink.Values("dead"));
        Assert.Equal(
            ("source_unknown", "mixed", "2"), (_sink.Headers["reason"], _sink.Headers["source.topic"], _sink.Headers["source.offset"]));
    }

    [Fact]
    public void What_a_source_refuses_is_a_dead_letter_of_its_position()
    {
        Read(Stage().Assigned(Native).Reader, 4, $"[{Event}, 7]");
        Assert.Equal([Event], _sink.Values("in"));
        Assert.Equal(["[7]"], _sink.Values("dead"));
        Assert.Equal("native/0/4", _sink.Records[^1].Key);
    }

    private static void Read(IPartitionReader reader, long offset, string value, params (string Name, string Value)[] headers) =>
        reader.Read(new Record(offset, 1, [], Encoding.UTF8.GetBytes(value), new FixedHeaders(headers)));

    private MapStage Stage() => new(
        _source,
        _sink,
        [
            new TopicSource("native", PayloadSources.Native, new AttributionOverride()),
            new TopicSource("mixed", null, new AttributionOverride()),
        ],
        new LogTopics("in", "dead", 1),
        _metrics,
        counters: null,
        new ManualTime(),
        NullLogger.Instance,
        new Random(1));

    private sealed class FixedHeaders((string Name, string Value)[] all) : IRecordHeaders
    {
        public void CopyTo(PayloadHeaders headers)
        {
            foreach (var (name, value) in all)
            {
                headers.Add(name, value);
            }
        }
    }

    /// <summary>A source that keeps commits and where it was sent; records are handed over by the test.</summary>
    private sealed class PausingSource : IRecordSource
    {
        public List<OffsetCommit> Commits { get; } = [];

        public bool Accepts { get; set; } = true;

        public bool IsPaused { get; private set; }

        public long? SoughtTo { get; private set; }

        public long Start { get; set; }

        public void Poll(TimeSpan wait, IAssignmentHandler handler)
        {
        }

        public ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits)
        {
            Commits.AddRange(Accepts ? commits : []);
            return ValueTask.FromResult(Accepts);
        }

        public OffsetCommit? Committed(TopicPartition partition) => Commits.LastOrDefault(commit => commit.Partition == partition);

        public void Seek(TopicPartition partition, long offset) => SoughtTo = offset;

        public void SetPaused(TopicPartition partition, bool paused) => IsPaused = paused;

        public (long Start, long End) Watermarks(TopicPartition partition) => (-1, -1);

        public bool IsAtEnd(TopicPartition partition) => false;

        public (long Start, long End) QueryWatermarks(TopicPartition partition) => (Start, 100);

        public void Dispose()
        {
        }
    }
}
