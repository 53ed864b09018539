using TokenStream.Gateway;
using TokenStream.Service.Replay;

namespace TokenStream.Service.Demo.Runaway;

/// <summary>What a tenant's requests came to at the gateway.</summary>
internal sealed class TrafficCounts
{
    public long Asked;
    public long Served;
    public long Trimmed;
    public long Throttled;
    public long Killed;
    public long TokensIn;

    /// <summary>What the gateway told the last caller; empty where it let the request pass.</summary>
    public string LastAnswer = "";
}

/// <summary>
/// A sample gateway in the node's process: tenants' requests from real traces, decided by the client library as any gateway's would be, and
/// answered by nobody, since no model is behind it.
/// </summary>
internal sealed class RunawayTraffic(TokenStreamGateway gateway, string tenant, Trace agents, Trace office, TimeProvider clock)
{
    public const string Environment = "demo";

    private const string Office = "acme-office";

    /// <summary>Between the requests of agents that work, and of those that run away.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Hurry = TimeSpan.FromMilliseconds(250);

    private readonly string _run = $"{Guid.NewGuid():N}"[..8];

    public TrafficCounts AgentCounts { get; } = new();

    public TrafficCounts OfficeCounts { get; } = new();

    /// <summary>What the agents do now.</summary>
    public RunawayPhase Phase { get; set; }

    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        RunAsync(agents, tenant, "code-agent", AgentCounts, () => Phase == RunawayPhase.RunningAway ? Hurry : Calm, cancellation),
        RunAsync(office, Office, "chat", OfficeCounts, () => TimeSpan.FromMilliseconds(700), cancellation));

    private async Task RunAsync(
        Trace trace, string who, string feature, TrafficCounts counts, Func<TimeSpan> pause, CancellationToken cancellation)
    {
        for (var number = 0; !cancellation.IsCancellationRequested; number++)
        {
            // An agent that works asks little; the trace's long contexts are those of the loop.
            var row = trace.Rows[number % trace.Rows.Count];
            var isCalm = who == tenant && Phase != RunawayPhase.RunningAway;
            Send(
                row with { TokensIn = isCalm ? Math.Min(row.TokensIn, 2_000) : row.TokensIn },
                who,
                feature,
                counts,
                $"{_run}-{who}-{number}");
            await Task.Delay(pause(), clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Send(TraceRow row, string who, string feature, TrafficCounts counts, string requestId)
    {
        var model = row.Model ?? "gpt-4o";
        var request = new GatewayRequest
        {
            Tenant = who,
            Environment = Environment,
            App = "demo",
            Feature = feature,
            Session = row.Session,
            Provider = Attribution.Provider(row, model),
            Model = model,
            TokensIn = row.TokensIn,
            MaxTokens = Math.Max(1, row.TokensOut),
            RequestId = requestId,
        };
        var decision = gateway.Decide(in request);
        Count(counts, in decision);
        if (!decision.IsAllowed)
        {
            return;
        }

        counts.TokensIn += row.TokensIn;
        gateway.Complete(in request, in decision, new GatewayUsage
        {
            TokensIn = row.TokensIn,
            TokensOut = Math.Min(row.TokensOut, decision.MaxOutputTokens ?? row.TokensOut),
            LatencyMs = row.LatencyMs,
            TimeToFirstTokenMs = row.TtftMs,
        });
    }

    private static void Count(TrafficCounts counts, in GatewayDecision decision)
    {
        counts.Asked++;
        counts.Served += decision.IsAllowed ? 1 : 0;
        counts.Trimmed += decision.TrimmedBy is not null ? 1 : 0;
        counts.Throttled += decision.Code == DecisionCode.Throttled ? 1 : 0;
        counts.Killed += decision.Code is DecisionCode.Killed or DecisionCode.BudgetExceeded ? 1 : 0;
        counts.LastAnswer = decision.IsAllowed ? "" : $"{decision.Status} {decision.ErrorCode}: {decision.Reason}";
    }
}
