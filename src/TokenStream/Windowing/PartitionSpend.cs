using System.Globalization;
using System.Text;
using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>What scopes spend in the windows of one input partition: finds an event's scopes, adds to their sums, writes them.</summary>
internal sealed class PartitionSpend
{
    /// <summary>Scopes that are numbered before the numbers of those in use are given anew.</summary>
    private const int MaxScopes = 2_000_000;

    private readonly AggregateRules _rules;
    private readonly UnpricedBounds _bounds;
    private readonly Dictionary<int, UnpricedBound> _boundOfProvider = [];
    private readonly SpendEncoder?[] _encoders;
    private NameIndex _names;
    private ScopeTable _scopes;
    private ScopeKeys _keys;

    public PartitionSpend(AggregateRules rules, NameIndex names)
    {
        (_rules, _names) = (rules, names);
        _bounds = new UnpricedBounds(rules.Prices, rules.UnpricedBound);
        _encoders = new SpendEncoder?[rules.SpendPartitions];
        _scopes = new ScopeTable(rules.Scopes, rules.SpendPartitions);
        _keys = new ScopeKeys(rules.Scopes, names, _scopes);
    }

    /// <summary>What tokens of a provider without a price count at.</summary>
    public UnpricedBound Bound(int provider)
    {
        if (!_boundOfProvider.TryGetValue(provider, out var bound))
        {
            _boundOfProvider.Add(provider, bound = _bounds.Of(Encoding.UTF8.GetString(_names.Name(provider))));
        }

        return bound;
    }

    /// <summary>Adds an event to the scopes of its key and user.</summary>
    /// <param name="user">The event's user; empty where it has none.</param>
    /// <param name="timeMs">When the event is booked.</param>
    public void Add(
        WindowTable window,
        int keyId,
        in KeyIds key,
        in UsageEvent usage,
        ReadOnlySpan<byte> user,
        in PricedUsage priced,
        PartitionPrices prices,
        long timeMs,
        long timestampMs)
    {
        ref readonly var found = ref _keys.Of(keyId, key, window.StartMs);
        if (found.Scopes.Length == 0 && !found.MayBindUser)
        {
            return;
        }

        var isCommon = EventSpend.Measure(usage, priced, prices.Bound!, prices.IsBatch, timeMs, out var spent);
        window.Spend.Add(found.Scopes, spent, isCommon, timestampMs, _scopes, _rules);
        if (found.MayBindUser && !user.IsEmpty)
        {
            window.Spend.Add(_keys.OfUser(found, key, _names.Id(user)), spent, isCommon, timestampMs, _scopes, _rules);
        }
    }

    /// <summary>Writes all scopes of a window.</summary>
    public void Write(WindowTable window, RollupBlockHeader header, RecordWriter write)
    {
        var most = int.MaxValue;
        Write(window.Spend, header, changedOnly: false, ref most, write);
    }

    /// <summary>Writes the scopes that changed since the last call, at most so many.</summary>
    public void WriteChanged(WindowTable window, RollupBlockHeader header, ref int most, RecordWriter write)
    {
        if (window.Spend.HasChanged && most > 0)
        {
            Write(window.Spend, header, changedOnly: true, ref most, write);
            window.Spend.HasChanged = most <= 0;
        }
    }

    /// <summary>The names have new numbers, and the scopes too where they have become many.</summary>
    public void Renumber(NameIndex names, IEnumerable<WindowTable> windows)
    {
        _names = names;
        _boundOfProvider.Clear();
        if (_scopes.Count > MaxScopes)
        {
            var scopes = new ScopeTable(_rules.Scopes, _rules.SpendPartitions);
            foreach (var window in windows)
            {
                window.Spend.Renumber(_scopes, scopes);
            }

            _scopes = scopes;
        }

        _keys = new ScopeKeys(_rules.Scopes, names, _scopes);
    }

    public bool IsFull => _scopes.Count > MaxScopes;

    private void Write(SpendTable table, RollupBlockHeader header, bool changedOnly, ref int most, RecordWriter write)
    {
        var recordKey = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{header.Topic}/{header.Partition}/{header.WindowStartMs}/{header.Part}"));
        for (var slot = 0; slot < table.Count && most > 0; slot++)
        {
            ref var sums = ref table[slot];
            if (changedOnly && !sums.HasChanged)
            {
                continue;
            }

            most--;
            sums.HasChanged &= !changedOnly;
            var scope = _scopes[sums.ScopeId];
            var encoder = _encoders[scope.Partition] ??= new SpendEncoder();
            encoder.Add(scope.Text, sums.EventMs - header.WindowStartMs, sums.Measures);
            if (encoder.IsFull)
            {
                write(scope.Partition, recordKey, encoder.Finish(header, _rules.BudgetsVersion));
            }
        }

        for (var partition = 0; partition < _encoders.Length; partition++)
        {
            if (_encoders[partition] is { Count: > 0 } encoder)
            {
                write(partition, recordKey, encoder.Finish(header, _rules.BudgetsVersion));
            }
        }
    }
}

/// <summary>What the events of one (tenant, provider, model, region, service tier) are priced with.</summary>
/// <param name="Bound">What their tokens without a price count at; null where no scopes are summed.</param>
/// <param name="IsBatch">Whether they are of the <c>batch</c> service tier.</param>
internal sealed record PartitionPrices(PricePlan Plan, UnpricedBound? Bound, bool IsBatch);
