using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Events;

namespace TokenStream.Gateway.Leasing;

/// <summary>The leases of this gateway and the prices that their requests are measured with.</summary>
internal sealed class GatewayLeases(TokenStreamGatewayOptions options, GatewayClock clock, ILogger logger) : IDisposable
{
    /// <summary>Leases that nothing happened to are reported this often only.</summary>
    private const int IdleReports = 5;

    private readonly Dictionary<string, LeaseReport> _reported = new(StringComparer.Ordinal);
    private int _turn;

    public LeaseTable Table { get; } = new();

    public PriceFeed Prices { get; } = new(options, logger);

    /// <summary>Every lease that stands, for people.</summary>
    public IEnumerable<GatewayLease> Standing => Table.Standing.Select(account => account.Standing);

    /// <summary>
    /// The most that a request can cost: of what it asks for and where a command would route it to the dearer, since whoever serves it may
    /// leave a route out. False while no prices are known: nothing can be let in by a bound that nobody knows.
    /// </summary>
    public bool TryEstimate(in GatewayRequest request, string tenant, Command? route, long nowMs, long tokensOut, out long cost)
    {
        cost = 0;
        if (Prices.Current is not { } prices)
        {
            return false;
        }

        var provider = request.ServedProvider ?? request.Provider;
        var tokensIn = Math.Max(0, request.TokensIn);
        cost = prices.Estimate(tenant, provider, request.ServedModel ?? request.Model, request.ServiceTier, nowMs, tokensIn, tokensOut);
        if (route?.Parameters is { } target)
        {
            var routed = prices.Estimate(
                tenant, target.Provider ?? provider, target.Model!, request.ServiceTier, nowMs, tokensIn, tokensOut);
            cost = Math.Max(cost, routed);
        }

        return true;
    }

    /// <summary>What a request cost, as its event is going to be priced.</summary>
    public long Cost(in GatewayRequest request, in GatewayDecision decision, in GatewayUsage usage)
    {
        if (usage.IsCacheHit || Prices.Current is not { } prices)
        {
            return 0;
        }

        var counts = new UsageEvent
        {
            TokensIn = usage.TokensIn ?? 0,
            TokensOut = usage.TokensOut ?? 0,
            TokensCached = usage.TokensCached ?? 0,
            TokensCacheWrite5m = usage.TokensCacheWrite ?? 0,
            TokensCacheWrite1h = usage.TokensCacheWriteHour ?? 0,
            TokensReasoning = usage.TokensReasoning ?? 0,
            Completeness = usage.IsEstimated ? Completeness.Estimated : Completeness.Final,
            ResultType = usage.Result switch
            {
                UsageResult.Ok => ResultType.Ok,
                UsageResult.Timeout => ResultType.Timeout,
                UsageResult.Cancelled => ResultType.Cancelled,
                _ => ResultType.Error,
            },
        };
        return prices.Cost(
            decision.Tenant,
            decision.RouteProvider ?? request.ServedProvider ?? request.Provider,
            usage.ServedModel ?? decision.RouteModel ?? request.ServedModel ?? request.Model,
            usage.ServiceTier,
            clock.WallMs,
            in counts);
    }

    /// <summary>
    /// How the slices stand, for the issuer, as acks of bounded size. Called each second; where leases are many, those that nothing
    /// happened to are left out of most reports. For one thread.
    /// </summary>
    public IEnumerable<GatewayAck> Report(bool isWhole = false)
    {
        _turn++;
        var reports = Table.Report();
        var many = !isWhole && reports.Count > GatewayAckFormat.MostLeases;
        var told = reports.Where((report, i) => !many || HasNews(report) || (i + _turn) % IdleReports == 0).ToList();
        foreach (var report in told)
        {
            _reported[report.Key] = report;
        }

        return told.Chunk(GatewayAckFormat.MostLeases).Select(part => new GatewayAck
        {
            Kind = GatewayAckKind.Leases,
            GatewayId = options.GatewayId,
            AtMs = clock.WallMs,
            Leases = part,
        });
    }

    public void Dispose() => Prices.Dispose();

    private bool HasNews(LeaseReport report) => !_reported.TryGetValue(report.Key, out var last) || report != last;
}
