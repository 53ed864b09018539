using TokenStream.Pricing;
using TokenStream.Windowing;

namespace TokenStream.Service.Demo;

/// <summary>What the stream says of itself at a moment.</summary>
/// <param name="EventsPerSecond">Over the last half minute of stream time.</param>
/// <param name="SpendPerHourUsd">Over the same, an hour's worth.</param>
internal sealed record LiveSnapshot(
    DateTimeOffset StreamTime,
    double EventsPerSecond,
    decimal SpendPerHourUsd,
    long Events,
    decimal SpendUsd,
    long Late,
    long Duplicates,
    long Refused,
    IReadOnlyList<(string Name, decimal Usd, long Requests)> Tenants,
    IReadOnlyList<(string Name, decimal Usd, long Requests)> Features,
    IReadOnlyList<(string Name, decimal Usd, long Requests)> Models);

/// <summary>
/// Adds up what lies on <c>tokenstream.live</c> and <c>tokenstream.rollups</c> by the rules of docs/rollup-format.md: of provisional values
/// of one identity the higher position wins, a final one beats them, repeated decisions are ignored.
/// </summary>
internal sealed class LiveTotals
{
    private const long RateMs = 30_000;
    private const long WindowMs = 10_000;

    private readonly Dictionary<
        (string Topic, int Partition, long Window, RollupKey Key, long Part),
        (long Position, bool Final, long Requests, Int128 Cost)> _recent = [];

    private readonly Dictionary<(string Topic, int Partition, int RollupsPartition), long> _done = [];
    private readonly Dictionary<string, (Int128 Cost, long Requests)> _tenants = [];
    private readonly Dictionary<string, (Int128 Cost, long Requests)> _features = [];
    private readonly Dictionary<string, (Int128 Cost, long Requests)> _models = [];
    private readonly List<Rollup> _rollups = [];
    private Int128 _cost;
    private long _events;
    private long _late;
    private long _duplicates;
    private long _refused;
    private long _streamTime;

    /// <summary>Takes one record of either topic.</summary>
    public void Take(int partition, ReadOnlySpan<byte> value)
    {
        _rollups.Clear();
        if (RollupDecoder.Read(value, _rollups) is { } mark)
        {
            Take(partition, mark);
        }

        foreach (var rollup in _rollups)
        {
            Take(partition, rollup);
        }
    }

    public LiveSnapshot Snapshot()
    {
        foreach (var old in _recent.Keys.Where(k => k.Window < _streamTime - (4 * RateMs)).ToArray())
        {
            _recent.Remove(old);
        }

        var recent = _recent.Where(r => r.Key.Window + WindowMs > _streamTime - RateMs).Select(r => r.Value).ToArray();
        var open = _recent.Where(r => !r.Value.Final).Select(r => (r.Key.Key, r.Value)).ToArray();
        var seconds = RateMs / 1000.0;
        return new LiveSnapshot(
            DateTimeOffset.FromUnixTimeMilliseconds(_streamTime),
            recent.Sum(r => r.Requests) / seconds,
            Picodollars.ToUsd(recent.Aggregate(Int128.Zero, (sum, r) => sum + r.Cost)) * 3600 / (decimal)seconds,
            _events,
            Picodollars.ToUsd(_cost + open.Aggregate(Int128.Zero, (sum, r) => sum + r.Value.Cost)),
            _late,
            _duplicates,
            _refused,
            Top(_tenants, open, key => key.TenantId),
            Top(_features, open, key => key.Feature),
            Top(_models, open, key => key.Model));
    }

    /// <summary>The dearest names: closed windows and the provisional sums of open ones.</summary>
    private static IReadOnlyList<(string Name, decimal Usd, long Requests)> Top(
        Dictionary<string, (Int128 Cost, long Requests)> closed,
        IEnumerable<(RollupKey Key, (long Position, bool Final, long Requests, Int128 Cost) Value)> open,
        Func<RollupKey, string> name)
    {
        var sums = new Dictionary<string, (Int128 Cost, long Requests)>(closed);
        foreach (var (key, value) in open)
        {
            var (cost, requests) = sums.GetValueOrDefault(name(key));
            sums[name(key)] = (cost + value.Cost, requests + value.Requests);
        }

        return [.. sums.OrderByDescending(s => s.Value.Cost).Take(6).Select(
            s => (s.Key, Picodollars.ToUsd(s.Value.Cost), s.Value.Requests))];
    }

    private static void Add(Dictionary<string, (Int128 Cost, long Requests)> sums, string name, Rollup rollup)
    {
        var (cost, requests) = sums.GetValueOrDefault(name);
        sums[name] = (cost + rollup.Measures.Cost, requests + rollup.Measures.Requests);
    }

    private void Take(int partition, Mark mark)
    {
        var key = (mark.Topic, mark.Partition, partition);
        if (mark.Decision <= _done.GetValueOrDefault(key))
        {
            return;
        }

        _done[key] = mark.Decision;
        _streamTime = Math.Max(_streamTime, mark.StreamTimeMs);

        // A mark lies on every partition; its counts count once.
        if (partition == 0)
        {
            _late += mark.Counts.Late;
            _duplicates += mark.Counts.Duplicate;
            _refused += mark.Counts.Refused.Values.Sum();
            _events += mark.Counts.Counted;
        }
    }

    private void Take(int partition, Rollup rollup)
    {
        var block = rollup.Block;
        if (block.Final && block.Decision <= _done.GetValueOrDefault((block.Topic, block.Partition, partition)))
        {
            return;
        }

        var id = (block.Topic, block.Partition, block.WindowStartMs, rollup.Key, block.Part);
        var known = _recent.TryGetValue(id, out var held);
        if (known && (held.Final || (!block.Final && held.Position > block.Position)))
        {
            return;
        }

        _recent[id] = (block.Position, block.Final, rollup.Measures.Requests, rollup.Measures.Cost);
        _streamTime = Math.Max(_streamTime, block.WindowStartMs);
        if (block.Final)
        {
            _cost += rollup.Measures.Cost;
            Add(_tenants, rollup.Key.TenantId, rollup);
            Add(_features, rollup.Key.Feature, rollup);
            Add(_models, rollup.Key.Model, rollup);
        }
    }
}
