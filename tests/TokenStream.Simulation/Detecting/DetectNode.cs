using TokenStream.Detection;
using TokenStream.Runtime;
using TokenStream.Tests.Detection.Series;

namespace TokenStream.Simulation.Detecting;

/// <summary>A node that detects: the real worker and stage over simulated edges. It learns that it lost its partition sooner or later, or never.</summary>
internal sealed class DetectNode : TurnActor
{
    private readonly StreamWorker _worker;

    public DetectNode(DetectWorld world, StreamMetrics metrics)
    {
        (World, Generation) = (world, ++world.Generation);
        Source = new DetectSource(this);
        Sink = new DetectSink(this);
        var clock = new WorldClock(world);
        var random = world.Random;
        var options = new DetectStageOptions
        {
            HistoryMs = long.MaxValue / 4,
            PointsAStep = random.Next(1, 1000),
            SnapshotIntervalMs = random.Next(0, 200),
            SnapshotBytesPerSecond = long.MaxValue / 4,
            SnapshotSliceBytes = random.Next(1, 20_000),
            SnapshotChunkBytes = random.Next(50, 8_000),
            RetryMs = 10,
        };
        Stage = new DetectStage(Source, Sink, new SeriesReader(this), _ => new FingerprintDetector(), options, metrics, clock, new FaultLogger(world));
        _worker = new StreamWorker("detect", Source, Stage, clock, new FaultLogger(world));
    }

    public DetectWorld World { get; }

    public int Generation { get; }

    public bool IsOwner => Generation == World.Generation || World.Mutation == DetectMutation.NoFencing;

    public DetectStage Stage { get; }

    public DetectSource Source { get; }

    public DetectSink Sink { get; }

    public DetectPartition? Partition => Stage.Partitions.FirstOrDefault(partition => partition.IsStarted);

    public static List<byte[]> StateOf(DetectProcessor processor)
    {
        var chunks = new List<byte[]>();
        processor.BeginSnapshot(10_000).Continue(long.MaxValue, (_, bytes) => chunks.Add(bytes.ToArray()));
        return chunks;
    }

    protected override async Task StepAsync()
    {
        await _worker.StepAsync(TimeSpan.Zero);
        if (Partition is { } partition)
        {
            partition.Processor.Scored = (in ScoredPoint point, IPointProbe _) => World.Scored(point);
        }

        foreach (var (_, reason) in Stage.Stopped)
        {
            World.Fault(reason);
        }
    }

    private sealed class WorldClock(DetectWorld world) : TimeProvider
    {
        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => world.NowMs;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(world.NowMs);
    }

    private sealed class SeriesReader(DetectNode node) : ICompactedLog
    {
        public void ReadAll(int partition, CompactedRecordReader read)
        {
            if (node.World.Fails(0.02))
            {
                throw new SourceFailedException("the topic cannot be read");
            }

            var log = node.World.Series;
            for (var offset = 0L; offset < log.End; offset++)
            {
                if (log[offset] is { } record)
                {
                    read(partition, offset, record.Key, record.Value ?? [], record.Value is null);
                }
            }
        }

        public void Follow(CompactedRecordReader read) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
