using System.Text;
using TokenStream.Scopes;

namespace TokenStream.Windowing;

/// <summary>A scope as windows and records need it.</summary>
/// <param name="Text">The canonical text, UTF-8.</param>
/// <param name="Partition">Where its spend is routed to.</param>
/// <param name="Bounded">The patterns whose bound it counts against; none where a pattern names it.</param>
/// <param name="Others">Where its spend is booked when those patterns are full.</param>
internal sealed record NumberedScope(Scope Scope, byte[] Text, int Partition, int[] Bounded, int[] Others);

/// <summary>Numbers the scopes a partition meets: a cache that windows point into.</summary>
internal sealed class ScopeTable(ScopeIndex index, int partitions)
{
    private readonly Dictionary<Scope, int> _ids = [];
    private readonly List<NumberedScope> _scopes = [];

    public int Count => _scopes.Count;

    public NumberedScope this[int id] => _scopes[id];

    /// <summary>The numbers of the scopes that patterns made of a request, each once.</summary>
    public int[] Ids(IEnumerable<(int Pattern, Scope Scope)> found) =>
        [.. found.GroupBy(one => one.Scope, (scope, all) => Id(scope, [.. all.Select(one => one.Pattern)]))];

    /// <summary>A scope of another table.</summary>
    public int Id(NumberedScope scope) => Id(scope.Scope, scope.Bounded);

    /// <summary>Every request of a scope finds the same patterns, so what is noted at the first holds for all.</summary>
    private int Id(Scope scope, int[] patterns)
    {
        if (_ids.TryGetValue(scope, out var known))
        {
            return known;
        }

        var others = Array.ConvertAll(patterns, pattern => index.Patterns[pattern].Other(RollupKey.Other));
        var isBounded = Array.TrueForAll(patterns, pattern => index.Patterns[pattern].HasEach) && !others.Contains(scope);
        var numbered = new NumberedScope(
            scope, Encoding.UTF8.GetBytes(scope.Text), scope.Partition(partitions), isBounded ? patterns : [],
            isBounded ? [.. others.Distinct().Select(other => Id(other, []))] : []);
        _ids.Add(scope, _scopes.Count);
        _scopes.Add(numbered);
        return _scopes.Count - 1;
    }
}
