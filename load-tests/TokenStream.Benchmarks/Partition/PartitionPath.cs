using System.Runtime.InteropServices;
using System.Text;
using TokenStream.Events;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Benchmarks.Partition;

/// <summary>
/// What the aggregate stage does with an event, from its bytes to its window's sums, with parts to leave out: decode, drop duplicates, price,
/// find the window and key, add. Kept between passes, so that the second pass finds its tables sized as a long-running process does.
/// </summary>
internal sealed unsafe class PartitionPath : IDisposable
{
    /// <summary>How far behind the foremost event a window stays open: beyond any disorder of a generated file.</summary>
    private const long GraceMs = 600_000;

    private readonly PathWork _work;
    private readonly AggregateRules _rules;
    private readonly PartitionSpend? _spend;
    private readonly EventDecoder _decoder = new([]);
    private readonly NameIndex _names = new();
    private readonly KeyTable _keys = new();
    private readonly Dictionary<PlanKey, PartitionPrices> _prices = [];
    private readonly WindowSet _windows = new();
    private readonly DuplicateTable _ids = new(0, 0, long.MaxValue / 2, long.MaxValue / 2);
    private UsageEvent _event;
    private PricedUsage _priced;
    private PathTotals _totals;
    private long _foremost;

    public PartitionPath(PriceBook prices, PathWork work, ScopeIndex scopes)
    {
        _work = work;
        _rules = new AggregateRules { Version = 1, Prices = prices, Scopes = scopes };
        _spend = scopes.Patterns.Count > 0 ? new PartitionSpend(_rules, _names) : null;
    }

    /// <summary>Reads lines from memory and closes all windows at the end. Each call begins anew.</summary>
    public PathTotals Run(byte* bytes, long length)
    {
        _totals = default;
        _foremost = 0;
        _ids.Clear();
        var end = bytes + length;
        while (bytes < end)
        {
            var rest = new ReadOnlySpan<byte>(bytes, (int)Math.Min(end - bytes, 1 << 20));
            var size = rest.IndexOf((byte)'\n');
            size = size < 0 ? rest.Length : size;
            if (_work == PathWork.Newlines)
            {
                _totals.Records++;
            }
            else if (size > 0)
            {
                Read(rest[..size]);
            }

            bytes += size + 1;
        }

        Close(long.MaxValue);
        return _totals;
    }

    public void Dispose() => _names.Dispose();

    private void Read(ReadOnlySpan<byte> record)
    {
        var offset = _totals.Records++;
        if (!_decoder.TryDecode(record, ref _event, out _))
        {
            _totals.Refused++;
            return;
        }

        if (_event.Kind == EventKind.Tick)
        {
            _totals.Ticks++;
            return;
        }

        if (_work >= PathWork.Dedup)
        {
            _ids.Advance(offset, 0);
            if (_ids.Seen(StableHash.Hash(_decoder.Text(record, _event.TenantId), _decoder.Text(record, _event.EventId)), offset))
            {
                _totals.Duplicates++;
                return;
            }
        }

        Book(record);
    }

    private void Book(ReadOnlySpan<byte> record)
    {
        var tenant = _names.Id(_decoder.Text(record, _event.TenantId));
        var provider = _names.Id(_decoder.Text(record, _event.Provider));
        var model = _names.Id(_decoder.Text(record, _event.Model));
        var region = _names.Id(_decoder.Text(record, _event.Region));
        var tier = _names.Id(_decoder.Text(record, _event.ServiceTier));
        var prices = Prices(new PlanKey(tenant, provider, model, region, tier));
        if (!Pricer.TryPrice(_event, _event.TimeMs, prices.Plan, record, _decoder.Scratch, ref _priced))
        {
            _totals.Refused++;
            return;
        }

        KeyIds key = default;
        key[(int)Dimension.Environment] = _names.Id(_decoder.Text(record, _event.Environment));
        key[(int)Dimension.Tenant] = tenant;
        key[(int)Dimension.App] = _names.Id(_decoder.Text(record, _event.App));
        key[(int)Dimension.Feature] = _names.Id(_decoder.Text(record, _event.Feature));
        key[(int)Dimension.Provider] = provider;
        key[(int)Dimension.Model] = model;
        key[(int)Dimension.PromptVersion] = _names.Id(_decoder.Text(record, _event.PromptVersion));
        key[KeyIds.Cell] = _priced.Cell;

        var start = _event.TimeMs - (_event.TimeMs % _rules.WindowMs);
        if (start > _foremost)
        {
            _foremost = start;
            Close(start - GraceMs);
        }

        var window = _windows.Get(start, default);
        var keyId = _keys.Id(key);
        ref var sums = ref window.Find(keyId, _rules, _keys, _names);
        window.Add(ref sums, _event, _priced, adjusted: false);
        _spend?.Add(window, keyId, key, _event, _decoder.Text(record, _event.UserId), _priced, prices, _event.TimeMs, _event.TimeMs);
        if (_work >= PathWork.Full)
        {
            window.AddHistograms(ref sums, _event);
            if (!_event.UserId.IsEmpty)
            {
                window.AddUser(ref sums, StableHash.Hash(_decoder.Text(record, _event.UserId)));
            }
        }
    }

    private PartitionPrices Prices(PlanKey key)
    {
        ref var prices = ref CollectionsMarshal.GetValueRefOrAddDefault(_prices, key, out _);
        return prices ??= new PartitionPrices(
            _rules.Prices.Plan(Text(key.Tenant), Text(key.Provider), Text(key.Model), Text(key.Region), Text(key.ServiceTier)),
            _spend?.Bound(key.Provider),
            Text(key.ServiceTier) == "batch");
    }

    private string Text(int nameId) => Encoding.UTF8.GetString(_names.Name(nameId));

    /// <summary>Reads the sums of the windows that start before a time, and gives the windows back.</summary>
    private void Close(long beforeMs)
    {
        if (_windows.EarliestEnd(0) >= beforeMs)
        {
            return;
        }

        foreach (var window in _windows)
        {
            for (var i = 0; window.StartMs < beforeMs && i < window.Count; i++)
            {
                _totals.Add(window.Measures(in window[i]));
            }

            for (var slot = 0; window.StartMs < beforeMs && slot < window.Spend.Count; slot++)
            {
                _totals.Add(in window.Spend[slot].Measures);
            }
        }

        _windows.RemoveWhere(window => window.StartMs < beforeMs);
    }

    private readonly record struct PlanKey(int Tenant, int Provider, int Model, int Region, int ServiceTier);
}
