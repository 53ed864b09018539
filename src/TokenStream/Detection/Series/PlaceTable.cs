using System.Runtime.InteropServices;
using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>
/// The places of the tree that have series, by number, and what was used at each in the minute that is being scored. A number is the lowest
/// free one when the place is met first, and is its own until it has no series left.
/// </summary>
internal sealed class PlaceTable
{
    /// <summary>Activity halves in a day, so that a night's rest costs nobody a place.</summary>
    private const double MinutesOfHalf = 1_440;

    private readonly Dictionary<(string Environment, string Tenant), TenantPlaces> _byName = [];
    private readonly List<TenantPlaces> _inOrder = [];
    private readonly List<int> _touched = [];
    private readonly PriorityQueue<int, int> _free = new();
    private Place[] _places = [];
    private PlaceSums[] _sums = [];
    private int _high;

    /// <summary>In ordinal order of environment and tenant.</summary>
    public IReadOnlyList<TenantPlaces> Tenants => _inOrder;

    /// <summary>The places with traffic in this minute, in the order of tenants and cells.</summary>
    public IReadOnlyList<int> Touched => _touched;

    public int Count => _high - _free.Count;

    /// <summary>One above the highest number in use.</summary>
    public int High => _high;

    /// <summary>Cells left out because sums would have left their range.</summary>
    public long Overflows { get; private set; }

    public ref Place this[int number] => ref _places[number];

    public TenantPlaces? Find(string environment, string tenant) => _byName.GetValueOrDefault((environment, tenant));

    /// <summary>What was used there in the minute that was filled last.</summary>
    public ref readonly PlaceSums Sums(int number) => ref _sums[number];

    /// <summary>Adds up a minute at all places, making those that are new.</summary>
    public void Fill(MinuteUsage? usage, long minuteMs)
    {
        _touched.Clear();
        foreach (var tenant in _inOrder)
        {
            tenant.Cells = [];
        }

        foreach (var used in usage?.InOrder() ?? [])
        {
            var tenant = Open(used.Environment, used.Name);
            tenant.Cells = used.Cells();
            tenant.Feed(used.Inputs, minuteMs);
            foreach (var cell in tenant.Cells)
            {
                Add(tenant, null, null, cell.Measures, minuteMs);
                Add(tenant, cell.Feature, null, cell.Measures, minuteMs);
                Add(tenant, null, cell.Model, cell.Measures, minuteMs);
                Add(tenant, cell.Feature, cell.Model, cell.Measures, minuteMs);
            }

            foreach (var (path, number) in tenant.Numbers)
            {
                if (path is { Feature: not null, Model: null } && _places[number].MinuteMs == minuteMs && used.Times(path.Feature) is { } times)
                {
                    ref var place = ref _places[number];
                    (place.LatencyP95, place.TtftP95) = (times.Latency.P95(), times.Ttft.P95());
                }
            }
        }

        var minutes = minuteMs / (double)MinuteBook.MinuteMs / MinutesOfHalf;
        foreach (var number in _touched)
        {
            ref var place = ref _places[number];
            var activity = Math.Max(1, _sums[number].Requests) + (place.IsRanked ? Math.Pow(2, place.Rank - minutes) : 0);
            (place.Rank, place.IsRanked) = (Math.Log2(activity) + minutes, true);
            place.Prices.Add(_sums[number]);
        }
    }

    /// <summary>The value of a measure in the minute; NaN where it has none.</summary>
    public double Value(int number, SeriesMeasure measure, long minuteMs)
    {
        ref var place = ref _places[number];
        if (place.MinuteMs != minuteMs)
        {
            return measure.IsCount() ? 0 : double.NaN;
        }

        return measure switch
        {
            SeriesMeasure.LatencyP95 => place.LatencyP95,
            SeriesMeasure.TtftP95 => place.TtftP95,
            _ => _sums[number].Value(measure),
        };
    }

    /// <summary>Whether a place has such series at all: shares, means and times are of a feature, summed over its models.</summary>
    public bool Has(int number, SeriesMeasure measure) => measure.IsCount() || _places[number].Path is { Feature: not null, Model: null };

    /// <summary>Forgets a place that has no series left, and its tenant with its last one.</summary>
    public void Remove(int number)
    {
        ref var place = ref _places[number];
        var tenant = place.Tenant;
        tenant.Numbers.Remove((place.Path.Feature, place.Path.Model));
        if (tenant.Numbers.Count == 0)
        {
            _byName.Remove((tenant.Environment, tenant.Name));
            _inOrder.RemoveAt(_inOrder.BinarySearch(tenant, TenantPlaces.Order));
        }

        place = default;
        _free.Enqueue(number, number);
    }

    public void Write(BlockBuffer to)
    {
        to.Unsigned((UInt128)_inOrder.Count);
        foreach (var tenant in _inOrder)
        {
            to.Text(tenant.Environment);
            to.Text(tenant.Name);
            to.Unsigned((UInt128)tenant.Fed.Count);
            foreach (var (input, fedMs) in tenant.Fed)
            {
                to.Signed(input);
                to.Signed(fedMs);
            }

            to.Unsigned((UInt128)tenant.Numbers.Count);
            foreach (var number in tenant.Numbers.Values.Order())
            {
                ref var place = ref _places[number];
                to.Signed(number);
                WriteName(place.Path.Feature, to);
                WriteName(place.Path.Model, to);
                to.Double(place.Rank);
                place.Prices.Write(to);
            }
        }
    }

    public static PlaceTable Read(ref BlockReader from)
    {
        var table = new PlaceTable();
        for (var left = from.Count(); left > 0; left--)
        {
            var tenant = table.Open(from.Text(), from.Text());
            for (var inputs = from.Count(); inputs > 0; inputs--)
            {
                tenant.Fed.Add((checked((int)from.Long()), from.Long()));
            }

            for (var places = from.Count(); places > 0; places--)
            {
                var number = checked((int)from.Long());
                if ((uint)number >= SeriesTable.MostNumbers)
                {
                    throw new FormatException("a place's number that no table gives");
                }

                table.Put(number, tenant, ReadName(ref from), ReadName(ref from));
                ref var place = ref table._places[number];
                (place.Rank, place.IsRanked) = (from.Double(), true);
                place.Prices = PlacePrices.Read(ref from);
            }
        }

        for (var number = 0; number < table._high; number++)
        {
            if (table._places[number].Path is null)
            {
                table._free.Enqueue(number, number);
            }
        }

        return table;
    }

    private void Add(TenantPlaces tenant, string? feature, string? model, in RollupMeasures used, long minuteMs)
    {
        if (!tenant.Numbers.TryGetValue((feature, model), out var number))
        {
            number = _free.TryDequeue(out var free, out _) ? free : _high;
            Put(number, tenant, feature, model);
        }

        ref var place = ref _places[number];
        if (place.MinuteMs != minuteMs)
        {
            (place.MinuteMs, place.LatencyP95, place.TtftP95, _sums[number]) = (minuteMs, double.NaN, double.NaN, default);
            _touched.Add(number);
        }

        try
        {
            var sums = _sums[number];
            sums.Add(used);
            _sums[number] = sums;
        }
        catch (OverflowException)
        {
            Overflows++;
        }
    }

    private void Put(int number, TenantPlaces tenant, string? feature, string? model)
    {
        while (number >= _places.Length)
        {
            Array.Resize(ref _places, Math.Max(64, _places.Length * 2));
            Array.Resize(ref _sums, _places.Length);
        }

        _high = Math.Max(_high, number + 1);
        _places[number] = new Place
        {
            Path = new SeriesPath(tenant.Environment, tenant.Name, feature, model), Tenant = tenant, MinuteMs = AggregateCommit.Never,
        };
        tenant.Numbers.Add((feature, model), number);
    }

    private TenantPlaces Open(string environment, string name)
    {
        ref var tenant = ref CollectionsMarshal.GetValueRefOrAddDefault(_byName, (environment, name), out _);
        if (tenant is null)
        {
            tenant = new TenantPlaces(environment, name);
            _inOrder.Insert(~_inOrder.BinarySearch(tenant, TenantPlaces.Order), tenant);
        }

        return tenant;
    }

    private static void WriteName(string? name, BlockBuffer to)
    {
        to.Byte(name is null ? (byte)0 : (byte)1);
        if (name is not null)
        {
            to.Text(name);
        }
    }

    private static string? ReadName(ref BlockReader from) => from.Byte() == 0 ? null : from.Text();
}

/// <summary>A place that has series.</summary>
internal struct Place
{
    public SeriesPath Path;
    public TenantPlaces Tenant;
    public PlacePrices Prices;

    /// <summary>The last minute with traffic.</summary>
    public long MinuteMs;

    public double LatencyP95;
    public double TtftP95;

    /// <summary>
    /// Logarithm of the activity as of the Unix epoch: since all activity halves in the same time, places compare by it at any moment without
    /// being touched.
    /// </summary>
    public double Rank;

    public bool IsRanked;

    /// <summary>How many series it has.</summary>
    public int Series;

    /// <summary>The numbers of its series by measure.</summary>
    public MeasureNumbers Numbers;
}

/// <summary>A series' number, less one, for each measure; so zero is none.</summary>
[System.Runtime.CompilerServices.InlineArray(SeriesTable.Measures)]
internal struct MeasureNumbers
{
    private int _first;
}

/// <summary>A tenant of an environment: its places, and which input partitions bring its events.</summary>
internal sealed class TenantPlaces(string environment, string name)
{
    public string Environment { get; } = environment;

    public string Name { get; } = name;

    public static IComparer<TenantPlaces> Order { get; } =
        Comparer<TenantPlaces>.Create(static (a, b) => TenantUsage.Compare(a.Environment, a.Name, b.Environment, b.Name));

    public Dictionary<(string? Feature, string? Model), int> Numbers { get; } = [];

    /// <summary>The newest window of each input that brought something within the last hour.</summary>
    public List<(int Input, long FedMs)> Fed { get; } = [];

    /// <summary>Whether something of the minute that is being scored was not read yet.</summary>
    public bool IsMissing { get; set; }

    /// <summary>What it used in the minute that is being scored.</summary>
    public IReadOnlyList<UsageCell> Cells { get; set; } = [];

    public void Feed(IReadOnlyDictionary<int, long> inputs, long minuteMs)
    {
        Fed.RemoveAll(fed => !InputBook.Feeds(fed.FedMs, minuteMs) || inputs.ContainsKey(fed.Input));
        foreach (var (input, fedMs) in inputs)
        {
            Fed.Add((input, fedMs));
        }
    }

    public bool IsBehind(InputBook inputs, long minuteMs)
    {
        foreach (var (input, fedMs) in Fed)
        {
            if (InputBook.Feeds(fedMs, minuteMs) && inputs.IsBehind(input, minuteMs))
            {
                return true;
            }
        }

        return false;
    }
}
