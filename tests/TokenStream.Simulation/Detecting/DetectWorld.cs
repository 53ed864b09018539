using Microsoft.Extensions.Logging;
using TokenStream.Detection;
using TokenStream.Runtime;
using TokenStream.Simulation.Governing;
using TokenStream.Tests.Detection.Series;
using TokenStream.Windowing;

namespace TokenStream.Simulation.Detecting;

/// <summary>Everything outside the nodes that detect: one rollups partition, the snapshots of its series, the group, and weather.</summary>
internal sealed class DetectWorld
{
    public const string RollupsTopic = "tokenstream.rollups";
    public const string SeriesTopic = "tokenstream.series";

    private readonly List<object> _toCome;
    private readonly Dictionary<string, string> _expected = new(StringComparer.Ordinal);
    private readonly HashSet<string> _scored = new(StringComparer.Ordinal);
    private readonly List<LogRecord> _delayed = [];
    private readonly HashSet<LogRecord> _tombstones = [];

    public DetectWorld(int seed, DetectMutation mutation)
    {
        (Mutation, Random) = (mutation, new Random(seed));
        _toCome = DetectFeed.Random(seed);
        (ExpectedState, _) = Straight();
    }

    public DetectMutation Mutation { get; }

    public Random Random { get; }

    public long NowMs { get; set; } = DetectFeed.Noon;

    /// <summary>Whether faults have ceased.</summary>
    public bool IsCalm { get; set; }

    public SimulatedLog Rollups { get; } = new();

    public SimulatedLog Series { get; } = new();

    /// <summary>Which owner may commit.</summary>
    public int Generation { get; set; }

    public OffsetCommit? Committed { get; private set; }

    public List<string> Faults { get; } = [];

    /// <summary>What a processor that never stopped holds in the end.</summary>
    public List<byte[]> ExpectedState { get; }

    public int Snapshots { get; private set; }

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public bool Fails(double probability) => !IsCalm && Chance(probability);

    /// <summary>Some more records of the aggregators; all of them once it is calm.</summary>
    public void Arrive()
    {
        for (var left = IsCalm ? int.MaxValue : Random.Next(6); left > 0 && _toCome.Count > 0; left--)
        {
            Rollups.Append(new LogRecord([], RollupRecords.Of(_toCome[0])));
            _toCome.RemoveAt(0);
        }
    }

    public bool IsAtEnd => _toCome.Count == 0;

    public void Commit(OffsetCommit commit)
    {
        if (commit.Offset < Committed?.Offset)
        {
            Fault($"the commit went back from {Committed.Offset} to {commit.Offset}");
        }

        Snapshots += commit.Metadata != Committed?.Metadata ? 1 : 0;
        Committed = commit;
    }

    public void AppendSeries(LogRecord record)
    {
        for (var copies = Fails(0.02) ? 2 : 1; copies > 0; copies--)
        {
            Series.Append(record);
        }
    }

    /// <summary>A record is under way that nobody waits for any more.</summary>
    public void Delay(LogRecord record) => _delayed.Add(record);

    /// <summary>Records that arrive late, compaction, retention up to what is committed with a snapshot.</summary>
    public void Weather()
    {
        if (_delayed.Count > 0 && (IsCalm || Chance(0.15)))
        {
            var which = Random.Next(_delayed.Count);
            AppendSeries(_delayed[which]);
            _delayed.RemoveAt(which);
        }

        if (Chance(0.1))
        {
            Series.Compact(_tombstones);
        }

        if (Committed is { } commit && commit.Offset > Rollups.Start && DetectCommit.Parse(commit.Offset, commit.Metadata).Snapshot.Length > 0 &&
            Chance(0.2))
        {
            Rollups.Start = Random.NextInt64(Rollups.Start, commit.Offset + 1);
        }
    }

    /// <summary>A point that some owner scored: whoever it was, it is the one that would have been scored without any fault.</summary>
    public void Scored(in ScoredPoint point)
    {
        var key = KeyOf(point);
        _scored.Add(key);
        if (_expected.GetValueOrDefault(key) is not { } expected || expected != point.ToString())
        {
            Fault($"scored {point}, expected {_expected.GetValueOrDefault(key) ?? "no such point"}");
        }
    }

    public void Fault(string fault)
    {
        if (Faults.Count < 10)
        {
            Faults.Add(fault);
        }
    }

    public void CompareAtEnd(DetectNode owner)
    {
        if (_expected.Keys.FirstOrDefault(key => !_scored.Contains(key)) is { } missing)
        {
            Fault($"never scored: {missing}");
        }

        var state = DetectNode.StateOf(owner.Partition!.Processor);
        if (state.Count != ExpectedState.Count || state.Zip(ExpectedState).Any(pair => !pair.First.AsSpan().SequenceEqual(pair.Second)))
        {
            Fault("the state in the end is not the one of a processor that never stopped");
        }
    }

    private static string KeyOf(in ScoredPoint point) => $"{point.MinuteMs} {point.Path} {point.Measure}";

    private (List<byte[]> State, int Points) Straight()
    {
        var shared = new FingerprintDetector();
        var processor = new DetectProcessor(new DetectOptions(), _ => shared)
        {
            Scored = (in ScoredPoint point, IPointProbe _) => _expected.Add(KeyOf(point), point.ToString()),
        };
        var anomalies = new List<Anomaly>();
        foreach (var record in _toCome)
        {
            if (record is Rollup value)
            {
                processor.Read(value);
                continue;
            }

            processor.Read((Mark)record);
            while (processor.IsDue)
            {
                processor.ScoreNext(isHistory: false, anomalies);
            }
        }

        return (DetectNode.StateOf(processor), _expected.Count);
    }
}

/// <summary>Takes it for a fault when the stage says that a snapshot cannot be used, or that records are gone: neither may happen.</summary>
internal sealed class FaultLogger(DetectWorld world) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id is 4502 or 4503 or 4504 or 2000)
        {
            world.Fault(formatter(state, exception) + exception);
        }
    }
}
