using TokenStream.Scopes;

namespace TokenStream.Commands;

/// <summary>A command as <see cref="CommandIndex"/> finds it: once, or once for each tenant of its organisation.</summary>
internal readonly struct CommandIndexEntry
{
    private readonly ScopeTerm[] _terms;
    private readonly byte _globs;

    public CommandIndexEntry(int ordinal, Command command, ScopeTerm[] terms)
    {
        Ordinal = ordinal;
        ExpiresMs = command.ExpiresMs ?? long.MaxValue;
        _terms = terms;
        for (var i = 0; i < terms.Length; i++)
        {
            Exact |= (byte)(terms[i].Kind == ScopeTermKind.Exact ? 1 << i : 0);
            _globs |= (byte)(terms[i].Kind == ScopeTermKind.Glob ? 1 << i : 0);
        }

        Hash = HashOf(terms, Exact);
    }

    public int Ordinal { get; }

    public long ExpiresMs { get; }

    /// <summary>The dimensions bound to one value, a bit each.</summary>
    public byte Exact { get; }

    public ulong Hash { get; }

    /// <summary>Whether what serves a request plays a part.</summary>
    public bool NamesModelOrProvider => ((Exact | _globs) & CommandIndex.Served) != 0;

    public bool Matches(in RequestDimensions request)
    {
        for (var bound = Exact | _globs; bound != 0; bound &= bound - 1)
        {
            var dimension = System.Numerics.BitOperations.TrailingZeroCount(bound);
            if (!_terms[dimension].Matches(request[(ScopeDimension)dimension]))
            {
                return false;
            }
        }

        return true;
    }

    private static ulong HashOf(ScopeTerm[] terms, byte exact)
    {
        var hash = 0UL;
        for (var i = 0; i < terms.Length; i++)
        {
            hash ^= (exact & (1 << i)) != 0 ? CommandIndex.HashOf(i, terms[i].Text) : 0;
        }

        return hash;
    }
}
