using TokenStream.Commands;
using TokenStream.Gateway.Leasing;
using TokenStream.Gateway.Throttling;

namespace TokenStream.Gateway.Feed;

/// <summary>
/// The commands that decisions are made by, what their throttles still let pass, and the accounts of their leases. Replaced as a whole;
/// only what a lease grants changes within its account, since it does so each second.
/// </summary>
internal sealed class CommandSnapshot
{
    private readonly ThrottleBuckets?[] _buckets;
    private readonly LeaseAccount?[] _leases;
    private readonly ChargeSet?[] _charges;

    private CommandSnapshot(CommandIndex index, ThrottleBuckets?[] buckets, LeaseAccount?[] leases)
    {
        (Index, _buckets, _leases) = (index, buckets, leases);
        HasLeases = Array.Exists(leases, lease => lease is not null);
        _charges = new ChargeSet?[index.Count];
        var nothing = new ChargeSet();
        for (var i = 0; i < index.Count; i++)
        {
            _charges[i] = buckets[i] is null && leases[i] is null ? null : nothing.With(index[i], buckets[i], leases[i]);
        }
    }

    public static CommandSnapshot Empty { get; } = new(CommandIndex.Empty, [], []);

    public CommandIndex Index { get; }

    public bool HasLeases { get; }

    /// <summary>Those of the commands that <see cref="CommandComposition.Compose"/> left, at least one.</summary>
    public ChargeSet Charges(CommandMatches matches)
    {
        var all = _charges[matches[0]]!;
        for (var i = 1; i < matches.Count; i++)
        {
            all = all.With(Index[matches[i]], _buckets[matches[i]], _leases[matches[i]]);
        }

        return all;
    }

    /// <summary>The successor: throttles that go on keep what they are owed.</summary>
    public CommandSnapshot With(IEnumerable<Command> commands, LeaseTable leases, long nanoseconds)
    {
        var former = new Dictionary<string, ThrottleBuckets>(StringComparer.Ordinal);
        for (var i = 0; i < Index.Count; i++)
        {
            if (_buckets[i] is { } buckets)
            {
                former[Index[i].Key] = buckets;
            }
        }

        // A lease stands until it is released: an expiry of its own would let everything pass when its issuer is away.
        var index = new CommandIndex(commands.Select(command =>
            command is { Action: CommandAction.Lease, ExpiresMs: not null } ? command with { ExpiresMs = null } : command));
        var all = new ThrottleBuckets?[index.Count];
        var accounts = new LeaseAccount?[index.Count];
        for (var i = 0; i < index.Count; i++)
        {
            var command = index[i];
            all[i] = command.Action == CommandAction.Throttle
                ? new ThrottleBuckets(command, former.GetValueOrDefault(command.Key), nanoseconds)
                : null;
            accounts[i] = command.Action == CommandAction.Lease ? leases.Find(command.Key) : null;
        }

        return new CommandSnapshot(index, all, accounts);
    }
}
