using Microsoft.Extensions.Logging;
using TokenStream.Gateway;

namespace TokenStream.Agent;

/// <summary>What the gateway agent says; ids 9100 to 9199.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(9100, LogLevel.Information, "gateway agent {Gateway} listens on {Address}")]
    public static partial void Listening(ILogger logger, string gateway, string address);

    [LoggerMessage(9101, LogLevel.Information, "gateway agent {Gateway} is ready: {Commands} commands in force, following {Topic}")]
    public static partial void Ready(ILogger logger, string gateway, int commands, string topic);

    [LoggerMessage(9102, LogLevel.Warning, "gateway agent {Gateway}: the commands in force were not read within {Seconds} s; it answers "
        + "blind ({OnBlind}) until they are. Look whether {Servers} can be reached and has the topic {Topic}")]
    public static partial void Blind(ILogger logger, string gateway, double seconds, OnBlind onBlind, string servers, string topic);

    [LoggerMessage(9103, LogLevel.Warning, "{Expired} admitted requests were not completed within {Seconds} s, {Displaced} made room for "
        + "others: they count as having used all that was reserved. Call /v1/complete or /v1/abandon for each, or raise "
        + "--reservation-timeout and --reservations")]
    public static partial void Expired(ILogger logger, long expired, long displaced, double seconds);

    [LoggerMessage(9104, LogLevel.Error, "a request to {Path} failed")]
    public static partial void Failed(ILogger logger, Exception failure, string path);

    [LoggerMessage(
        9105, LogLevel.Information,
        "gateway agent {Gateway} stops: {Reservations} admitted requests have not ended; sending what was reported")]
    public static partial void Stopping(ILogger logger, string gateway, int reservations);

    [LoggerMessage(9106, LogLevel.Information, "gateway agent {Gateway} stopped")]
    public static partial void Stopped(ILogger logger, string gateway);

    [LoggerMessage(
        9107, LogLevel.Warning, "a listener of /v1/commands read too slowly and was let go; it gets all commands anew when it comes back")]
    public static partial void ListenerLost(ILogger logger);
}
