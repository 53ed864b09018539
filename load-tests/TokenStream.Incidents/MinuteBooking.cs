using TokenStream.Events;
using TokenStream.Pricing;
using TokenStream.Windowing;

namespace TokenStream.Incidents;

/// <summary>
/// Prices the attempts of a minute and adds them up by key, with the product's own pricing and sums, as a window of the aggregate stage
/// would: one window a minute, where that has six.
/// </summary>
internal sealed class MinuteBooking
{
    private const string Topic = "llm.requests";

    private readonly Dictionary<string, (PriceBook Book, PricePlan Plan)> _mistaken = [];
    private readonly Dictionary<FleetFeature, List<Cell>> _cells = [];
    private readonly FleetCalendar _calendar;
    private long _decision;

    public MinuteBooking(Fleet fleet)
    {
        _calendar = fleet.Calendar;
        foreach (var incident in fleet.Incidents.Where(incident => incident.Kind == IncidentKind.PriceError))
        {
            var model = fleet.Tenants.SelectMany(tenant => tenant.Features).First(feature => feature.Incident == incident).Model;
            var book = model.Mistaken(incident.Factor);
            _mistaken.Add(incident.Tenant, (book, book.Plan(string.Empty, model.Provider, model.Name, string.Empty, string.Empty)));
        }
    }

    public long Requests { get; private set; }

    public void Add(int minute, in FleetRequest request)
    {
        var usage = new UsageEvent
        {
            Kind = EventKind.Request,
            ResultType = request.Result,
            Present = EventFields.TokensIn | EventFields.TokensOut | EventFields.TokensCached | EventFields.LatencyMs | EventFields.Attempt,
            TimeMs = _calendar.TimeMs(minute),
            TokensIn = request.TokensIn,
            TokensOut = request.TokensOut,
            TokensCached = request.TokensCached,
            LatencyMs = request.LatencyMs,
            Attempt = request.Attempt,
        };
        var (book, plan) = request.IsMistaken ? _mistaken[request.Feature.Tenant] : (DefaultPriceBook.Book, request.Model.Plan);
        var priced = default(PricedUsage);
        if (!Pricer.TryPrice(usage, usage.TimeMs, plan, default, default, ref priced))
        {
            throw new InvalidOperationException("an attempt of the fleet cannot be priced");
        }

        var cell = CellOf(request, book, priced.Cell);
        cell.Measures.Add(usage, priced, adjusted: false);
        cell.Latencies.Add((ushort)HistogramScale.Bucket(request.LatencyMs));
        Requests += usage.IsRequest ? 1 : 0;
    }

    /// <summary>What the minute came to; the next one begins empty.</summary>
    public void Take(int minute, Action<Rollup> take)
    {
        var header = new RollupBlockHeader(1, Topic, 0, _calendar.TimeMs(minute), 0, ++_decision, _decision, 1, Final: true);
        foreach (var cells in _cells.Values)
        {
            foreach (var cell in cells)
            {
                if (cell.Latencies.Count > 0)
                {
                    take(new Rollup { Block = header, Key = cell.Key, Measures = cell.Measures, LatencyMs = cell.Histogram() });
                    cell.Measures = default;
                    cell.Latencies.Clear();
                }
            }
        }
    }

    /// <summary>Says that the minute is closed.</summary>
    public Mark Mark(int minute) => new()
    {
        Epoch = 1,
        Topic = Topic,
        Partition = 0,
        Decision = _decision,
        Position = _decision,
        ClosedThroughMs = _calendar.TimeMs(minute + 1),
        StreamTimeMs = _calendar.TimeMs(minute + 1),
        RulesVersion = 1,
        NeededOffset = _decision,
        IdsFrom = _decision,
        Counts = new MarkCounts(1, 1, 0, 0, 0, 0, new Dictionary<string, long>()),
    };

    private Cell CellOf(in FleetRequest request, PriceBook book, int priceCell)
    {
        if (!_cells.TryGetValue(request.Feature, out var cells))
        {
            _cells.Add(request.Feature, cells = []);
        }

        foreach (var known in cells)
        {
            if (known.Model == request.Model && known.PromptVersion == request.PromptVersion && known.Book == book)
            {
                return known;
            }
        }

        // No model of the fleet has prices by context length, so that one row holds for all of its requests.
        var key = new RollupKey(
            Fleet.Environment, request.Feature.Tenant, "app", request.Feature.Name, request.Model.Provider, request.Model.Name,
            request.PromptVersion, string.Empty, string.Empty, string.Empty, string.Empty, book.CellId(priceCell));
        var cell = new Cell(request.Model, request.PromptVersion, book, key);
        cells.Add(cell);
        return cell;
    }

    private sealed class Cell(FleetModel model, string promptVersion, PriceBook book, RollupKey key)
    {
        public RollupMeasures Measures;

        public FleetModel Model { get; } = model;

        public string PromptVersion { get; } = promptVersion;

        public PriceBook Book { get; } = book;

        public RollupKey Key { get; } = key;

        public List<ushort> Latencies { get; } = [];

        public SparseHistogram Histogram()
        {
            Latencies.Sort();
            var (buckets, counts) = (new List<ushort>(), new List<long>());
            foreach (var bucket in Latencies)
            {
                if (buckets.Count > 0 && buckets[^1] == bucket)
                {
                    counts[^1]++;
                }
                else
                {
                    buckets.Add(bucket);
                    counts.Add(1);
                }
            }

            return new SparseHistogram([.. buckets], [.. counts]);
        }
    }
}
