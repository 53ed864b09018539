using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TokenStream.Events;
using TokenStream.Scopes;

namespace TokenStream.Commands;

/// <summary>
/// Every active command, made to be asked which of them match a request: immutable, so that any number of threads may ask without a lock.
/// </summary>
/// <remarks>
/// Commands are kept by the values they are bound to. A request is hashed once a dimension; each combination of dimensions that some
/// command binds (there are few, whatever the number of commands) costs one look into the table. Patterns with stars are tried only on
/// what is left; only a command without any exact value is tried on every request.
/// </remarks>
public sealed class CommandIndex
{
    /// <summary>The dimensions of what serves a request, which may differ from what was asked for.</summary>
    internal const byte Served = (1 << (int)ScopeDimension.Provider) | (1 << (int)ScopeDimension.Model);

    private readonly Command[] _commands;
    private readonly CommandIndexEntry[] _entries;

    /// <summary>By entry, the next one of the same slot; -1 after the last.</summary>
    private readonly int[] _next;
    private readonly int[] _slots;
    private readonly byte[] _shapes;
    private readonly byte _hashed;
    private readonly bool _anyServed;
    private readonly int _unbound = -1;

    public CommandIndex(IEnumerable<Command> commands)
    {
        // The narrowest first: whoever compares ordinals compares narrowness.
        _commands = [.. commands.Where(command => command.Action != CommandAction.None)
            .OrderByDescending(command => CountTerms(command.Scope, ScopeTermKind.Exact) + CountTerms(command.Scope, ScopeTermKind.Glob))
            .ThenByDescending(command => CountTerms(command.Scope, ScopeTermKind.Exact))
            .ThenByDescending(command => command.IsManual)
            .ThenBy(command => command.Key, StringComparer.Ordinal)];
        _entries = [.. _commands.SelectMany((command, ordinal) => Expanded(command).Select(terms => new CommandIndexEntry(ordinal, command, terms)))];
        _next = new int[_entries.Length];
        _slots = new int[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, _entries.Length * 2))];
        Array.Fill(_slots, -1);
        for (var i = 0; i < _entries.Length; i++)
        {
            ref var head = ref _unbound;
            if (_entries[i].Exact != 0)
            {
                head = ref _slots[_entries[i].Hash & (uint)(_slots.Length - 1)];
            }

            (_next[i], head) = (head, i);
            _hashed |= _entries[i].Exact;
            _anyServed |= _entries[i].NamesModelOrProvider;
        }

        _shapes = [.. _entries.Select(entry => entry.Exact).Where(shape => shape != 0).Distinct()];
    }

    public static CommandIndex Empty { get; } = new([]);

    /// <summary>How many commands there are; their ordinals are those below.</summary>
    public int Count => _commands.Length;

    /// <summary>A command by ordinal, the narrowest first: more dimensions bound, of equally many more of them to one value.</summary>
    public Command this[int ordinal] => _commands[ordinal];

    /// <summary>Finds the commands in force that are meant for a request, as it was asked for or as it is served.</summary>
    public void Match(in RequestDimensions request, long nowMs, CommandMatches matches)
    {
        matches.Clear();
        if (_entries.Length == 0)
        {
            return;
        }

        Unsafe.SkipInit(out Hashes hashes);
        for (var left = (int)_hashed; left != 0; left &= left - 1)
        {
            var dimension = BitOperations.TrailingZeroCount(left);
            hashes[dimension] = HashOf(dimension, request[(ScopeDimension)dimension]);
        }

        Walk(_unbound, 0, in request, nowMs, matches);
        foreach (var shape in _shapes)
        {
            var hash = Combine(in hashes, shape);
            Walk(_slots[hash & (uint)(_slots.Length - 1)], hash, in request, nowMs, matches);
        }

        if (_anyServed && request.IsServedElsewhere)
        {
            MatchServed(in request, ref hashes, nowMs, matches);
        }
    }

    internal static ulong HashOf(int dimension, string value) =>
        StableHash.Hash((ulong)dimension, MemoryMarshal.AsBytes(value.AsSpan()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Combine(in Hashes hashes, int shape)
    {
        var hash = 0UL;
        for (; shape != 0; shape &= shape - 1)
        {
            hash ^= hashes[BitOperations.TrailingZeroCount(shape)];
        }

        return hash;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Walk(int at, ulong hash, in RequestDimensions request, long nowMs, CommandMatches matches)
    {
        while (at >= 0)
        {
            ref readonly var entry = ref _entries[at];
            if (entry.Hash == hash && nowMs < entry.ExpiresMs && entry.Matches(in request))
            {
                matches.Add(entry.Ordinal);
            }

            at = _next[at];
        }
    }

    /// <summary>What matches the request as it is served, and does not as it was asked for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MatchServed(in RequestDimensions request, ref Hashes hashes, long nowMs, CommandMatches matches)
    {
        var served = request.AsServed();
        for (var left = _hashed & Served; left != 0; left &= left - 1)
        {
            var dimension = BitOperations.TrailingZeroCount(left);
            hashes[dimension] = HashOf(dimension, served[(ScopeDimension)dimension]);
        }

        for (var shape = -1; shape < _shapes.Length; shape++)
        {
            var hash = shape < 0 ? 0 : Combine(in hashes, _shapes[shape]);
            for (var at = shape < 0 ? _unbound : _slots[hash & (uint)(_slots.Length - 1)]; at >= 0; at = _next[at])
            {
                ref readonly var entry = ref _entries[at];
                if (entry.Hash == hash && nowMs < entry.ExpiresMs && entry.Matches(in served) && !entry.Matches(in request))
                {
                    matches.Add(entry.Ordinal);
                }
            }
        }
    }

    private static int CountTerms(Scope scope, ScopeTermKind kind)
    {
        var count = 0;
        for (var i = 0; i < Scope.Dimensions; i++)
        {
            count += scope[(ScopeDimension)i].Kind == kind ? 1 : 0;
        }

        return count;
    }

    /// <summary>The command's terms; where it names an organisation, those of each of its tenants instead.</summary>
    private static IEnumerable<ScopeTerm[]> Expanded(Command command)
    {
        var terms = Enumerable.Range(0, Scope.Dimensions).Select(i => command.Scope[(ScopeDimension)i]).ToArray();
        if (terms[(int)ScopeDimension.Organisation].Kind == ScopeTermKind.Any)
        {
            return [terms];
        }

        return command.Tenants.Distinct(StringComparer.Ordinal).Where(tenant => terms[(int)ScopeDimension.Tenant].Matches(tenant)).Select(tenant =>
        {
            var own = (ScopeTerm[])terms.Clone();
            own[(int)ScopeDimension.Organisation] = default;
            own[(int)ScopeDimension.Tenant] = ScopeTerm.Exact(tenant);
            return own;
        });
    }

    [InlineArray(Scope.Dimensions)]
    private struct Hashes
    {
        private ulong _first;
    }
}
