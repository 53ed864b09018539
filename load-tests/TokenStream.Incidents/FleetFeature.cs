namespace TokenStream.Incidents;

/// <summary>A feature of a tenant and what its requests are like.</summary>
internal sealed class FleetFeature
{
    private const int Sizes = 1_024;

    private readonly double[] _inputs = new double[Sizes];
    private readonly double[] _outputs = new double[Sizes];

    public FleetFeature(
        string tenant, string name, FleetModel model, FleetModel? second, RateCurve curve, double requestsPerMinute, Draws draws)
    {
        (Tenant, Name, Model, Second) = (tenant, name, model, second);
        (Rates, Dispersion) = (Array.ConvertAll(curve.Levels, level => level * requestsPerMinute), curve.Dispersion);
        (InputTokens, OutputTokens) = (draws.LogBetween(800, 9_000), draws.LogBetween(80, 600));
        CachedShare = draws.Between(0.3, 0.92);
        ErrorShare = draws.LogBetween(0.002, 0.02);
        Fill(_inputs, 0.6, draws);
        Fill(_outputs, 0.7, draws);
    }

    public string Tenant { get; }

    public string Name { get; }

    /// <summary>Nine of ten requests go to it where there is a second one.</summary>
    public FleetModel Model { get; }

    public FleetModel? Second { get; }

    public string PromptVersion { get; } = "46";

    /// <summary>Requests expected in each minute.</summary>
    public double[] Rates { get; }

    /// <summary>The variance of the requests of a minute, in variances of a Poisson count.</summary>
    public double Dispersion { get; }

    /// <summary>Mean of a request.</summary>
    public double InputTokens { get; set; }

    public double OutputTokens { get; }

    /// <summary>Of the input tokens of a request that hits the provider's cache; 97 % do.</summary>
    public double CachedShare { get; set; }

    public double ErrorShare { get; }

    /// <summary>In-draw incident of this feature; those that only change rates are in the rates.</summary>
    public Incident? Incident { get; set; }

    /// <summary>US dollars that a request is expected to cost.</summary>
    public double CostPerRequest(FleetModel model)
    {
        var cached = InputTokens * CachedShare * FleetTraffic.HitShare;
        return ((InputTokens - cached) * model.Input) + (cached * model.CacheRead) + (OutputTokens * model.Output);
    }

    public long DrawInput(Draws draws) => (long)Math.Max(1, InputTokens * _inputs[draws.Below(Sizes)]);

    public long DrawOutput(Draws draws) => (long)Math.Max(1, OutputTokens * _outputs[draws.Below(Sizes)]);

    /// <summary>Lognormal, of mean 1.</summary>
    private static void Fill(double[] sizes, double deviation, Draws draws)
    {
        for (var i = 0; i < sizes.Length; i++)
        {
            sizes[i] = Math.Exp((deviation * draws.Normal()) - (deviation * deviation / 2));
        }
    }
}

/// <summary>A tenant.</summary>
internal sealed record FleetTenant(string Name, bool HasWeekends, IReadOnlyList<FleetFeature> Features)
{
    public IEnumerable<double[]> Rates => Features.Select(feature => feature.Rates);
}
