using System.Collections.Concurrent;

namespace TokenStream.Windowing;

/// <summary>
/// The versions of the rules that are known, as the configuration topic told them. Safe for one writer and many readers.
/// </summary>
public sealed class RulesHistory
{
    private readonly ConcurrentDictionary<long, AggregateRules> _versions = new();
    private AggregateRules? _latest;

    /// <summary>The highest version; null before the first is known.</summary>
    public AggregateRules? Latest => Volatile.Read(ref _latest);

    /// <summary>A version by number; null where it is not known (yet).</summary>
    public AggregateRules? Find(long version) => _versions.GetValueOrDefault(version);

    public void Add(AggregateRules rules)
    {
        _versions[rules.Version] = rules;
        if (_latest is null || rules.Version > _latest.Version)
        {
            Volatile.Write(ref _latest, rules);
        }
    }
}
