using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Simulation.Governing;

/// <summary>
/// What the aggregate side of one input partition says on the spend topic: finals, provisional values and marks of decisions that are
/// published in pieces and published again after a crash, corrections, and zombies that repeat what is long past or tell more than was
/// decided. What it all has to come to is the sum of its events.
/// </summary>
internal sealed class SpendFeed(GovernWorld world, int input)
{
    public const long WindowMs = 10_000;

    private readonly List<(long WindowMs, string Tenant, long Cost)> _events = [];
    private readonly List<Decision> _decisions = [new(0, 0, 0, [])];
    private int _published;

    private Decision Last => _decisions[^1];

    private bool IsPending => _published < Last.Records.Count;

    /// <summary>Does something of what an aggregate does.</summary>
    public void Act()
    {
        switch (world.Random.Next(6))
        {
            case 0:
            case 1:
                for (var left = world.Random.Next(1, 5); left > 0; left--)
                {
                    Spend(world.Choice("a", "b", "c", "d"), world.Random.Next(1, 20), world.Choice(0, 0, 0, 1, 4));
                }

                break;
            case 2:
                Tell(Last, world.Random.Next(3));
                break;
            case 3:
                // A zombie knows of an earlier decision only, and of events that the decider had not read.
                Tell(world.Choice<Decision>([.. _decisions.TakeLast(4)]), 0);
                break;
            case 4:
                Decide(_events.Count - world.Random.Next(4), world.NowMs - (world.Choice(0, 1, 3) * WindowMs));
                break;
            default:
                Repeat();
                break;
        }
    }

    /// <summary>Books an event that came now, at a window so many before the running one.</summary>
    public void Spend(string tenant, long cost, int windowsAgo)
    {
        var window = (world.NowMs / WindowMs * WindowMs) - (windowsAgo * WindowMs);
        _events.Add((window, tenant, cost));
        foreach (var scope in ScopesOf(tenant))
        {
            world.Truth.Add(scope, window, cost);
        }
    }

    /// <summary>Closes everything and says so.</summary>
    public void Finish()
    {
        Publish(int.MaxValue);
        Decide(_events.Count, world.NowMs + WindowMs);
        Publish(int.MaxValue);
    }

    private static string[] ScopesOf(string tenant) =>
        tenant == "a" ? ["all", "tenant=a", SimulatedPeople.OneModel] : ["all", $"tenant={tenant}"];

    private void Tell(Decision known, int behind)
    {
        var position = Math.Max(0, _events.Count - behind);
        foreach (var window in _events.Select(e => e.WindowMs).Distinct().Where(window => window + WindowMs > known.ClosedThroughMs))
        {
            foreach (var (partition, value) in Values(window, 0, known.Number, 0, position, isFinal: false))
            {
                world.AppendSpend(partition, value);
            }
        }
    }

    private void Decide(int position, long closesThroughMs)
    {
        if (IsPending)
        {
            Publish(world.Random.Next(1, 5));
            return;
        }

        position = Math.Max(position, (int)Last.Position);
        var (number, closesThrough) = (Last.Number + 1, Math.Max(Last.ClosedThroughMs, closesThroughMs / WindowMs * WindowMs));
        var records = new List<(int, byte[])>();
        var windows = _events.Take(position).Select(e => e.WindowMs).Distinct();
        foreach (var window in windows.Where(window => window + WindowMs <= closesThrough))
        {
            var isLate = window + WindowMs <= Last.ClosedThroughMs;
            records.AddRange(Values(window, isLate ? number : 0, number, isLate ? (int)Last.Position : 0, position, isFinal: true));
        }

        for (var partition = 0; partition < GovernWorld.Partitions; partition++)
        {
            records.Add((partition, SpendMutator.Encoded(MarkOf(number, position, closesThrough))));
        }

        _decisions.Add(new Decision(number, position, closesThrough, records));
        _published = 0;
    }

    /// <summary>Goes on publishing the pending decision. Now and then somebody else begins it anew.</summary>
    private void Publish(int most)
    {
        for (; most > 0 && IsPending; most--)
        {
            world.AppendSpend(Last.Records[_published].Partition, Last.Records[_published].Value);
            _published = world.Fails(0.05) ? 0 : _published + 1;
        }
    }

    /// <summary>A zombie, or a retry, says again what was said before.</summary>
    private void Repeat()
    {
        var decision = world.Choice<Decision>([.. _decisions.TakeLast(5)]);
        var known = ReferenceEquals(decision, Last) ? _published : decision.Records.Count;
        for (var i = world.Random.Next(known + 1); i < known && !world.Chance(0.2); i++)
        {
            world.AppendSpend(decision.Records[i].Partition, decision.Records[i].Value);
        }
    }

    private IEnumerable<(int Partition, byte[] Value)> Values(long window, long part, long decision, int from, int to, bool isFinal)
    {
        var sums = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (_, tenant, cost) in _events.Take(to).Skip(from).Where(e => e.WindowMs == window))
        {
            foreach (var scope in ScopesOf(tenant))
            {
                sums[scope] = sums.GetValueOrDefault(scope) + cost;
            }
        }

        var header = new RollupBlockHeader(0, "in", input, window, part, decision, to, 1, isFinal);
        var spends = sums.Select(pair => new ScopeSpend(header, ScopeOf(pair.Key), Measures(pair.Value)) { EventMs = window + 1 });
        return spends.GroupBy(spend => spend.Scope.Partition(GovernWorld.Partitions))
            .Select(group => (group.Key, SpendMutator.Encoded([.. group], header)));
    }

    private Mark MarkOf(long number, long position, long closedThroughMs) => new()
    {
        Epoch = 0,
        Topic = "in",
        Partition = input,
        Decision = number,
        Position = position,
        ClosedThroughMs = closedThroughMs,
        StreamTimeMs = closedThroughMs,
        RulesVersion = 1,
        NeededOffset = position,
        IdsFrom = 0,
        Counts = new MarkCounts(0, 0, 0, 0, 0, 0, new Dictionary<string, long>()),
    };

    private static SpendMeasures Measures(long cost) => new() { Cost = cost, Tokens = cost, Requests = 1 };

    private static Scope ScopeOf(string text) =>
        Scope.TryParse(text, out var scope, out var error) ? scope : throw new FormatException($"{text} {error}");

    private sealed record Decision(long Number, long Position, long ClosedThroughMs, IReadOnlyList<(int Partition, byte[] Value)> Records);
}

/// <summary>What scopes really spent, window by window, added up as it happened.</summary>
internal sealed class SpendTruth
{
    private readonly Dictionary<string, Dictionary<long, long>> _sums = new(StringComparer.Ordinal);

    public IEnumerable<string> Scopes => _sums.Keys;

    public void Add(string scope, long windowMs, long cost)
    {
        var windows = _sums.TryGetValue(scope, out var known) ? known : _sums[scope] = [];
        windows[windowMs] = windows.GetValueOrDefault(windowMs) + cost;
    }

    /// <summary>What a scope spent in windows that begin in a span.</summary>
    public long Spent(string scope, long fromMs, long toMs) =>
        _sums.TryGetValue(scope, out var windows)
            ? windows.Where(window => window.Key >= fromMs && window.Key < toMs).Sum(window => window.Value)
            : 0;
}
