namespace TokenStream.Gateway.Http;

/// <summary>One admitted call: measures it and reports it once, however it ends.</summary>
internal sealed class GovernedCall(TokenStreamGateway gateway, GatewayRequest request, GatewayDecision decision)
{
    private readonly long _start = gateway.Clock.Time.GetTimestamp();
    private long _firstTokenMs = -1;
    private int _isReported;

    public GatewayRequest Request => request;

    public GatewayDecision Decision => decision;

    public TokenStreamGateway Gateway => gateway;

    public RunningAnswer Follow() => gateway.Follow(in request, in decision);

    public void SeeFirstToken() => _firstTokenMs = _firstTokenMs < 0 ? ElapsedMs : _firstTokenMs;

    public void Report(GatewayUsage usage)
    {
        if (Interlocked.Exchange(ref _isReported, 1) == 0)
        {
            long? firstToken = _firstTokenMs < 0 ? null : _firstTokenMs;
            gateway.Complete(in request, in decision, usage with { LatencyMs = ElapsedMs, TimeToFirstTokenMs = firstToken });
        }
    }

    private long ElapsedMs => (long)gateway.Clock.Time.GetElapsedTime(_start).TotalMilliseconds;
}
