using System.Runtime.CompilerServices;
using System.Text;
using TokenStream.Scopes;

namespace TokenStream.Windowing;

/// <summary>What scopes the events of a key are in, from a time until a time.</summary>
internal readonly record struct ScopesOfKey(int[] Scopes, long FromMs, long UntilMs, bool MayBindUser, int Number);

/// <summary>
/// Which scopes an event is in, remembered by its key: the index is asked once for each combination of values (and, where scopes bind
/// users, for each user of it), not once an event.
/// </summary>
internal sealed class ScopeKeys(ScopeIndex index, NameIndex names, ScopeTable scopes)
{
    /// <summary>Users remembered; beyond, all are forgotten and met anew.</summary>
    private const int MaxUsers = 1_000_000;

    private readonly KeyTable _reduced = new();
    private readonly Dictionary<(int Number, int User), int[]> _byUser = [];
    private ScopesOfKey[] _found = new ScopesOfKey[256];
    private int[] _reducedOf = [];
    private int _finds;

    /// <summary>The scopes of a key that bind no user, at a time: a tenant's organisation may change.</summary>
    public ref readonly ScopesOfKey Of(int keyId, in KeyIds key, long timeMs)
    {
        var reduced = keyId < _reducedOf.Length ? _reducedOf[keyId] - 1 : -1;
        if (reduced < 0 || timeMs < _found[reduced].FromMs || timeMs >= _found[reduced].UntilMs)
        {
            reduced = Find(keyId, key, timeMs);
        }

        return ref _found[reduced];
    }

    /// <summary>The scopes that bind the user.</summary>
    public int[] OfUser(in ScopesOfKey found, in KeyIds key, int userId)
    {
        if (_byUser.TryGetValue((found.Number, userId), out var known))
        {
            return known;
        }

        if (_byUser.Count >= MaxUsers)
        {
            _byUser.Clear();
        }

        var values = Values(key, found.FromMs);
        values[(int)ScopeDimension.User] = Text(userId);
        var ids = scopes.Ids(index.Find(values, withUser: true));
        _byUser.Add((found.Number, userId), ids.Length > 0 ? ids : []);
        return ids;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Find(int keyId, in KeyIds key, long timeMs)
    {
        KeyIds only = default;
        for (var dimension = Dimension.Environment; dimension <= Dimension.Model; dimension++)
        {
            only[(int)dimension] = key[(int)dimension];
        }

        var reduced = _reduced.Id(only);
        if (keyId >= _reducedOf.Length)
        {
            Array.Resize(ref _reducedOf, Math.Max(keyId + 1, Math.Max(256, _reducedOf.Length * 2)));
        }

        _reducedOf[keyId] = reduced + 1;
        if (reduced >= _found.Length)
        {
            Array.Resize(ref _found, _found.Length * 2);
        }

        ref var found = ref _found[reduced];
        if (found.Scopes is null || timeMs < found.FromMs || timeMs >= found.UntilMs)
        {
            var (from, until) = (long.MinValue, long.MaxValue);
            if (index.BindsOrganisation)
            {
                (_, from, until) = index.Directory.During(Text(key[(int)Dimension.Tenant]), timeMs);
            }

            var values = Values(key, timeMs);
            found = new ScopesOfKey(scopes.Ids(index.Find(values, withUser: false)), from, until, index.MayBindUser(values), ++_finds);
        }

        return reduced;
    }

    /// <summary>The key's values in the order of <see cref="ScopeDimension"/>; the user is left empty.</summary>
    private string[] Values(in KeyIds key, long timeMs)
    {
        var tenant = Text(key[(int)Dimension.Tenant]);
        return
        [
            index.BindsOrganisation ? index.Directory.At(tenant, timeMs)?.Organisation ?? "" : "",
            Text(key[(int)Dimension.Environment]),
            tenant,
            Text(key[(int)Dimension.App]),
            Text(key[(int)Dimension.Feature]),
            Text(key[(int)Dimension.Provider]),
            Text(key[(int)Dimension.Model]),
            "",
        ];
    }

    private string Text(int nameId) => Encoding.UTF8.GetString(names.Name(nameId));
}
