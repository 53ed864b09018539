using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Scopes;

namespace TokenStream.Simulation.Overshoot;

/// <summary>
/// A budget, gateways that spend it, a stream that brings what they used to the ledger late, and whoever governs; with what breaks in between.
/// What was truly spent is known here alone.
/// </summary>
internal sealed class OvershootWorld
{
    public const long StepMs = 100;

    /// <summary>2026-06-01T10:00:00Z.</summary>
    private const long StartMs = 1_780_308_000_000;

    private const long MostMs = 30 * 60_000;
    private const long RestartMs = 5_000;

    private readonly OvershootPlan _plan;
    private readonly OvershootMutation _mutation;
    private readonly OvershootGateway?[] _gateways;
    private readonly OvershootGovern _govern;
    private readonly PriorityQueue<(long TimeMs, long Cost, int Gateway), long> _stream = new();
    private readonly PriorityQueue<GatewayAck, long> _acks = new();
    private readonly Queue<(long AtMs, int Gateway)> _restarts = new();
    private readonly List<(long FromMs, long ToMs)> _lags;
    private readonly List<(long FromMs, long ToMs, int Gateway)> _cuts;
    private long? _standstillMs;
    private long? _desertedMs;
    private long _nowMs;
    private long _admittedMs;
    private double _due;
    private double _wave = 1;
    private double[] _weights;

    private OvershootWorld(int seed, bool leases, OvershootMutation mutation)
    {
        (_plan, _mutation) = (OvershootPlan.Draw(seed), mutation);
        _gateways = [.. Enumerable.Range(0, _plan.Gateways).Select(i => new OvershootGateway(i, "0", mutation))];
        (_lags, _cuts) = ([.. _plan.Lags], [.. _plan.Cuts]);
        _weights = [.. _gateways.Select(_ => 1.0)];
        var budget = new Budget
        {
            Name = "acme",
            Scope = ScopePattern.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme"))),
            Amount = new BudgetAmount(_plan.LimitPicos, false),
            Period = new BudgetPeriod(PeriodKind.Day),
            Mode = BudgetMode.Enforce,
            Ladder = [new LadderStep { Trigger = LadderTrigger.Exhausted, Action = CommandAction.Kill }],
            Leases = leases,
        };
        _govern = new OvershootGovern(budget, StartMs, mutation);
    }

    public static Scope Acme { get; } = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme")));

    public Int128 Limit => _plan.LimitPicos;

    /// <summary>Everything that providers will bill.</summary>
    public Int128 Spent { get; private set; }

    /// <summary>Of it, what the gateways that were killed told nobody.</summary>
    public Int128 Untold { get; private set; }

    public Int128 Overshoot => Int128.Max(0, Spent - Limit);

    /// <summary>When the amount was truly spent; null if it never was.</summary>
    public long? CrossedMs { get; private set; }

    /// <summary>Estimates of the requests in flight then.</summary>
    public Int128 InFlightThen { get; private set; }

    /// <summary>Estimates of all that was let in from then on.</summary>
    public Int128 AdmittedSince { get; private set; }

    /// <summary>How long after the amount was spent the last request was let in.</summary>
    public long StoppedAfterMs => CrossedMs is { } crossed ? Math.Max(0, _admittedMs - crossed) : 0;

    /// <summary>How long the stream stood still, nobody governed or some gateway was cut off, one after the other: nothing can take longer to be known.</summary>
    public long DelaysMs => _lags.Sum(lag => lag.ToMs - lag.FromMs) + _plan.Outages.Sum(outage => outage.ToMs - outage.FromMs)
        + _cuts.Sum(cut => cut.ToMs - cut.FromMs);

    public int Zombies => _plan.Rebalances.Count(rebalance => rebalance.HasZombie);

    public static OvershootWorld Run(int seed, bool leases, OvershootMutation mutation = OvershootMutation.None)
    {
        var world = new OvershootWorld(seed, leases, mutation);
        while (world._nowMs < MostMs && !world.IsOver())
        {
            world.Step();
        }

        return world;
    }

    /// <summary>Nothing was let in for longer than anything that was held back would have needed to come back.</summary>
    private bool IsOver() => _nowMs - Math.Max(_admittedMs, _cuts.Select(cut => cut.ToMs).DefaultIfEmpty().Max()) > 260_000 && _stream.Count == 0;

    private void Step()
    {
        _nowMs += StepMs;
        Break();
        Deliver();
        Demand();
        foreach (var gateway in _gateways)
        {
            gateway?.Complete(_nowMs, (timeMs, cost) => Spend(gateway, timeMs, cost));
            if (gateway is not null && (_nowMs + (gateway.Number * 300)) % 1_000 == 0 && !IsCut(gateway.Number) && gateway.Report(StartMs + _nowMs) is { } ack)
            {
                _acks.Enqueue(ack, _nowMs + _plan.Random.Next(50, 900));
            }
        }

        if (_nowMs % 200 == 0 && !IsWithin(_plan.Outages))
        {
            _govern.Step(StartMs + _nowMs);
        }
    }

    /// <summary>What goes by how much is spent: it comes when little is left.</summary>
    private void BreakNearTheEnd()
    {
        if (_plan.Standstill is { } standstill)
        {
            if (_standstillMs is null && (double)Spent >= (double)Limit * standstill.Percent / 100)
            {
                _standstillMs = _nowMs;
                _lags.Add((_nowMs, _nowMs + standstill.LengthMs));
            }
            else if (IsNow((_standstillMs ?? long.MaxValue / 2) + standstill.TakeoverMs) && !IsWithin(_plan.Outages))
            {
                _govern.Begin(StartMs + _nowMs);
            }
        }

        if (_plan.Desertion is { } desertion && _desertedMs is null && (double)Spent >= (double)Limit * desertion.Percent / 100)
        {
            _desertedMs = _nowMs;
            _cuts.Add((_nowMs, _nowMs + desertion.LengthMs, desertion.Gateway));
        }
    }

    /// <summary>Kills, takeovers and restarts that are due.</summary>
    private void Break()
    {
        BreakNearTheEnd();
        foreach (var (_, toMs) in _plan.Outages.Where(outage => IsNow(outage.ToMs)))
        {
            _govern.Begin(StartMs + toMs);
        }

        foreach (var (_, hasZombie) in _plan.Rebalances.Where(rebalance => IsNow(rebalance.AtMs) && !IsWithin(_plan.Outages)))
        {
            _govern.Begin(StartMs + _nowMs, hasZombie);
        }

        foreach (var (_, number, losesMs) in _plan.Kills.Where(kill => IsNow(kill.AtMs) && _gateways[kill.Gateway] is not null))
        {
            var billed = _gateways[number]!.Die();
            var lost = _stream.UnorderedItems.Where(item => item.Element.Gateway == number && item.Element.TimeMs > _nowMs - losesMs).ToArray();
            foreach (var (item, _) in lost)
            {
                _stream.Remove(item, out _, out _);
            }

            Untold += billed + lost.Aggregate(Int128.Zero, (sum, item) => sum + item.Element.Cost);
            Bill(billed);
            _gateways[number] = null;
            _restarts.Enqueue((_nowMs + RestartMs, number));
        }

        while (_restarts.TryPeek(out var restart) && restart.AtMs <= _nowMs)
        {
            _restarts.Dequeue();
            _gateways[restart.Gateway] = new OvershootGateway(restart.Gateway, $"{_nowMs}", _mutation);
        }
    }

    /// <summary>Usage reaches the ledger, reports the governor, and commands the gateways.</summary>
    private void Deliver()
    {
        while (_stream.TryPeek(out var usage, out var atMs) && atMs <= _nowMs)
        {
            _stream.Dequeue();
            _govern.Spend(StartMs + usage.TimeMs, usage.Cost);
        }

        while (_acks.TryPeek(out var ack, out var atMs) && atMs <= _nowMs)
        {
            _acks.Dequeue();
            if (!IsWithin(_plan.Outages))
            {
                _govern.Take(ack, StartMs + _nowMs);
            }
        }

        foreach (var gateway in _gateways)
        {
            while (gateway is not null && !IsCut(gateway.Number) && gateway.Read < _govern.Log.Count && _govern.Log[gateway.Read].AtMs + 100 <= StartMs + _nowMs)
            {
                gateway.Obey(_govern.Log[gateway.Read++].Command, StartMs + _nowMs);
            }
        }
    }

    private void Demand()
    {
        var random = _plan.Random;
        if (_nowMs % 20_000 == 0)
        {
            // Callers move between gateways: some have nothing to do for a while.
            _wave = 0.3 + (random.NextDouble() * 1.4);
            _weights = [.. _weights.Select(_ => Math.Max(0, random.NextDouble() - 0.3))];
        }

        if (_plan.Desertion is { } desertion && _desertedMs is { } desertedMs)
        {
            var isBack = _nowMs >= desertedMs + desertion.LengthMs - 2_000;
            _weights[desertion.Gateway] = isBack ? Math.Max(1, _weights[desertion.Gateway]) : 0;
        }

        for (_due += _plan.RequestsPerSecond * _wave * StepMs / 1000; _due >= 1; _due--)
        {
            var estimate = (long)(_plan.BasePicos * (0.2 + (random.NextDouble() * 2.8)));
            var cost = (long)(estimate * (0.2 + (random.NextDouble() * 0.8)));
            var endsMs = _nowMs + random.Next(200, 4_000);

            // One that was cut off before it had read anything is blind, and refuses.
            if (_gateways[Chosen(random.NextDouble() * _weights.Sum())] is not { } gateway || (gateway.Read == 0 && _govern.Log.Count > 0) || !gateway.Decide(estimate, cost, endsMs, StartMs + _nowMs))
            {
                continue;
            }

            _admittedMs = _nowMs;
            AdmittedSince += CrossedMs is null ? 0 : estimate;
        }
    }

    private int Chosen(double point)
    {
        var chosen = 0;
        while (chosen < _weights.Length - 1 && (point -= _weights[chosen]) >= 0)
        {
            chosen++;
        }

        return chosen;
    }

    private void Spend(OvershootGateway gateway, long timeMs, long cost)
    {
        Bill(cost);
        var arrivesMs = timeMs + _plan.Random.Next(50, 1_500);
        foreach (var (fromMs, toMs) in _lags)
        {
            arrivesMs = arrivesMs >= fromMs && arrivesMs < toMs ? toMs : arrivesMs;
        }

        _stream.Enqueue((timeMs, cost, gateway.Number), arrivesMs);
    }

    private void Bill(Int128 cost)
    {
        Spent += cost;
        if (CrossedMs is null && Spent > Limit)
        {
            CrossedMs = _nowMs;
            InFlightThen = _gateways.Aggregate(Int128.Zero, (sum, gateway) => sum + (gateway?.InFlight ?? 0)) + cost;
        }
    }

    private bool IsCut(int gateway) => _cuts.Any(cut => cut.Gateway == gateway && cut.FromMs <= _nowMs && _nowMs < cut.ToMs);

    private bool IsWithin(IReadOnlyList<(long FromMs, long ToMs)> spans) => spans.Any(span => span.FromMs <= _nowMs && _nowMs < span.ToMs);

    private bool IsNow(long atMs) => atMs > _nowMs - StepMs && atMs <= _nowMs;
}
