using Microsoft.Extensions.Logging;

namespace TokenStream.Proxy;

/// <summary>What a proxy says; ids 9200 to 9249. Keys, prompts and answers are in none of it.</summary>
internal static partial class ProxyLog
{
    [LoggerMessage(9200, LogLevel.Information, "listening on {Address} for {Upstreams}")]
    public static partial void Started(ILogger logger, string address, string upstreams);

    [LoggerMessage(9201, LogLevel.Information, "stopping: {Running} requests may go on for {Seconds} s")]
    public static partial void Stopping(ILogger logger, int running, double seconds);

    [LoggerMessage(9202, LogLevel.Warning, "the upstream {Upstream} ({Url}) cannot be reached: {Reason}. Look whether its address is "
        + "right and this machine may go there")]
    public static partial void Unreachable(ILogger logger, string upstream, Uri url, string reason);

    [LoggerMessage(9203, LogLevel.Warning, "the upstream {Upstream} was silent for {Seconds} s; the request is given up")]
    public static partial void Silent(ILogger logger, string upstream, double seconds);

    [LoggerMessage(9204, LogLevel.Information, "{Keys} API keys are known from {File}")]
    public static partial void KeysRead(ILogger logger, int keys, string file);

    [LoggerMessage(9205, LogLevel.Error, "{Reason}; the keys before it stay known")]
    public static partial void KeysUnreadable(ILogger logger, string reason);

    [LoggerMessage(9206, LogLevel.Error, "a request failed for a fault of the proxy's own")]
    public static partial void Failed(ILogger logger, Exception failure);

    [LoggerMessage(9207, LogLevel.Information, "stopped")]
    public static partial void Stopped(ILogger logger);
}
