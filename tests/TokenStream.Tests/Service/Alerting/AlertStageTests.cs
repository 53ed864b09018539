using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Governing.Alerts;
using TokenStream.Runtime;
using TokenStream.Service.Alerting;
using TokenStream.Service.Options;
using TokenStream.Tests.Broker;
using Xunit;
using Record = TokenStream.Runtime.Record;
using static TokenStream.Tests.Service.Alerting.AlertFixture;

namespace TokenStream.Tests.Service.Alerting;

public sealed class AlertStageTests : IDisposable
{
    private static readonly TopicPartition Partition = new("tokenstream.alerts", 0);

    private readonly FixedSource _source = new();
    private readonly StreamMetrics _metrics = new();

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task A_successor_goes_on_where_the_last_one_was()
    {
        var stage = Stage("one");
        var reader = Assign(stage);
        Read(reader, 0, Begin("a"));
        Read(reader, 1, Begin("b"));
        await stage.StepAsync(1000);
        Tell(stage.Book!, 2);
        Read(reader, 2, End("a", endedMs: Now));
        await stage.StepAsync(1000);
        Assert.Equal(new OffsetCommit(Partition, 0, "1;one=2"), _source.Commit);

        // The same records again, to another stage: a's end is all that is left to tell.
        var successor = Stage("one", "two");
        reader = Assign(successor);
        Read(reader, 0, Begin("a"));
        Read(reader, 1, Begin("b"));
        Read(reader, 2, End("a", endedMs: Now));
        await successor.StepAsync(1000);
        Assert.Equal([("a", Told.Resolved)], successor.Book!.Pending(0, 9).Select(n => (n.First.Fingerprint, n.What)));
        Assert.Equal([("b", Told.Firing)], successor.Book!.Pending(1, 9).Select(n => (n.First.Fingerprint, n.What)));
    }

    [Fact]
    public async Task What_is_no_alert_is_passed_over_and_a_refused_commit_is_made_again()
    {
        var stage = Stage("one");
        var reader = Assign(stage);
        reader.Read(new Record(0, 0, [], Encoding.UTF8.GetBytes("{}")));
        _source.Accepts = false;
        await stage.StepAsync(1000);
        _source.Accepts = true;
        await stage.StepAsync(1000);
        Assert.Equal(new OffsetCommit(Partition, 1, "1;one=1"), _source.Commit);
    }

    [Fact]
    public void A_partition_that_moves_away_leaves_no_book()
    {
        var stage = Stage("one");
        Assign(stage);
        stage.Lost(Partition);
        Assert.Null(stage.Book);
    }

    [Theory]
    [InlineData("1;a=5;b=7", 5)]
    [InlineData("1", 0)]
    [InlineData("2;a=5", 0)]
    [InlineData("1;a=-5", 0)]
    [InlineData("1;a=x;=;a", 0)]
    [InlineData(null, 0)]
    public void Metadata_of_another_format_says_nothing(string? metadata, long told) =>
        Assert.Equal(told, AlertCommit.Read(metadata).GetValueOrDefault("a"));

    private static long Now { get; } = new ManualTime().GetUtcNow().ToUnixTimeMilliseconds();

    private static void Read(IPartitionReader reader, long offset, Alert alert) =>
        reader.Read(new Record(offset, 0, Encoding.UTF8.GetBytes(alert.Fingerprint), AlertFormat.Write(alert with { AtMs = Now })));

    private static void Tell(AlertBook book, int times)
    {
        for (var i = 0; i < times; i++)
        {
            book.Done(0, book.Pending(0, 1)[0]);
        }
    }

    private static IPartitionReader Assign(AlertStage stage) => stage.Assigned(Partition).Reader;

    private AlertStage Stage(params string[] receivers) => new(
        _source, [.. receivers.Select(name => AReceiver(ReceiverKind.Webhook) with { Name = name })], new ManualTime(), _metrics.Alerts, NullLogger.Instance);

    /// <summary>A source that keeps the last commit; records are handed over by the test.</summary>
    private sealed class FixedSource : IRecordSource
    {
        public OffsetCommit? Commit { get; private set; }

        public bool Accepts { get; set; } = true;

        public void Poll(TimeSpan wait, IAssignmentHandler handler)
        {
        }

        public ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits)
        {
            Commit = Accepts ? commits.Single() : Commit;
            return ValueTask.FromResult(Accepts);
        }

        public OffsetCommit? Committed(TopicPartition partition) => Commit;

        public void Seek(TopicPartition partition, long offset)
        {
        }

        public void SetPaused(TopicPartition partition, bool paused)
        {
        }

        public (long Start, long End) Watermarks(TopicPartition partition) => (0, 0);

        public bool IsAtEnd(TopicPartition partition) => true;

        public (long Start, long End) QueryWatermarks(TopicPartition partition) => (0, 0);

        public void Dispose()
        {
        }
    }
}
