using System.CommandLine;
using TokenStream.Detection;
using TokenStream.Pricing;
using TokenStream.Service.Detecting;
using TokenStream.Service.Node;

namespace TokenStream.Service.Commands;

/// <summary>The options of <c>tokenstream detect --store</c>, and what they ask for.</summary>
internal sealed class DetectStoreOptions
{
    private const long MinuteMs = 60_000;

    private static readonly (string Name, SeriesMeasure Measure)[] Measures =
    [
        ("cost", SeriesMeasure.Cost),
        ("requests", SeriesMeasure.Requests),
        ("tokens_in", SeriesMeasure.TokensIn),
        ("tokens_out", SeriesMeasure.TokensOut),
        ("errors", SeriesMeasure.Errors),
        ("cost_per_request", SeriesMeasure.CostPerRequest),
        ("cache_share", SeriesMeasure.CacheShare),
        ("error_share", SeriesMeasure.ErrorShare),
        ("tokens_out_per_request", SeriesMeasure.TokensOutPerRequest),
        ("latency_p95", SeriesMeasure.LatencyP95),
        ("ttft_p95", SeriesMeasure.TtftP95),
    ];

    private readonly Option<bool> _store = new("--store")
    {
        Description = "Look at stored usage instead of a file; --tenant, --from and --to say which.",
    };

    private readonly Option<string?> _tenant = new("--tenant") { Description = "Of --store: whose usage." };
    private readonly Option<string?> _feature = new("--feature") { Description = "Of --store: one feature; all together without it." };
    private readonly Option<string?> _model = new("--model") { Description = "Of --store: one model; all together without it." };
    private readonly Option<string> _environment = new("--environment")
    {
        Description = "Of --store: the environment.",
        DefaultValueFactory = _ => "prod",
    };

    private readonly Option<string[]> _measures = new("--measure")
    {
        Description = $"Of --store: what is looked at, several if wanted: {string.Join(", ", Measures.Select(known => known.Name))}.",
        DefaultValueFactory = _ => ["cost"],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _from = new("--from")
    {
        Description = "Of --store: a date, midnight UTC, or a whole minute such as 2026-11-01T06:00:00Z. Eight days before are looked at, too.",
    };

    private readonly Option<string?> _to = new("--to") { Description = "Of --store: the end, exclusive." };

    public void AddTo(Command command)
    {
        _measures.AcceptOnlyFromAmong([.. Measures.Select(known => known.Name)]);
        foreach (var option in new Option[] { _store, _tenant, _feature, _model, _environment, _measures, _from, _to })
        {
            command.Add(option);
        }

        Connections.AddStore(command);
    }

    public bool IsAsked(ParseResult parsed) => parsed.GetValue(_store);

    /// <exception cref="NodeStartException">Options are missing or wrong, or nothing is stored there.</exception>
    public async Task<DetectSubject> ReadAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var tenant = parsed.GetValue(_tenant) ?? throw new NodeStartException("--store needs --tenant.");
        var (fromMs, toMs) = (Time("--from", parsed.GetValue(_from)), Time("--to", parsed.GetValue(_to)));
        if (fromMs >= toMs)
        {
            throw new NodeStartException("--from must lie before --to.");
        }

        var place = new SeriesPath(parsed.GetValue(_environment)!, tenant, parsed.GetValue(_feature), parsed.GetValue(_model));
        var measures = parsed.GetValue(_measures)!.Distinct().Select(name => Measures.First(known => known.Name == name).Measure).ToList();
        using var client = Connections.ToClickHouse(Connections.Options(parsed));
        var (stored, table) = (new StoredSeries(client), new SeriesTable());
        foreach (var measure in measures)
        {
            await stored.AddAsync(table, place, measure, fromMs / 1000, toMs / 1000, cancellation);
        }

        return table.Count > 0
            ? new DetectSubject(
                "The store",
                $"Anomalies of {AnomalyText.Place(place)}",
                measures.Count == 1 ? StoredSeries.Unit(measures[0]) : null,
                () => table) { FromSeconds = fromMs / 1000 }
            : throw new NodeStartException(
                $"Nothing is stored for {AnomalyText.Place(place)} between {parsed.GetValue(_from)} and {parsed.GetValue(_to)}, nor in the " +
                "eight days before: are tenant, feature, model and --environment right?");
    }

    private static long Time(string option, string? text) =>
        text is null ? throw new NodeStartException($"--store needs {option}.")
        : PriceCell.TryParseTime(text, out var timeMs) && timeMs >= 0 && timeMs % MinuteMs == 0 ? timeMs
        : throw new NodeStartException(
            $"{option} {text} is not a date such as 2026-11-01 or a whole minute in UTC such as 2026-11-01T06:00:00Z.");
}
