using TokenStream.Detection;
using TokenStream.Detection.Episodes;
using TokenStream.Pricing;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Detection.Episodes;

/// <summary>
/// Feeds a book minute by minute. The detector is simple enough to compute by hand: a value of twice the expected scores 10 up, of three
/// times 20; half of the expected scores 10 down, nothing at all 20. So 0.35 and 2.3 times the expected cross the threshold of 13.
/// </summary>
internal sealed class EpisodeWorld
{
    public const long Start = 1_700_006_400_000; // A UTC day begins.
    public const long Minute = 60_000;

    private readonly Func<SeriesMeasure, DetectorOfMeasure> _detectors = _ => new DetectorOfMeasure("evidence", 1);
    private readonly EpisodeOptions _options;
    private readonly ITenantBudgets? _budgets;
    private readonly Dictionary<int, double> _values = [];

    public EpisodeWorld(EpisodeOptions? options = null, ITenantBudgets? budgets = null)
    {
        (_options, _budgets) = ((options ?? new EpisodeOptions()) with { StartThreshold = 13 }, budgets);
        Book = new EpisodeBook(_options, _detectors, _budgets);
    }

    public EpisodeBook Book { get; private set; }

    public List<TestSeries> Series { get; } = [];

    /// <summary>What a minute of each tenant costs and is served by, whatever the series say.</summary>
    public List<TenantMinute> Usage { get; } = [];

    public long NowMs { get; private set; } = Start;

    /// <summary>All that was told so far.</summary>
    public List<Anomaly> Told { get; } = [];

    public IEnumerable<Anomaly> Sent => Told.Where(anomaly => anomaly.HeldBack is null);

    public TestSeries Add(
        SeriesMeasure measure, string tenant = "acme", string? feature = null, string? model = null, double expected = 1,
        double costPerUnit = 0, double requests = 60)
    {
        var series = new TestSeries(Series.Count, new SeriesPath("prod", tenant, feature, model), measure, expected, costPerUnit, requests);
        Series.Add(series);
        return series;
    }

    /// <summary>Cost of a tenant, of which it expects a dollar a minute.</summary>
    public TestSeries AddCost(string tenant = "acme", string? feature = null, string? model = null) =>
        Add(SeriesMeasure.Cost, tenant, feature, model, Picodollars.PerUsd, costPerUnit: 1);

    /// <summary>A tenant spends this much a minute, by one model.</summary>
    public void Spends(string tenant, decimal usdPerMinute, string model = "m", string provider = "p", string feature = "chat")
    {
        var cell = new UsageCell { Feature = feature, Provider = provider, Model = model, PromptVersion = "", PriceCell = "" };
        cell.Measures.Requests = 60;
        cell.Measures.CostOutput = (Int128)(usdPerMinute * Picodollars.PerUsd);
        Usage.Add(new TenantMinute("prod", tenant, 0, [cell]));
    }

    /// <summary>A day passes in which nothing happens.</summary>
    public void Day()
    {
        for (var i = 0; i < 1_440; i++)
        {
            Next();
        }
    }

    /// <summary>The next minute: series have so many times their expected value, NaN for none; all others have what was expected.</summary>
    public IReadOnlyList<Anomaly> Next(params ReadOnlySpan<(TestSeries Series, double Times)> others) => Next(false, others);

    public IReadOnlyList<Anomaly> Next(bool isHistory, params ReadOnlySpan<(TestSeries Series, double Times)> others)
    {
        _values.Clear();
        foreach (var (series, times) in others)
        {
            _values[series.Number] = times;
        }

        foreach (var usage in Usage)
        {
            Book.Add(usage with { MinuteMs = NowMs });
        }

        foreach (var series in Series)
        {
            var point = series.At(NowMs, _values.GetValueOrDefault(series.Number, 1));
            Book.Add(point, new TestProbe(series.Expected));
        }

        var told = Book.EndMinute(NowMs, isHistory);
        Told.AddRange(told);
        NowMs += Minute;
        return told;
    }

    /// <summary>So many minutes of the same.</summary>
    public void For(int minutes, params ReadOnlySpan<(TestSeries Series, double Times)> others)
    {
        for (var i = 0; i < minutes; i++)
        {
            Next(others);
        }
    }

    /// <summary>The book is written down, and what is read back goes on.</summary>
    public void Restart()
    {
        var buffer = new BlockBuffer();
        Book.Write(buffer);
        var reader = new BlockReader(buffer.Written);
        Book = EpisodeBook.Read(ref reader, _options, _detectors, _budgets);
        Assert.True(reader.IsAtEnd);
    }

    public byte[] Snapshot()
    {
        var buffer = new BlockBuffer();
        Book.Write(buffer);
        return buffer.Written.ToArray();
    }
}

internal sealed record TestSeries(int Number, SeriesPath Path, SeriesMeasure Measure, double Expected, double CostPerUnit, double Requests)
{
    public ScoredPoint At(long minuteMs, double times) => new(
        Number, Path, Measure, minuteMs, Expected * times,
        double.IsNaN(times) ? PointScore.None : new TestProbe(Expected).Score(Expected * times),
        new Expectation(Expected, Expected), CostPerUnit, double.IsNaN(times) ? double.NaN : Requests);
}

internal sealed class TestProbe(double expected) : IPointProbe
{
    public PointScore Score(double value)
    {
        var up = Math.Max(0, ((value / expected) - 1) * 10);
        var down = Math.Max(0, (1 - (value / expected)) * 20);
        return new PointScore(Math.Max(up, down), up, down);
    }
}

internal sealed class TestBudgets(Func<string, Int128?> daily) : ITenantBudgets
{
    public Int128? DailyBudget(string environment, string tenant) => daily(tenant);
}
