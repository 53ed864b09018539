using TokenStream.Commands;
using TokenStream.Gateway.Throttling;

namespace TokenStream.Gateway.Feed;

/// <summary>The commands that decisions are made by, and what their throttles still let pass. Replaced as a whole.</summary>
internal sealed class CommandSnapshot
{
    private readonly ThrottleBuckets?[] _buckets;

    private readonly ThrottleSet?[] _throttles;

    private CommandSnapshot(CommandIndex index, ThrottleBuckets?[] buckets)
    {
        (Index, _buckets) = (index, buckets);
        _throttles = new ThrottleSet?[buckets.Length];
        for (var i = 0; i < buckets.Length; i++)
        {
            _throttles[i] = buckets[i] is { } own ? new ThrottleSet((index[i], own)) : null;
        }
    }

    public static CommandSnapshot Empty { get; } = new(CommandIndex.Empty, []);

    public CommandIndex Index { get; }

    /// <summary>Those of the commands that <see cref="CommandComposition.Compose"/> left, at least one.</summary>
    public ThrottleSet Throttles(CommandMatches matches)
    {
        var all = _throttles[matches[0]]!;
        for (var i = 1; i < matches.Count; i++)
        {
            all = all.With(Index[matches[i]], _buckets[matches[i]]!);
        }

        return all;
    }

    /// <summary>The successor: throttles that go on keep what they are owed.</summary>
    public CommandSnapshot With(IEnumerable<Command> commands, long nanoseconds)
    {
        var former = new Dictionary<string, ThrottleBuckets>(StringComparer.Ordinal);
        for (var i = 0; i < Index.Count; i++)
        {
            if (_buckets[i] is { } buckets)
            {
                former[Index[i].Key] = buckets;
            }
        }

        var index = new CommandIndex(commands);
        var all = new ThrottleBuckets?[index.Count];
        for (var i = 0; i < index.Count; i++)
        {
            all[i] = index[i].Action == CommandAction.Throttle
                ? new ThrottleBuckets(index[i], former.GetValueOrDefault(index[i].Key), nanoseconds)
                : null;
        }

        return new CommandSnapshot(index, all);
    }
}
