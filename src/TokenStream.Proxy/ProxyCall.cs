using TokenStream.Gateway;
using TokenStream.Mapping;
using TokenStream.Mapping.ProviderUsage;

namespace TokenStream.Proxy;

/// <summary>How the passing on of an answer ended.</summary>
internal enum AnswerEnd
{
    Whole,
    CallerLeft,
    Killed,
    Stopped,
    Silent,
    Broken,
}

/// <summary>One admitted request: measures it and says what it used, once, however it ended.</summary>
internal sealed class ProxyCall(
    TokenStreamGateway gateway, GatewayRequest request, GatewayDecision decision, ProxyMetrics metrics, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private long? _firstTokenMs;
    private bool _isReported;

    public void SeeFirstToken() => _firstTokenMs ??= ElapsedMs;

    /// <summary>Of a request that got no answer, or one that says nothing of usage.</summary>
    public void Report(UsageResult result, string? errorType, bool isEstimated) => Report(new GatewayUsage
    {
        Result = result,
        ErrorType = errorType,
        IsEstimated = isEstimated,
        TokensIn = isEstimated ? request.TokensIn : null,
        TokensOut = isEstimated ? 0 : null,
    });

    /// <summary>Of an answer that was read as it passed: what it said or, where it did not come to saying it, an estimate.</summary>
    public void Report(ProviderUsageScanner scanner, AnswerEnd end, bool isStream, string provider)
    {
        var reading = scanner.Read(provider);
        var isExact = reading is { TokensIn: not null, TokensOut: not null, IsEnded: true };
        var (result, errorType) = Ended(in reading, end, isStream);
        var usage = new GatewayUsage
        {
            // What a provider counted to the end is billed so, whoever left since.
            Result = isExact && !reading.IsError && !reading.IsCancelled ? UsageResult.Ok : result,
            ErrorType = isExact && !reading.IsError ? null : errorType,
            IsEstimated = !isExact,
            TokensIn = reading.TokensIn ?? request.TokensIn,
            // Streams send about a token a piece.
            TokensOut = isExact ? reading.TokensOut
                : isStream ? Math.Max(reading.TokensOut ?? 0, scanner.Pieces)
                : result == UsageResult.Ok ? reading.TokensOut ?? decision.MaxOutputTokens : reading.TokensOut ?? 0,
            TokensCached = reading.TokensCached,
            TokensCacheWrite = reading.TokensCacheWrite5m,
            TokensCacheWriteHour = reading.TokensCacheWrite1h,
            TokensReasoning = isExact ? reading.TokensReasoning : null,
            WebSearches = reading.WebSearches,
            UsageConvention = reading.Convention,
            Region = reading.Region,
            ServiceTier = reading.ServiceTier,
            ServedModel = request.Model == UnknownModel ? reading.Model : null,
        };
        metrics.Usage(isExact ? reading.Standing.Name() : "estimated");
        Report(usage);
    }

    /// <summary>The name of what is asked where nothing names it.</summary>
    public const string UnknownModel = "unknown";

    private static (UsageResult Result, string? ErrorType) Ended(in ProviderReading reading, AnswerEnd end, bool isStream) => end switch
    {
        AnswerEnd.CallerLeft => (UsageResult.Cancelled, "caller_left"),
        AnswerEnd.Killed => (UsageResult.Cancelled, "tokenstream_killed"),
        AnswerEnd.Stopped => (UsageResult.Cancelled, "proxy_stopped"),
        AnswerEnd.Silent => (UsageResult.Timeout, "upstream_silent"),
        AnswerEnd.Broken => (UsageResult.Error, "stream_broken"),
        _ when reading.IsError => (UsageResult.Error, reading.ErrorType),
        _ when reading.IsCancelled => (UsageResult.Cancelled, null),
        // Its connection was closed as if all were said.
        _ when isStream && !reading.IsEnded => (UsageResult.Error, "stream_broken"),
        _ => (UsageResult.Ok, null),
    };

    private void Report(GatewayUsage usage)
    {
        if (!_isReported)
        {
            _isReported = true;
            gateway.Complete(in request, in decision, usage with { LatencyMs = ElapsedMs, TimeToFirstTokenMs = _firstTokenMs });
        }
    }

    private long ElapsedMs => (long)time.GetElapsedTime(_start).TotalMilliseconds;
}
