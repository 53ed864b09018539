using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Runtime;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>The real worker and stage over simulated edges, for one input partition.</summary>
internal sealed class AggregateActor : SimulatedActor
{
    private readonly StreamWorker _worker;
    private readonly AggregateStage _stage;
    private readonly InputSource _source;
    private readonly HashSet<string> _namesForLife = [];

    public AggregateActor(SimulatedWorld world, int part, StreamMetrics metrics)
        : base(world, "aggregate", part)
    {
        Clock = new SimulatedClock(world) { ShiftMs = world.Choice(0, 3000, -3000) * SimulatedWorld.Second };
        _source = new InputSource(this);
        var rules = world.Rules;
        if (world.Mutation == Mutation.BookAtOnce)
        {
            rules = new RulesHistory();
            foreach (var version in Enumerable.Range(1, world.Book))
            {
                rules.Add(world.Rules.Latest! with { Version = version });
            }
        }

        var interval = world.Choice(0, 2, 20) * SimulatedWorld.Second;
        var options = new AggregateStageOptions { RulesIntervalMs = 0, LiveIntervalMs = interval, SpendIntervalMs = interval };
        _stage = new AggregateStage(
            _source, new SimulatedSink(this), new SimulatedLiveSink(world), new SimulatedLiveSink(world), rules, options, metrics, NullLogger.Instance);
        _worker = new StreamWorker("aggregate", _source, _stage, Clock, NullLogger.Instance);
    }

    public SimulatedClock Clock { get; }

    public AggregateProcessor? Processor => _stage.Partitions.SingleOrDefault()?.Processor;

    public override bool IsQuiet => Processor is { IsQuiet: true, Pending: null } && _source.IsAtLogEnd;

    /// <summary>What the mutations of a processor's inside do between two records.</summary>
    public void AfterRecord()
    {
        if (Processor is not { } processor)
        {
            return;
        }

        if (World.Mutation == Mutation.ForgetWhenFull && processor.Duplicates.Count > 12)
        {
            processor.Duplicates.Clear();
        }
        else if (World.Mutation == Mutation.NamesForLife)
        {
            NameForLife(processor);
        }
    }

    protected override async Task StepAsync()
    {
        Clock.ShiftMs += World.Chance(0.005) ? World.Choice(-5000, 5000) * SimulatedWorld.Second : 0;
        await _worker.StepAsync(TimeSpan.Zero);
        if (_stage.Stopped.Any())
        {
            World.Reported.Add(Part);
            throw new SimulatedCrashException("retention took what the replay needs");
        }
    }

    private void NameForLife(AggregateProcessor processor)
    {
        for (var id = NameIndex.Other + 1; id < processor.Names.Count; id++)
        {
            var name = System.Text.Encoding.UTF8.GetString(processor.Names.Name(id));
            if (name.Length == 1 && "abcde".Contains(name, StringComparison.Ordinal))
            {
                _namesForLife.Add(name);
            }
        }

        foreach (var window in processor.OpenWindows)
        {
            foreach (var name in _namesForLife)
            {
                window.Names.Name(Dimension.Tenant, processor.Names.Id(System.Text.Encoding.UTF8.GetBytes(name)));
            }
        }
    }
}

/// <summary>The real worker and store stage over simulated edges, for one rollups partition.</summary>
internal sealed class StoreActor : SimulatedActor
{
    private readonly StreamWorker _worker;
    private readonly StoreStage _stage;
    private readonly OutputSource _source;

    public StoreActor(SimulatedWorld world, int part, StreamMetrics metrics)
        : base(world, "store", part)
    {
        _source = new OutputSource(this);
        var options = new StoreStageOptions { MaxAgeMs = world.Choice(0, 1, 30) * SimulatedWorld.Second, MaxRows = 6, Grains = SimulatedWorld.Grains };
        _stage = new StoreStage(_source, new SimulatedStore(this, _source), options, metrics, NullLogger.Instance, world.Random, CancellationToken.None);
        _worker = new StreamWorker("store", _source, _stage, new SimulatedClock(world), NullLogger.Instance);
    }

    public override bool IsQuiet => _source.IsAtLogEnd && _stage.Partitions.All(p => p.IsEmpty);

    protected override Task StepAsync() => _worker.StepAsync(TimeSpan.Zero).AsTask();
}
