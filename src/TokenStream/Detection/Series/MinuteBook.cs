using System.Runtime.InteropServices;
using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>What tenants used in the minutes that are not scored yet, added up from final values, corrections among them.</summary>
internal sealed class MinuteBook
{
    public const long MinuteMs = 60_000;

    private readonly SortedDictionary<long, MinuteUsage> _minutes = [];

    /// <summary>Start of the first minute of which anything is known; null where there is none.</summary>
    public long? FirstMs => _minutes.Count == 0 ? null : _minutes.First().Key;

    public int Count => _minutes.Count;

    public static long MinuteOf(long timeMs) => timeMs - (((timeMs % MinuteMs) + MinuteMs) % MinuteMs);

    /// <summary>Adds a value of an input.</summary>
    /// <exception cref="OverflowException">The sums would leave their range: the value is left out.</exception>
    public void Add(int input, Rollup value)
    {
        var minuteMs = MinuteOf(value.Block.WindowStartMs);
        if (!_minutes.TryGetValue(minuteMs, out var minute))
        {
            _minutes.Add(minuteMs, minute = new MinuteUsage());
        }

        minute.Tenant(value.Key.Environment, value.Key.TenantId).Add(input, value);
    }

    /// <summary>Hands over a minute and forgets it; null where nothing is known of it.</summary>
    public MinuteUsage? Take(long minuteMs) => _minutes.Remove(minuteMs, out var minute) ? minute : null;

    public void Write(BlockBuffer to)
    {
        to.Unsigned((UInt128)_minutes.Count);
        foreach (var (minuteMs, minute) in _minutes)
        {
            to.Signed(minuteMs);
            minute.Write(to);
        }
    }

    public static MinuteBook Read(ref BlockReader from)
    {
        var book = new MinuteBook();
        for (var left = from.Count(); left > 0; left--)
        {
            var minuteMs = from.Long();
            book._minutes.Add(minuteMs, MinuteUsage.Read(ref from));
        }

        return book;
    }
}

/// <summary>What tenants used in one minute.</summary>
internal sealed class MinuteUsage
{
    private readonly Dictionary<(string Environment, string Tenant), TenantUsage> _tenants = [];

    /// <summary>In ordinal order of environment and tenant.</summary>
    public IEnumerable<TenantUsage> InOrder()
    {
        var tenants = _tenants.Values.ToList();
        tenants.Sort(static (a, b) => TenantUsage.Compare(a.Environment, a.Name, b.Environment, b.Name));
        return tenants;
    }

    public TenantUsage? Find(string environment, string tenant) => _tenants.GetValueOrDefault((environment, tenant));

    public TenantUsage Tenant(string environment, string tenant)
    {
        ref var usage = ref CollectionsMarshal.GetValueRefOrAddDefault(_tenants, (environment, tenant), out _);
        return usage ??= new TenantUsage(environment, tenant);
    }

    public void Write(BlockBuffer to)
    {
        to.Unsigned((UInt128)_tenants.Count);
        foreach (var tenant in InOrder())
        {
            tenant.Write(to);
        }
    }

    public static MinuteUsage Read(ref BlockReader from)
    {
        var minute = new MinuteUsage();
        for (var left = from.Count(); left > 0; left--)
        {
            var tenant = TenantUsage.Read(ref from);
            minute._tenants.Add((tenant.Environment, tenant.Name), tenant);
        }

        return minute;
    }
}

/// <summary>What one tenant used in one minute: by combination of values, and the times of each feature's requests.</summary>
internal sealed class TenantUsage(string environment, string name)
{
    private readonly Dictionary<CellKey, UsageCell> _cells = [];
    private readonly Dictionary<string, FeatureTimes> _times = [];
    private readonly SortedDictionary<int, long> _inputs = [];

    public string Environment { get; } = environment;

    public string Name { get; } = name;

    /// <summary>By whom it was fed, and the newest window of each.</summary>
    public IReadOnlyDictionary<int, long> Inputs => _inputs;

    public static int Compare(string environment, string tenant, string otherEnvironment, string otherTenant) =>
        string.CompareOrdinal(environment, otherEnvironment) is not 0 and var order ? order : string.CompareOrdinal(tenant, otherTenant);

    public void Add(int input, Rollup value)
    {
        ref var cell = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _cells,
            new CellKey(value.Key.Feature, value.Key.Provider, value.Key.Model, value.Key.PromptVersion, value.Key.PriceCell),
            out _);
        cell ??= CellOf(value.Key.Feature, value.Key.Provider, value.Key.Model, value.Key.PromptVersion, value.Key.PriceCell);

        // Into a copy: a sum that leaves its range leaves the cell as it was.
        var sum = cell.Measures;
        sum.Add(value.Measures);
        cell.Measures = sum;
        _inputs[input] = Math.Max(_inputs.GetValueOrDefault(input, long.MinValue), value.Block.WindowStartMs);
        if (value.LatencyMs.Buckets.Length > 0 || value.TtftMs.Buckets.Length > 0)
        {
            ref var times = ref CollectionsMarshal.GetValueRefOrAddDefault(_times, value.Key.Feature, out _);
            times ??= new FeatureTimes(new TimeSketch(), new TimeSketch());
            times.Latency.Add(value.LatencyMs);
            times.Ttft.Add(value.TtftMs);
        }
    }

    /// <summary>In ordinal order of their keys.</summary>
    public UsageCell[] Cells()
    {
        UsageCell[] cells = [.. _cells.Values];
        Array.Sort(cells, static (a, b) =>
            string.CompareOrdinal(a.Feature, b.Feature) is not 0 and var byFeature ? byFeature :
            string.CompareOrdinal(a.Provider, b.Provider) is not 0 and var byProvider ? byProvider :
            string.CompareOrdinal(a.Model, b.Model) is not 0 and var byModel ? byModel :
            string.CompareOrdinal(a.PromptVersion, b.PromptVersion) is not 0 and var byPrompt ? byPrompt :
            string.CompareOrdinal(a.PriceCell, b.PriceCell));
        return cells;
    }

    public FeatureTimes? Times(string feature) => _times.GetValueOrDefault(feature);

    public void Write(BlockBuffer to)
    {
        to.Text(Environment);
        to.Text(Name);
        to.Unsigned((UInt128)_inputs.Count);
        foreach (var (input, fedMs) in _inputs)
        {
            to.Signed(input);
            to.Signed(fedMs);
        }

        to.Unsigned((UInt128)_cells.Count);
        foreach (var cell in Cells())
        {
            to.Text(cell.Feature);
            to.Text(cell.Provider);
            to.Text(cell.Model);
            to.Text(cell.PromptVersion);
            to.Text(cell.PriceCell);
            PendingFormat.WriteMeasures(cell.Measures, to);
        }

        to.Unsigned((UInt128)_times.Count);
        foreach (var (feature, times) in _times.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            to.Text(feature);
            times.Latency.Write(to);
            times.Ttft.Write(to);
        }
    }

    public static TenantUsage Read(ref BlockReader from)
    {
        var tenant = new TenantUsage(from.Text(), from.Text());
        for (var left = from.Count(); left > 0; left--)
        {
            tenant._inputs.Add(checked((int)from.Long()), from.Long());
        }

        for (var left = from.Count(); left > 0; left--)
        {
            var cell = CellOf(from.Text(), from.Text(), from.Text(), from.Text(), from.Text());
            cell.Measures = PendingFormat.ReadMeasures(ref from);
            tenant._cells.Add(new CellKey(cell.Feature, cell.Provider, cell.Model, cell.PromptVersion, cell.PriceCell), cell);
        }

        for (var left = from.Count(); left > 0; left--)
        {
            var feature = from.Text();
            tenant._times.Add(feature, new FeatureTimes(TimeSketch.Read(ref from), TimeSketch.Read(ref from)));
        }

        return tenant;
    }

    private static UsageCell CellOf(string feature, string provider, string model, string promptVersion, string priceCell) =>
        new() { Feature = feature, Provider = provider, Model = model, PromptVersion = promptVersion, PriceCell = priceCell };

    private readonly record struct CellKey(string Feature, string Provider, string Model, string PromptVersion, string PriceCell);
}

/// <summary>How long the requests of a feature took in a minute.</summary>
internal sealed record FeatureTimes(TimeSketch Latency, TimeSketch Ttft);
