namespace TokenStream.LoadGenerator;

/// <summary>One generated event: its values as they were drawn, before anybody wrote or read them as JSON.</summary>
internal readonly record struct DrawnEvent(
    long Number,
    long TimeMs,
    int Tenant,
    int Feature,
    int Model,
    int Environment,
    int PromptVersion,
    int User,
    long TokensIn,
    long TokensOut,
    long TokensCached,
    long TokensCacheWrite5m,
    long TokensReasoning,
    long LatencyMs,
    bool IsTimeout);

/// <summary>
/// The mix of events that load tests use: tenants by Zipf's law with exponent 1, twelve features, fifteen models of which three carry 98 % of
/// a tenant's feature, environments 90/7/3 %, four prompt versions a feature 80/15/4/1 %, lognormal tokens, 40,000 events a second of stream
/// time by default; 90 % of the events up to 200 ms late, 9.5 % up to 2 s, the rest up to 5 s. The same seed draws the same events.
/// </summary>
internal sealed class EventMix
{
    public const int Features = 12;
    public const int Models = 15;

    private readonly Random _random;
    private readonly double[] _tenantShares;
    private readonly long _startMs;
    private readonly double _perSecond;

    public EventMix(int seed, int tenants, long startMs, double perSecond)
    {
        _random = new Random(seed);
        _startMs = startMs;
        _perSecond = perSecond;
        _tenantShares = new double[tenants];
        var sum = 0.0;
        for (var tenant = 0; tenant < tenants; tenant++)
        {
            sum += 1.0 / (tenant + 1);
            _tenantShares[tenant] = sum;
        }
    }

    public DrawnEvent Draw(long number)
    {
        var tenant = Tenant();
        var feature = _random.Next(Features);
        var tokensIn = Math.Clamp((long)Math.Exp(6.8 + (1.1 * Normal())), 1, 200_000);
        var tokensOut = Math.Clamp((long)Math.Exp(5.2 + (0.9 * Normal())), 1, 32_000);
        var cached = _random.Next(3) == 0 ? tokensIn * _random.Next(20, 90) / 100 : 0;
        return new DrawnEvent(
            number,
            _startMs + (long)(number * 1000 / _perSecond) - DelayMs(),
            tenant,
            feature,
            Model(tenant, feature),
            Pick(90, 7, 3),
            Pick(80, 15, 4, 1),
            _random.Next(40_000),
            tokensIn,
            tokensOut,
            cached,
            _random.Next(20) == 0 ? (tokensIn - cached) / 2 : 0,
            _random.Next(4) == 0 ? tokensOut / 3 : 0,
            150 + (tokensOut * 9) + _random.Next(400),
            _random.Next(50) == 0);
    }

    /// <summary>A number below a bound, from the same seed.</summary>
    public int Next(int bound) => _random.Next(bound);

    public void Shuffle(string[] members) => _random.Shuffle(members);

    private int Tenant()
    {
        var at = Array.BinarySearch(_tenantShares, _random.NextDouble() * _tenantShares[^1]);
        return Math.Min(at < 0 ? ~at : at, _tenantShares.Length - 1);
    }

    private int Model(int tenant, int feature)
    {
        var favourite = ((tenant * 7) + (feature * 3)) % Models;
        return (favourite + (_random.Next(50) == 0 ? _random.Next(Models) : _random.Next(3))) % Models;
    }

    private int DelayMs() => _random.Next(200) switch
    {
        < 180 => _random.Next(201),
        < 199 => _random.Next(2001),
        _ => _random.Next(5001),
    };

    private int Pick(params ReadOnlySpan<int> percents)
    {
        var drawn = _random.Next(100);
        for (var i = 0; i < percents.Length; i++)
        {
            drawn -= percents[i];
            if (drawn < 0)
            {
                return i;
            }
        }

        return 0;
    }

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
